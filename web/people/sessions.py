"""Pages that end the sessions and known devices of another person."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.auth import known_devices, sessions
from publisher.models.people import Person
from publisher.people import access_end
from publisher.people.permissions import require_disable
from publisher.validation import existing
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import Page, allow_action

routes = Blueprint("sessions", __name__)


def _person(session: Session, person_id: int) -> Person:
    return existing(session.get(Person, person_id), person_id)


@routes.get("/people/<int:person_id>/sessions")
@allow_action(Action.DISABLE_PERSON)
@reads
def show(session: Session, person_id: int) -> Page:
    """List the sessions and known devices of a person."""
    person, now = _person(session, person_id), ctx.now()
    require_disable(session, actor(), person, now=now)
    return render_template(
        "people/sessions.html",
        person=person,
        sessions=sessions.list_sessions(session, person_id=person_id, now=now),
        devices=known_devices.list_devices(session, person_id=person_id, now=now),
    )


@routes.post("/people/<int:person_id>/sessions/<int:sign_in_id>/end")
@allow_action(Action.DISABLE_PERSON)
def end(person_id: int, sign_in_id: int) -> Page:
    """End one session of a person."""
    with writing() as session:
        person = _person(session, person_id)
        access_end.end_session(session, **actor_now(), person=person, sign_in_id=sign_in_id)
    flash(_("The session has been ended."))
    return redirect(url_for("sessions.show", person_id=person_id))


@routes.post("/people/<int:person_id>/devices/<int:known_device_id>/end")
@allow_action(Action.DISABLE_PERSON)
def end_device(person_id: int, known_device_id: int) -> Page:
    """End one known device of a person."""
    with writing() as session:
        person = _person(session, person_id)
        access_end.end_device(
            session, **actor_now(), person=person, known_device_id=known_device_id
        )
    flash(_("This device is no longer known."))
    return redirect(url_for("sessions.show", person_id=person_id))


@routes.post("/people/<int:person_id>/sessions/end-all")
@allow_action(Action.DISABLE_PERSON)
def end_all(person_id: int) -> Page:
    """End every session and known device of a person."""
    with writing() as session:
        access_end.end_all(session, **actor_now(), person=_person(session, person_id))
    flash(_("This person is signed out everywhere, and none of their devices is known any more."))
    return redirect(url_for("sessions.show", person_id=person_id))
