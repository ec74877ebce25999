"""Authentication and access: the cookie's session, checked against the page's rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypedDict, TypeVar, cast

from flask import Flask, abort, current_app, g, render_template, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, Actor
from approvals.second_factor import OPEN_WITHOUT
from publisher.auth import sessions
from publisher.auth.sessions import Present
from publisher.media.store_in_use import require_in_use
from publisher.models.people import Appointment, Person
from publisher.working_time import local_day
from web.core import form_recovery, permissions
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.second_factor import factor_rule
from web.core.sign_in_page import sign_in_page
from web.forms import number_of

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
SESSION_KEY = "sign_in"
VOUCHED_FOR = timedelta(hours=1)
BY_ITSELF = "Nagarvani-By-Itself"
"""The header of a request that an open page makes without its reader."""

ASKS_FOR_CHANGES = "changes.ask"
"""The endpoint that only open pages request, each by itself."""

SWITCHING = frozenset({"sign_in.switch", "sign_in.sign_out"})
"""Endpoints that accept a form made under another appointment of the person."""


@dataclass(frozen=True)
class Acting:
    """The signed-in person and the appointment that the session works under.

    `may_switch`: the person has another appointment in force. `is_newcomer`: the person signed in
    for the first time less than seven days ago. `lacks_factor`: the role needs a second factor, and
    the session has none. `is_vouched_for`: somebody read out a code within the last hour, so the
    person on duty may still publish an emergency.
    """

    actor: Actor
    sign_in_id: int
    appointment: Appointment
    may_switch: bool
    is_newcomer: bool
    lacks_factor: bool
    is_vouched_for: bool

    @property
    def person(self) -> Person:
        """The signed-in person."""
        return self.appointment.person


class ActorAndTime(TypedDict):
    """The keyword arguments that use cases and queries have in common."""

    actor: Actor
    now: datetime


class SignedOut(Exception):
    """The session ended between the beginning of the request and its write."""


class AppointmentEnded(Exception):
    """The appointment ended between the beginning of the request and its write."""


def acting() -> Acting:
    """Return who is signed in; only for pages that are not public."""
    return cast(Acting, g.acting)


def actor() -> Actor:
    """Return the actor of the current request."""
    return acting().actor


def onlooker() -> Actor:
    """Return the actor whose open page asks what has changed; only at `ASKS_FOR_CHANGES`."""
    return cast(Actor, g.onlooker)


def actor_now() -> ActorAndTime:
    """Return who acts and the time, to be passed on as `**actor_now()`.

    For a write it is called inside `writing()`, where the rights have been read again.
    """
    return {"actor": actor(), "now": ctx.now()}


class SessionCookies(SecureCookieSessionInterface):
    """Flask's cookies; responses to a page that asks by itself do not change them."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Return True if the response sets the cookie."""
        # Such a response may come after that to a form, and would revert what that one has set.
        return not is_by_itself() and super().should_set_cookie(app, session)


def is_by_itself() -> bool:
    """Return True if an open page asks by itself, which does not show that its reader is there.

    The session is then neither refreshed nor marked as seen, and nothing is removed from it.
    """
    is_sign = request.endpoint == ASKS_FOR_CHANGES or BY_ITSELF in request.headers
    return is_sign and request.method in ("GET", "HEAD")


def register(app: Flask) -> None:
    """Load the session before every request, and check it against the rule of the page."""
    app.session_interface = SessionCookies()
    app.before_request(_check_access)
    app.register_error_handler(SignedOut, lambda _error: _ask_to_sign_in())
    app.register_error_handler(AppointmentEnded, _refuse_ended_appointment)
    app.jinja_env.globals["made_under"] = _page_appointment_id


def _check_access() -> Response | tuple[str, int] | str | None:
    """Deny by default: an unknown page is 404, a page without a session asks to sign in."""
    g.acting = None
    if request.endpoint is None:
        g.acting = _acting_for_layout()
        return None
    rule = permissions.get_rule(current_app, request.endpoint)
    if rule.sessionless:
        return None
    if request.endpoint == ASKS_FOR_CHANGES:
        g.onlooker = _onlooker_from_cookie()
        return None if g.onlooker is not None else _ask_to_sign_in()
    if request.endpoint != "static":
        g.acting = _acting_from_cookie()
    if request.method == "POST":
        end_reading()  # its body may take minutes to arrive
    if rule.public:
        return None
    if g.acting is None:
        return _ask_to_sign_in()
    if request.method == "POST" and (refusal_page := _refuse_other_appointment()) is not None:
        return refusal_page
    if g.acting.actor.role not in rule.roles:
        abort(403)
    if request.method == "POST" and g.acting.lacks_factor and not _is_open(rule, g.acting):
        is_emergency = Action.PUBLISH_EMERGENCY in rule.actions
        return render_template("sign_in/factor_needed.html", is_emergency=is_emergency), 403
    return None


def _acting_for_layout() -> Acting | None:
    """Return who is signed in; None also while the database cannot be reached."""
    try:
        return _acting_from_cookie()
    except SQLAlchemyError:
        end_reading()
        return None


def _is_open(rule: permissions.AccessRule, acting: Acting) -> bool:
    is_emergency = acting.is_vouched_for and Action.PUBLISH_EMERGENCY in rule.actions
    return is_emergency or not rule.actions or not rule.actions.isdisjoint(OPEN_WITHOUT)


def _is_vouched_for(present: Present, now: datetime) -> bool:
    vouched_at = present.sign_in.vouched_at
    return vouched_at is not None and now - vouched_at < VOUCHED_FOR


def _page_appointment_id() -> int | None:
    """Return the appointment id that every form carries: the one under which its page was made."""
    current: Acting | None = g.get("acting")
    return current.actor.appointment_id if current is not None else None


def _refuse_other_appointment() -> tuple[str, int] | None:
    """Return a page that keeps the form if it was made under another appointment, else None.

    This happens with two tabs, if the person switches the appointment in the second one.
    """
    made_under = request.form.get(form_recovery.MADE_UNDER, "")
    if not made_under or made_under == str(_page_appointment_id()) or request.endpoint in SWITCHING:
        return None
    recovered = form_recovery.read_form()
    if recovered is None:
        return None  # no page of ours sent it: the CSRF check refuses it too
    with reading() as database_session:
        page = render_template(
            "sign_in/another_appointment.html",
            recovered=recovered,
            carried_fields=form_recovery.hidden_fields(recovered),
            former_appointment=_own_appointment(database_session, number_of(made_under)),
            current_appointment=database_session.get_one(Appointment, actor().appointment_id),
        )
    return page, 409


def _refuse_ended_appointment(_error: AppointmentEnded) -> tuple[str, int]:
    """Show the form again, to be sent under the appointment that is in force."""
    refusal_page = _refuse_other_appointment()
    if refusal_page is None:
        abort(403)
    return refusal_page


def _own_appointment(reading: Session, appointment_id: int) -> Appointment | None:
    """Return the appointment if it belongs to the person and is in force, else None."""
    appointment = reading.get(Appointment, appointment_id)
    if appointment is None or appointment.person_id != actor().person_id:
        return None
    return appointment if appointment.in_force(ctx.now()) else None


def _onlooker_from_cookie() -> Actor | None:
    # Every open page asks again and again, so only what it needs is read.
    token = session.get(SESSION_KEY)
    if not isinstance(token, str):
        return None
    with reading() as database_session:
        return sessions.onlooker(database_session, token=token, now=ctx.now())


def _acting_from_cookie() -> Acting | None:
    """Return who the cookie identifies; a reader's request updates the session's row if stale."""
    token = session.get(SESSION_KEY)
    if not isinstance(token, str):
        return None
    with reading() as database_session:
        present = sessions.peek(database_session, token=token, now=ctx.now())
        if present is not None and (is_by_itself() or not present.is_stale):
            return _acting(present)
    if present is None:
        return None
    end_reading()
    with ctx.database.transaction() as database_session:
        present = sessions.find_session(database_session, token=token, now=ctx.now())
        return None if present is None else _acting(present)


def _acting(present: Present) -> Acting:
    appointment, now = present.appointment, ctx.now()
    in_force = [other for other in appointment.person.appointments if other.in_force(now)]
    return Acting(
        present.actor,
        present.sign_in.id,
        appointment,
        may_switch=len(in_force) > 1,
        is_newcomer=present.is_newcomer,
        is_vouched_for=_is_vouched_for(present, now),
        lacks_factor=present.sign_in.vouched_by_id is not None
        or factor_rule().is_lacking(
            appointment.role,
            local_day(now),
            has_factor=present.has_factor,
            is_proved=present.sign_in.factor_at is not None,
        ),
    )


def _ask_to_sign_in() -> Response | tuple[str, int] | str:
    """Return the sign-in page, which leads back here and carries a POST, except signing out.

    For a page that asks by itself the response only says that the session has ended.
    """
    if is_by_itself():
        return Response(status=401)
    if request.method == "POST":
        signs_out = request.endpoint == "sign_in.sign_out"
        return sign_in_page(recovered=None if signs_out else form_recovery.read_form())
    return sign_in_page(path=request.full_path.rstrip("?"))


@contextmanager
def writing(*, names_files: bool = False) -> Iterator[Session]:
    """Yield a session that commits at the end of the block, or rolls back on an exception.

    Ends the reading of the request, so what is shown afterwards is read again. Raises `SignedOut`
    or `AppointmentEnded`; and `StoreAway` if rows are to name files that this web has stored, but
    the database now has another store.
    """
    end_reading()
    before = g.get("acting")
    try:
        with ctx.database.transaction() as database_session:
            if request.method == "POST" and before is not None:
                _read_rights_again(database_session)
            if names_files:
                require_in_use(database_session, ctx.store_identity)
            yield database_session
    except SQLAlchemyError:
        # A failed flush has expired the rows of its session, and the error page names who is signed
        # in.
        g.acting = before
        raise


def _read_rights_again(database_session: Session) -> None:
    # After they were read, the body of a POST may have taken an hour to arrive.
    token = str(session.get(SESSION_KEY, ""))
    present = sessions.peek(database_session, token=token, now=ctx.now())
    if present is None:
        raise SignedOut
    has_ended = present.actor.appointment_id != actor().appointment_id
    g.acting = _acting(present)
    if has_ended:
        raise AppointmentEnded


def reads(
    view: Callable[Concatenate[Session, Parameters], Returned],
) -> Callable[Parameters, Returned]:
    """Pass the view a read-only database session, open until the page is rendered."""

    @wraps(view)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with reading() as database_session:
            return view(database_session, *args, **kwargs)

    return wrapper


def writes(
    view: Callable[Concatenate[Session, Parameters], Returned],
) -> Callable[Parameters, Returned]:
    """Pass the view the transaction of this request; an exception rolls it back."""

    @wraps(view)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with writing() as database_session:
            return view(database_session, *args, **kwargs)

    return wrapper
