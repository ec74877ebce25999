"""Pages that correct the mail address and mobile number of somebody else."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Action
from publisher.auth.contact_details import BadPerson
from publisher.people import contact_corrections, invitations, name_changes
from publisher.people.permissions import standing
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.people.confirmation import list_confirmers
from web.people.taken_addresses import (
    AddressForm,
    find_choices,
    is_to_be_invited,
    make_shared,
    read_choice,
    sms_problem,
)
from web.people.views import RECORD_ACTIONS, get_person, person_page

routes = Blueprint("contacts", __name__)


class ContactsForm(AddressForm):
    """The mail address and mobile number of a person."""

    mobile = StringField(_l("Mobile number"))


@reads
def _contacts_page(session: Session, /, form: ContactsForm, person_id: int) -> str:
    person = get_person(session, person_id)
    name_changes.require_rename(session, actor(), person, now=ctx.now())
    if request.method != "POST":
        form.process(obj=person)
    now_in = standing(session, person_id=person.id, now=ctx.now())
    departments = dict.fromkeys(appointment.department for appointment in now_in)
    return render_template(
        "people/contacts.html",
        form=form,
        person=person,
        confirmers=list_confirmers(session, person),
        shared_offers=find_choices(session, form, departments),
    )


@routes.route("/people/<int:person_id>/contacts", methods=["GET", "POST"])
@allow_action(*RECORD_ACTIONS)
@handle_form(ContactsForm, shown_by=_contacts_page)
def correct(form: ContactsForm, person_id: int) -> Page:
    """Correct a person's mail address and mobile number, or make the address a department's."""
    if read_choice():
        make_shared(form)
        with writing() as session:
            form.mail.data = get_person(session, person_id).mail
        return _contacts_page(form, person_id)
    is_without_mail = bool(form.mobile.data) and not form.mail.data
    with writing() as session:
        person = get_person(session, person_id)
        if is_without_mail and person.password_hash is None and (code := sms_problem()):
            raise BadPerson("mail", code)
        before = (person.mail, person.mobile)
        changes = contact_corrections.correct(
            session,
            **actor_now(),
            person=person,
            mail=form.mail.data or None,
            mobile=form.mobile.data or None,
        )
        is_changed = before != (person.mail, person.mobile)
        is_invited = is_changed and is_to_be_invited(session, person)
        if is_invited:
            invitations.invite(session, **actor_now(), person=person)
    if changes:
        flash(_("Requested. Not in force yet: the person is told, and can accept it."))
    elif is_invited:
        flash(_("Recorded. A new invitation is being sent; the earlier one is void."))
    else:
        flash(_("Saved."))
    return redirect(url_for("people.show", person_id=person_id))


@routes.post("/people/<int:person_id>/contacts/<int:contact_change_id>/second")
@allow_action(Action.CONFIRM_APPOINTMENT)
@handle_form(Form, shown_by=person_page)
def second(_form: Form, person_id: int, contact_change_id: int) -> Page:
    """Agree to a change that another member of the staff asked for."""
    with writing() as session:
        person = get_person(session, person_id)
        contact_corrections.second(
            session, **actor_now(), person=person, change_id=contact_change_id
        )
    flash(_("Agreed. The change is in force in 24 hours, and the head is told."))
    return redirect(url_for("people.show", person_id=person_id))


@routes.post("/people/<int:person_id>/contacts/<int:contact_change_id>/refuse")
@allow_action(*RECORD_ACTIONS)
@handle_form(Form, shown_by=person_page)
def refuse(_form: Form, person_id: int, contact_change_id: int) -> Page:
    """Cancel a change that is not in force yet."""
    with writing() as session:
        person = get_person(session, person_id)
        contact_corrections.refuse(
            session, **actor_now(), person=person, change_id=contact_change_id
        )
    flash(_("Cancelled. The earlier address or number stays."))
    return redirect(url_for("people.show", person_id=person_id))
