"""Pages that change departments: add, rename, place under another, merge and close.

Every change rests on an order of the city. It is recorded at once, and takes effect on the order's
day.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.models.departments import DepartmentChange
from publisher.models.people import Department
from publisher.operations.departments import close as departments_close
from publisher.people import department_changes
from publisher.people.department_orders import DEPARTMENT_KINDS, BadDepartment
from publisher.validation import NotFound
from web.core.auth import actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
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
)

routes = Blueprint("department_changes", __name__)
# These filters serve the templates in `templates/people`, although Jinja has them in all templates.
for template_filter in (change_sentence, former_name, open_item_url, open_item_label):
    routes.add_app_template_filter(template_filter, template_filter.__name__)


def get_department(session: Session, code: str) -> Department:
    """Return the department with this code; raises `NotFound`."""
    department = session.scalars(select(Department).where(Department.code == code)).one_or_none()
    if department is None:
        raise NotFound(code)
    return department


@reads
def _new_page(session: Session, form: NewDepartmentForm) -> str:
    if request.method != "POST":
        form.kind.data = DEPARTMENT_KINDS[0]
    form.kind.choices = options((kind, kind_label(kind)) for kind in DEPARTMENT_KINDS)
    offer_others(session, form, excluded_code="", empty_label=_("no other department"))
    return render_template("people/department_new.html", form=form)


@routes.route("/departments/new", methods=["GET", "POST"])
@allow_action(Action.RECORD_DEPARTMENT)
@handle_form(NewDepartmentForm, shown_by=_new_page)
def new(form: NewDepartmentForm) -> Page:
    """Add a department."""
    with writing() as session:
        code = department_changes.add(
            session,
            **actor_now(),
            names=read_names(form),
            kind=form.kind.data or "",
            order=read_order(form),
            code=(form.code.data or "").strip(),
            reports_to_id=number_of(form.other_id.data) or None,
        ).code
    flash(_("The department is added."))
    return redirect(url_for("departments.show", code=code))


def _record(change: Callable[..., object], code: str, message: str, **values: object) -> Page:
    """Record a change of this department, and redirect to its page with the message."""
    with writing() as session:
        change(session, **actor_now(), department=get_department(session, code), **values)
    flash(message)
    return redirect(url_for("departments.show", code=code))


@reads
def _name_page(session: Session, form: DepartmentNamesForm, code: str) -> str:
    department = get_department(session, code)
    if request.method != "POST":
        for name in ("name_mr", "name_en", "name_hi"):
            form[name].data = getattr(department, name)
    return render_template("people/department_rename.html", form=form, department=department)


@routes.route("/departments/<code>/rename", methods=["GET", "POST"])
@allow_action(Action.RECORD_DEPARTMENT)
@handle_form(DepartmentNamesForm, shown_by=_name_page)
def rename(form: DepartmentNamesForm, code: str) -> Page:
    """Rename a department."""
    values = {"names": read_names(form), "order": read_order(form)}
    return _record(department_changes.rename, code, _("The new name is recorded."), **values)


@reads
def _place_page(session: Session, form: OtherDepartmentForm, code: str) -> str:
    department = get_department(session, code)
    if request.method != "POST":
        form.other_id.data = str(department.reports_to_id or "")
    offer_others(session, form, excluded_code=code, empty_label=_("no other department"))
    return render_template("people/department_place.html", form=form, department=department)


@routes.route("/departments/<code>/place", methods=["GET", "POST"])
@allow_action(Action.RECORD_DEPARTMENT)
@handle_form(OtherDepartmentForm, shown_by=_place_page)
def place(form: OtherDepartmentForm, code: str) -> Page:
    """Change the department to which this one reports; the empty choice means none."""
    message = _("The department that it reports to is recorded.")
    values = {"reports_to_id": number_of(form.other_id.data) or None, "order": read_order(form)}
    return _record(department_changes.place, code, message, **values)


@reads
def _merge_page(session: Session, form: OtherDepartmentForm, code: str) -> str:
    offer_others(session, form, excluded_code=code, empty_label=_("Choose a department"))
    department = get_department(session, code)
    return render_template("people/department_merge.html", form=form, department=department)


@routes.route("/departments/<code>/merge", methods=["GET", "POST"])
@allow_action(Action.RECORD_DEPARTMENT)
@handle_form(OtherDepartmentForm, shown_by=_merge_page)
def merge(form: OtherDepartmentForm, code: str) -> Page:
    """Merge a department into another."""
    order = read_order(form)
    with writing() as session:
        into = session.get(Department, number_of(form.other_id.data))
        if into is None:
            raise BadDepartment("other_id", "unknown")
        departments_close.merge(
            session, **actor_now(), department=get_department(session, code), into=into, order=order
        )
    flash(_("The merging is recorded."))
    return redirect(url_for("departments.show", code=code))


@reads
def _close_page(session: Session, form: DepartmentOrderForm, code: str) -> str:
    department = get_department(session, code)
    return render_template("people/department_close.html", form=form, department=department)


@routes.route("/departments/<code>/close", methods=["GET", "POST"])
@allow_action(Action.RECORD_DEPARTMENT)
@handle_form(DepartmentOrderForm, shown_by=_close_page)
def close(form: DepartmentOrderForm, code: str) -> Page:
    """Close a department."""
    message = _("The closing is recorded.")
    return _record(departments_close.close, code, message, order=read_order(form))


@routes.post("/departments/<code>/changes/<int:change_id>/drop")
@allow_action(Action.RECORD_DEPARTMENT)
def drop(code: str, change_id: int) -> Page:
    """Cancel a change that is not in force yet."""
    with writing() as session:
        change = session.get(DepartmentChange, change_id)
        if change is None or change.department.code != code:
            raise NotFound(change_id)
        department_changes.cancel_change(session, **actor_now(), change=change)
    flash(_("The change will not take place."))
    return redirect(url_for("departments.show", code=code))
