"""Authentication and access: the session of the cookie, checked against the rule of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from flask import Flask, abort, current_app, g, render_template, request, session
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Actor
from publisher.auth import sessions
from publisher.auth.sessions import Present
from publisher.models.people import Appointment
from web.core import form_recovery, permissions
from web.core.context import ctx
from web.core.sign_in_page import sign_in_page
from web.forms import number_of

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
SESSION_KEY = "sign_in"
SWITCHING = frozenset({"signing.switch", "signing.sign_out"})
"""Endpoints that accept a form made under another appointment of the person."""


@dataclass(frozen=True)
class Acting:
    """The signed-in person and the appointment that the session works under."""

    actor: Actor
    sign_in_id: int
    language: str


def acting() -> Acting:
    """Return who is signed in; only on pages that are not public."""
    return cast(Acting, g.acting)


def actor() -> Actor:
    """Return the actor of the current request."""
    return acting().actor


def register(app: Flask) -> None:
    """Load the session before every request, and check it against the rule of the page."""
    app.before_request(_check_access)
    app.jinja_env.globals["made_under"] = _page_appointment_id


def _check_access() -> Response | tuple[str, int] | str | None:
    """Deny by default: an unknown page is 404, a page without a session asks to sign in."""
    g.acting = None
    if request.endpoint is None:
        return None
    rule = permissions.rule_of(current_app, request.endpoint)
    if request.endpoint not in ("static", "bootstrap.static"):
        g.acting = _acting_from_cookie()
    if rule.public:
        return None
    if g.acting is None:
        return _ask_to_sign_in()
    if request.method == "POST" and (refusal_page := _refuse_other_appointment()) is not None:
        return refusal_page
    if g.acting.actor.role not in rule.roles:
        abort(403)
    return None


def _page_appointment_id() -> int | None:
    """Return the appointment id that every form carries: the one its page was made under."""
    current: Acting | None = g.get("acting")
    return current.actor.appointment_id if current is not None else None


def _refuse_other_appointment() -> tuple[str, int] | None:
    """Return a page that keeps the form if it was made under another appointment, else None.

    This happens with two tabs, if the person switches the appointment in the second one.
    """
    made_under = request.form.get(form_recovery.MADE_UNDER, "")
    if not made_under or made_under == str(_page_appointment_id()) or request.endpoint in SWITCHING:
        return None
    recovered = form_recovery.submitted_form()
    if recovered is None:
        return None  # no page of ours sent it: the CSRF check refuses it as well
    with ctx.database.reading() as reading:
        page = render_template(
            "sign_in/another_appointment.html",
            recovered=recovered,
            carried_fields=form_recovery.hidden_fields(recovered),
            former_appointment=_own_appointment(reading, number_of(made_under)),
            current_appointment=reading.get_one(Appointment, actor().appointment_id),
        )
    return page, 409


def _own_appointment(reading: Session, appointment_id: int) -> Appointment | None:
    """Return the appointment if it belongs to the person and is in force, else None."""
    appointment = reading.get(Appointment, appointment_id)
    if appointment is None or appointment.person_id != actor().person_id:
        return None
    return appointment if appointment.in_force(ctx.now()) else None


def _acting_from_cookie() -> Acting | None:
    """Return who the cookie identifies; the session's row is written only if it is stale."""
    token = session.get(SESSION_KEY)
    if not isinstance(token, str):
        return None
    with ctx.database.reading() as reading:
        present = sessions.peek(reading, token=token, now=ctx.now())
        if present is not None and not present.is_stale:
            return _acting(present)
    if present is None:
        return None
    with ctx.database.transaction() as writing:
        present = sessions.session_of(writing, token=token, now=ctx.now())
        return None if present is None else _acting(present)


def _acting(present: Present) -> Acting:
    person = present.sign_in.person
    return Acting(present.actor, present.sign_in.id, person.language)


def _ask_to_sign_in() -> Response | tuple[str, int] | str:
    """Return the sign-in page, leading back to this page; it carries a POST, except signing out."""
    if request.method == "POST":
        signs_out = request.endpoint == "signing.sign_out"
        return sign_in_page(recovered=None if signs_out else form_recovery.submitted_form())
    return sign_in_page(path=request.full_path.rstrip("?"))


def reads(
    view: Callable[Concatenate[Session, Parameters], Returned],
) -> Callable[Parameters, Returned]:
    """Pass the view a read-only database session, open until the page is rendered."""

    @wraps(view)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with ctx.database.reading() as database_session:
            return view(database_session, *args, **kwargs)

    return wrapper


def writes(
    view: Callable[Concatenate[Session, Parameters], Returned],
) -> Callable[Parameters, Returned]:
    """Pass the view the transaction of this request; an exception rolls it back."""

    @wraps(view)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with ctx.database.transaction() as database_session:
            return view(database_session, *args, **kwargs)

    return wrapper
