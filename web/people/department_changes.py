"""Pages that change departments: add, rename, place under another, merge and close.

Every change rests on an order of the city. It is recorded at once, and takes effect on the order's
day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.models.departments import DepartmentChange
from publisher.models.people import Department
from publisher.operations.departments import close as departments_close
from publisher.operations.departments.close import StillOpen
from publisher.operations.departments.open_items import OpenItem
from publisher.people import department_changes
from publisher.people.department_orders import (
    DEPARTMENT_KINDS,
    BadDepartment,
)
from publisher.validation import NotFound
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _
from web.core.permissions import Page, for_action
from web.forms import number_of, options
from web.messages.register import (
    change_sentence,
    former_name,
    kind_label,
    open_item_label,
    open_item_url,
)
from web.people.department_forms import (
    DepartmentNamesForm,
    DepartmentOrderForm,
    NewDepartmentForm,
    OtherDepartmentForm,
    offer_others,
    read_names,
    read_order,
    show_problem,
    today,
)

routes = Blueprint("reorganising", __name__)
# These filters serve the templates in `templates/people`, although Jinja has them in all templates.
for template_filter in (change_sentence, former_name, open_item_url, open_item_label):
    routes.add_app_template_filter(template_filter, template_filter.__name__)


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
    return _new_page(
        session, NewDepartmentForm(formdata=None, in_force_on=today(), kind=DEPARTMENT_KINDS[0])
    )


def _new_page(session: Session, form: NewDepartmentForm) -> str:
    form.kind.choices = options((kind, kind_label(kind)) for kind in DEPARTMENT_KINDS)
    offer_others(session, form, excluded_code="", empty_label=_("no other department"))
    return render_template("people/department_new.html", form=form)


@routes.post("/departments/new")
@for_action(Action.RECORD_DEPARTMENT)
def add() -> Page:
    """Add a department."""
    form = NewDepartmentForm()

    def change(session: Session) -> str:
        return department_changes.add(
            session,
            actor=actor(),
            now=ctx.now(),
            names=read_names(form),
            kind=form.kind.data or "",
            order=read_order(form),
            code=(form.code.data or "").strip(),
            reports_to_id=number_of(form.other_id.data) or None,
        ).code

    return _carry_out(form, change, _("The department is added."), _new_page)


@routes.get("/departments/<code>/rename")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_name(session: Session, code: str) -> Page:
    """Show the form for a new name."""
    department = department_of(session, code)
    names = {name: getattr(department, name) for name in ("name_mr", "name_en", "name_hi")}
    return _name_page(department, DepartmentNamesForm(formdata=None, in_force_on=today(), **names))


def _name_page(department: Department, form: DepartmentNamesForm) -> str:
    return render_template("people/department_rename.html", form=form, department=department)


@routes.post("/departments/<code>/rename")
@for_action(Action.RECORD_DEPARTMENT)
def rename(code: str) -> Page:
    """Rename a department."""
    form = DepartmentNamesForm()

    def change(session: Session) -> str:
        department_changes.rename(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            names=read_names(form),
            order=read_order(form),
        )
        return code

    def show_form(session: Session, form: DepartmentNamesForm) -> str:
        return _name_page(department_of(session, code), form)

    return _carry_out(form, change, _("The new name is recorded."), show_form)


@routes.get("/departments/<code>/place")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_place(session: Session, code: str) -> Page:
    """Show the form for the department to which this one reports."""
    reports_to_id = department_of(session, code).reports_to_id
    form = OtherDepartmentForm(
        formdata=None, in_force_on=today(), other_id=str(reports_to_id or "")
    )
    return _other_page(session, code, form, "place")


def _other_page(
    session: Session,
    code: str,
    form: OtherDepartmentForm,
    act: str,
    open_items: Sequence[OpenItem] = (),
) -> str:
    empty_label = _("no other department") if act == "place" else _("Choose a department")
    offer_others(session, form, excluded_code=code, empty_label=empty_label)
    return render_template(
        f"people/department_{act}.html",
        form=form,
        department=department_of(session, code),
        open_items=open_items,
    )


@routes.post("/departments/<code>/place")
@for_action(Action.RECORD_DEPARTMENT)
def place(code: str) -> Page:
    """Change the department to which this one reports; the empty choice means none."""
    form = OtherDepartmentForm()

    def change(session: Session) -> str:
        department_changes.place(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            reports_to_id=number_of(form.other_id.data) or None,
            order=read_order(form),
        )
        return code

    def show_form(session: Session, form: OtherDepartmentForm) -> str:
        return _other_page(session, code, form, "place")

    return _carry_out(form, change, _("It is recorded to whom it reports."), show_form)


@routes.get("/departments/<code>/merge")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_merge(session: Session, code: str) -> Page:
    """Show the form for the department to merge into."""
    return _other_page(
        session, code, OtherDepartmentForm(formdata=None, in_force_on=today()), "merge"
    )


@routes.post("/departments/<code>/merge")
@for_action(Action.RECORD_DEPARTMENT)
def merge(code: str) -> Page:
    """Merge a department into another."""
    form = OtherDepartmentForm()

    def change(session: Session) -> str:
        into = session.get(Department, number_of(form.other_id.data))
        if into is None:
            raise BadDepartment("other_id", "unknown")
        departments_close.merge(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            into=into,
            order=read_order(form),
        )
        return code

    def show_form(
        session: Session, form: OtherDepartmentForm, open_items: Sequence[OpenItem] = ()
    ) -> str:
        return _other_page(session, code, form, "merge", open_items)

    return _carry_out(form, change, _("The merging is recorded."), show_form)


@routes.get("/departments/<code>/close")
@for_action(Action.RECORD_DEPARTMENT)
@reads
def ask_close(session: Session, code: str) -> Page:
    """Show the form for closing a department."""
    return _close_page(session, code, DepartmentOrderForm(formdata=None, in_force_on=today()))


def _close_page(
    session: Session, code: str, form: DepartmentOrderForm, open_items: Sequence[OpenItem] = ()
) -> str:
    return render_template(
        "people/department_close.html",
        form=form,
        department=department_of(session, code),
        open_items=open_items,
    )


@routes.post("/departments/<code>/close")
@for_action(Action.RECORD_DEPARTMENT)
def close(code: str) -> Page:
    """Close a department."""
    form = DepartmentOrderForm()

    def change(session: Session) -> str:
        departments_close.close(
            session,
            actor=actor(),
            now=ctx.now(),
            department=department_of(session, code),
            order=read_order(form),
        )
        return code

    def show_form(
        session: Session, form: DepartmentOrderForm, open_items: Sequence[OpenItem] = ()
    ) -> str:
        return _close_page(session, code, form, open_items)

    return _carry_out(form, change, _("The closing is recorded."), show_form)


@routes.post("/departments/<code>/changes/<int:change_id>/drop")
@for_action(Action.RECORD_DEPARTMENT)
def drop(code: str, change_id: int) -> Page:
    """Cancel a change that is not in force yet."""
    with writing() as session:
        change = session.get(DepartmentChange, change_id)
        if change is None or change.department.code != code:
            raise NotFound(change_id)
        department_changes.cancel_change(session, actor=actor(), change=change, now=ctx.now())
    flash(_("The change will not take place."))
    return redirect(url_for("departments.show", code=code))


def _carry_out(
    form: DepartmentOrderForm,
    change: Callable[[Session], str],
    message: str,
    show_form: Callable[..., str],
) -> Page:
    """Make a change in a transaction, and redirect to the department whose code it returns.

    An error is shown by `show_form`, which takes the session, the form and, where a department
    ends, the open work that has to be settled first.
    """
    form.validate()  # parses the day; any other field is checked by the change itself
    try:
        if form.in_force_on.errors:
            raise BadDepartment("in_force_on", "unreadable")
        with writing() as session:
            code = change(session)
    except BadDepartment as problem:
        show_problem(form, problem)
        with reading() as session:
            return show_form(session, form), 422
    except StillOpen as error:
        with reading() as session:
            return show_form(session, form, error.open_items), 409
    flash(message)
    return redirect(url_for("departments.show", code=code))
