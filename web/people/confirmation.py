"""The page of appointments that wait: a list with ticks, confirmed together."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.policy import Action, Role
from publisher.models.people import Appointment, Person
from publisher.people import (
    confirmation,
    permissions,
    responsibility,
    send_back,
    shared_addresses,
    stops,
)
from publisher.validation import FieldError, Invalid, existing
from web.core.auth import acting, actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l, _n
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of
from web.messages.names import person_name

routes = Blueprint("confirmation", __name__)


@routes.get("/people/waiting")
@allow_action(Action.CONFIRM_APPOINTMENT)
def index() -> Page:
    """List the appointments that the reader may confirm, and those that wait for others."""
    return _page(Form(formdata=None))


@reads
def _page(session: Session, form: Form) -> str:
    now = ctx.now()
    own = confirmation.list_confirmable(session, actor(), now=now)
    sees_all = actor().role not in {None, "head"}
    others = confirmation.list_others_waiting(session, own, now=now) if sees_all else []
    number_of_all = confirmation.count_waiting(session, now=now)
    return render_template(
        "people/waiting.html",
        form=form,
        own=own,
        others=others,
        number_of_others=number_of_all - len(own),
        stops=stops.stops_of(session, own + others),
        chosen=request.form.getlist("chosen"),
        value_of=tick_value,
        people_of_head=_people_of_head(session),
        addresses=page_of_query(
            session, shared_addresses.waiting(session, actor()), parameter="addresses"
        ),
        own_code=acting().appointment.department.code,
        is_head=actor().role is Role.HEAD,
    )


def _people_of_head(session: Session) -> list[Appointment]:
    """Return the officers and members of a head's department, except the head."""
    own, now = actor(), ctx.now()
    if own.role is not Role.HEAD:
        return []
    return [
        appointment
        for role in (Role.OFFICER, Role.MEMBER)
        for appointment in responsibility.holders(
            session, role, now=now, department_id=own.department_id
        )
        if appointment.person_id != own.person_id
    ]


def tick_value(appointment: Appointment) -> str:
    """Return the value of an appointment's tick: its id, and the digest of what is shown."""
    return f"{appointment.id}-{confirmation.confirmation_digest(appointment)}"


def read_chosen() -> dict[int, str]:
    """Return the digests of the ticked appointments by id; raises `Invalid` if none is ticked."""
    pairs = [value.partition("-") for value in request.form.getlist("chosen")]
    digests = {number_of(number): digest for number, _dash, digest in pairs}
    if not digests or 0 in digests:
        raise Invalid([FieldError("chosen", "nothing_ticked")])
    return digests


class NoteForm(Form):
    """The note with which an appointment is sent back."""

    note = StringField(_l("Note"))


@reads
def _note_page(session: Session, form: NoteForm, appointment_id: int) -> str:
    appointment = existing(session.get(Appointment, appointment_id), appointment_id)
    people = send_back.readers(session, appointment, actor=actor(), now=ctx.now())
    reader = send_back.choose_reader(people, number_of(request.args.get("to")))
    return render_template(
        "people/send_back.html",
        form=form,
        appointment=appointment,
        reader=reader,
        others=[person for person in people if person is not reader],
    )


@routes.route("/people/waiting/<int:appointment_id>/send-back", methods=["GET", "POST"])
@allow_action(Action.CONFIRM_APPOINTMENT)
@handle_form(NoteForm, shown_by=_note_page)
def send_back_to(form: NoteForm, appointment_id: int) -> Page:
    """Send the appointment back to its recorder, or to somebody else, with a note."""
    with writing() as session:
        reader = send_back.send_back(
            session,
            **actor_now(),
            appointment=existing(session.get(Appointment, appointment_id), appointment_id),
            reader_id=number_of(request.form.get("reader_id")),
            note=form.note.data or "",
        )
        name = person_name(reader)
    flash(_("The note is being sent to %(name)s. Nothing was changed.", name=name))
    return redirect(url_for("confirmation.index"))


def list_confirmers(session: Session, person: Person) -> dict[Appointment, list[Appointment]]:
    """Return who may confirm the person's appointments once the reader has changed them."""
    if person.password_hash is not None:
        return {}
    offices = permissions.standing(session, person_id=person.id, now=ctx.now())
    waiting = [office for office in offices if office.role in NEEDS_CONFIRMATION]
    return confirmation.possible_confirmers(
        session, waiting, now=ctx.now(), writer_id=actor().person_id
    )


@routes.post("/people/waiting")
@allow_action(Action.CONFIRM_APPOINTMENT)
@handle_form(Form, shown_by=_page)
def confirm(_form: Form) -> Page:
    """Confirm the ticked appointments as they were shown."""
    digests = read_chosen()
    with writing() as session:
        confirmed = confirmation.confirm(session, **actor_now(), digests=digests)
        names = ", ".join(person_name(appointment.person) for appointment in confirmed)
    flash(
        _n(
            "%(num)s appointment is confirmed: %(names)s.",
            "%(num)s appointments are confirmed: %(names)s.",
            len(confirmed),
            names=names,
        )
    )
    return redirect(url_for("confirmation.index"))
