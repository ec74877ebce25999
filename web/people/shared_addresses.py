"""Pages of a department's shared mail addresses."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action, Role, may
from publisher.models.people import Department
from publisher.people import permissions, shared_addresses
from publisher.validation import NotFound
from web.core.auth import actor, actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.people.department_changes import get_department
from web.people.taken_addresses import AddressForm, find_choices, make_shared, read_choice
from web.people.views import RECORD_ACTIONS

routes = Blueprint("shared_addresses", __name__)


MAY_RECORD = (*RECORD_ACTIONS, Action.RECORD_OFFICER)
"""The staff, and heads for their own department."""


def _department(session: Session, code: str) -> Department:
    """Return the department; raises `NotFound` unless the reader records its officers."""
    department = get_department(session, code)
    if not permissions.may_record(actor(), Role.OFFICER, department.id):
        raise NotFound(code)
    return department


@reads
def _page(session: Session, /, form: AddressForm, code: str, **_ids: int) -> str:
    department = _department(session, code)
    return render_template(
        "people/shared_addresses.html",
        form=form,
        department=department,
        addresses=shared_addresses.list_addresses(session, department_id=department.id),
        may_confirm=may(actor(), Action.CONFIRM_APPOINTMENT, department.id),
        own_person_id=actor().person_id,
        shared_offers=find_choices(session, form, [department]),
        is_staff=actor().role is not Role.HEAD,
    )


@routes.route("/departments/<code>/addresses", methods=["GET", "POST"])
@allow_action(*MAY_RECORD)
@handle_form(AddressForm, shown_by=_page)
def show(form: AddressForm, code: str) -> Page:
    """Show a department's shared addresses, and record one."""
    if read_choice():
        make_shared(form)
        return redirect(url_for("shared_addresses.show", code=code))
    message = _("The shared address is recorded.")
    return _record(shared_addresses.add, code, message, mail_text=form.mail.data or "")


def _record(change: Callable[..., object], code: str, message: str, **values: object) -> Page:
    """Record a change of the department's addresses, and redirect to them with the message."""
    with writing() as session:
        department_id = _department(session, code).id
        change(session, **actor_now(), department_id=department_id, **values)
    flash(message)
    return redirect(url_for("shared_addresses.show", code=code))


@routes.post("/departments/<code>/addresses/<int:address_id>/remove")
@allow_action(*MAY_RECORD)
@handle_form(AddressForm, shown_by=_page)
def remove(_form: AddressForm, code: str, address_id: int) -> Page:
    """Remove a shared address."""
    message = _("The shared address is removed.")
    return _record(shared_addresses.remove, code, message, address_id=address_id)


@routes.post("/departments/<code>/addresses/<int:address_id>/confirm")
@allow_action(*MAY_RECORD)
@handle_form(AddressForm, shown_by=_page)
def confirm(_form: AddressForm, code: str, address_id: int) -> Page:
    """Confirm a shared address that somebody else recorded."""
    message = _("The address is confirmed: emails from there become submissions.")
    return _record(shared_addresses.confirm, code, message, address_id=address_id)
