"""Pages that add, rename, place, merge and close departments, each by an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import SelectField, StringField

from approvals.policy import Action
from publisher.models.departments import DepartmentChange
from publisher.models.people import Department
from publisher.operations.departments import close as departments_close
from publisher.operations.departments.close import StillOpen
from publisher.operations.departments.open_items import OpenThing
from publisher.people import department_changes, department_orders
from publisher.people.department_orders import KINDS, BadDepartment, DepartmentOrder, Names
from publisher.people.departments import departments_in_force
from publisher.validation import NotFound
from publisher.working_time import local_day
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action
from web.forms import DayMonthYearField, Form, number_of, options
from web.messages.names import department_name
from web.messages.register import (
    change_sentence,
    department_problem,
    former_name,
    kind_word,
    open_href,
    open_word,
)

routes = Blueprint("reorganising", __name__)
Page = Response | str | tuple[str, int]
for template_filter in (change_sentence, former_name, open_href, open_word):
    routes.add_app_template_filter(template_filter, template_filter.__name__)


class OrderForm(Form):
    """The number of the order, and the day from which it is in force."""

    in_force_on = DayMonthYearField(_l("In force from"))
    order_number = StringField(_l("Order number"))


class NamesForm(OrderForm):
    """A department's name in three languages."""

    name_mr = StringField(_l("Name in Marathi"))
    name_en = StringField(_l("Name in English"))
    name_hi = StringField(_l("Name in Hindi"))


class NewForm(NamesForm):
    """A new department."""

    kind = SelectField(_l("Kind of department"), validate_choice=False)
    code = StringField(_l("Code in addresses"))
    other_id = SelectField(_l("Reports to"), validate_choice=False)


class OtherForm(OrderForm):
    """The other department: to report to, or to merge into."""

    other_id = SelectField(_l("Department"), validate_choice=False)


def _today() -> date:
    return local_day(ctx.now())


def _order(form: OrderForm) -> DepartmentOrder:
    return department_orders.read_order(form.order_number.data or "", form.in_force_on.data)


def _names(form: NamesForm) -> Names:
    return Names(form.name_mr.data or "", form.name_en.data or "", form.name_hi.data or "")


def _offer_others(
    session: Session, form: NewForm | OtherForm, *, excluded_code: str, empty_label: str
) -> None:
    """Set the choices: the departments in force except one, and a label for none."""
    departments = departments_in_force(session, now=ctx.now())
    pairs = [
        (str(department.id), department_name(department))
        for department in departments
        if department.code != excluded_code
    ]
    form.other_id.choices = options([("", empty_label), *pairs])


def department_of(session: Session, code: str) -> Department:
    """Return the department with this code; raises `NotFound`."""
    department = session.scalars(select(Department).where(Department.code == code)).one_or_none()
    if department is None:
        raise NotFound(code)
    return department


@routes.get("/departments/new")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def new(session: Session) -> Page:
    """Show the empty form."""
    return _new_page(session, NewForm(formdata=None, in_force_on=_today(), kind=KINDS[0]))


def _new_page(session: Session, form: NewForm) -> str:
    form.kind.choices = options((kind, kind_word(kind)) for kind in KINDS)
    _offer_others(session, form, excluded_code="", empty_label=_("no other department"))
    return render_template("people/department_new.html", form=form)


@routes.post("/departments/new")
@for_action(Action.RECORD_DEPARTMENT)
def add() -> Page:
    """Add a department."""
    form = NewForm()

    def use(session: Session) -> str:
        return department_changes.add(
            session,
            actor=actor(),
            now=ctx.now(),
            names=_names(form),
            kind=form.kind.data or "",
            order=_order(form),
            code=(form.code.data or "").strip(),
            reports_to_id=number_of(form.other_id.data) or None,
        ).code

    return _carry_out(form, use, _("The department is added."), _new_page)


@routes.get("/departments/<code>/rename")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_name(session: Session, code: str) -> Page:
    """Show the form for a new name."""
    department = department_of(session, code)
    names = {name: getattr(department, name) for name in ("name_mr", "name_en", "name_hi")}
    return _name_page(department, NamesForm(formdata=None, in_force_on=_today(), **names))


def _name_page(department: Department, form: NamesForm) -> str:
    return render_template("people/department_rename.html", form=form, department=department)


@routes.post("/departments/<code>/rename")
@for_action(Action.RECORD_DEPARTMENT)
def rename(code: str) -> Page:
    """Rename a department."""
    form = NamesForm()

    def use(session: Session) -> str:
        department_changes.rename(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            names=_names(form),
            order=_order(form),
        )
        return code

    def again(session: Session, form: NamesForm) -> str:
        return _name_page(department_of(session, code), form)

    return _carry_out(form, use, _("The new name is recorded."), again)


@routes.get("/departments/<code>/place")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_place(session: Session, code: str) -> Page:
    """Show the form for the department it reports to."""
    reports_to_id = department_of(session, code).reports_to_id
    form = OtherForm(formdata=None, in_force_on=_today(), other_id=str(reports_to_id or ""))
    return _other_page(session, code, form, "place")


def _other_page(
    session: Session, code: str, form: OtherForm, act: str, open_things: Sequence[OpenThing] = ()
) -> str:
    none = _("no other department") if act == "place" else _("Choose a department")
    _offer_others(session, form, excluded_code=code, empty_label=none)
    return render_template(
        f"people/department_{act}.html",
        form=form,
        department=department_of(session, code),
        things=open_things,
    )


@routes.post("/departments/<code>/place")
@for_action(Action.RECORD_DEPARTMENT)
def place(code: str) -> Page:
    """Change which department it reports to, if any."""
    form = OtherForm()

    def use(session: Session) -> str:
        department_changes.place(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            reports_to_id=number_of(form.other_id.data) or None,
            order=_order(form),
        )
        return code

    def again(session: Session, form: OtherForm) -> str:
        return _other_page(session, code, form, "place")

    return _carry_out(form, use, _("It is recorded to whom it reports."), again)


@routes.get("/departments/<code>/merge")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_merge(session: Session, code: str) -> Page:
    """Show the form for the department to merge into."""
    return _other_page(session, code, OtherForm(formdata=None, in_force_on=_today()), "merge")


@routes.post("/departments/<code>/merge")
@for_action(Action.RECORD_DEPARTMENT)
def merge(code: str) -> Page:
    """Merge a department into another."""
    form = OtherForm()

    def use(session: Session) -> str:
        into = session.get(Department, number_of(form.other_id.data))
        if into is None:
            raise BadDepartment("other_id", "unknown")
        departments_close.merge(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            into=into,
            order=_order(form),
        )
        return code

    def again(session: Session, form: OtherForm, open_things: Sequence[OpenThing] = ()) -> str:
        return _other_page(session, code, form, "merge", open_things)

    return _carry_out(form, use, _("The merging is recorded."), again)


@routes.get("/departments/<code>/close")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_close(session: Session, code: str) -> Page:
    """Show the form for closing a department."""
    return _close_page(session, code, OrderForm(formdata=None, in_force_on=_today()))


def _close_page(
    session: Session, code: str, form: OrderForm, open_things: Sequence[OpenThing] = ()
) -> str:
    return render_template(
        "people/department_close.html",
        form=form,
        department=department_of(session, code),
        things=open_things,
    )


@routes.post("/departments/<code>/close")
@for_action(Action.RECORD_DEPARTMENT)
def close(code: str) -> Page:
    """Close a department."""
    form = OrderForm()

    def use(session: Session) -> str:
        departments_close.close(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            order=_order(form),
        )
        return code

    def again(session: Session, form: OrderForm, open_things: Sequence[OpenThing] = ()) -> str:
        return _close_page(session, code, form, open_things)

    return _carry_out(form, use, _("The closing is recorded."), again)


@routes.post("/departments/<code>/changes/<int:change_id>/drop")
@for_action(Action.RECORD_DEPARTMENT)
def drop(code: str, change_id: int) -> Page:
    """Cancel a change that is not in force yet."""
    with ctx.database.transaction() as session:
        change = session.get(DepartmentChange, change_id)
        if change is None or change.department.code != code:
            raise NotFound(change_id)
        department_changes.drop(session, actor=actor(), change=change, now=ctx.now())
    flash(_("The change will not take place."))
    return redirect(url_for("departments.show", code=code))


def _carry_out(
    form: OrderForm, use: Callable[[Session], str], message: str, form_page: Callable[..., str]
) -> Page:
    """Carry out a change; an error or open items are shown on the form's page."""
    form.validate()
    try:
        if form.in_force_on.errors:  # the field has its own sentence for such a day
            raise BadDepartment("in_force_on", "unreadable")
        with ctx.database.transaction() as session:
            code = use(session)
    except BadDepartment as bad:
        _show_problem(form, bad)
        with ctx.database.reading() as session:
            return form_page(session, form), 422
    except StillOpen as error:
        with ctx.database.reading() as session:
            return form_page(session, form, error.things), 409
    flash(message)
    return redirect(url_for("departments.show", code=code))


def _show_problem(form: OrderForm, problem: BadDepartment) -> None:
    field = form._fields.get(problem.field, form.order_number)
    if not field.errors:
        field.errors = [department_problem(problem)]
