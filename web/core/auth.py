"""Who is at the counter: the session behind the cookie, and the rule of the page asked for."""

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

Given = ParamSpec("Given")
Result = TypeVar("Result")
SESSION_KEY = "sign_in"
SWITCHING = frozenset({"signing.switch", "signing.sign_out"})
"""What may be asked for whichever appointment the page was made under."""


@dataclass(frozen=True)
class Acting:
    """The person at the counter and the appointment the session works under."""

    actor: Actor
    sign_in_id: int
    language: str


def acting() -> Acting:
    """Who is at the counter; only on pages that are not public."""
    return cast(Acting, g.acting)


def actor() -> Actor:
    """The actor of the request in hand."""
    return acting().actor


def register(app: Flask) -> None:
    """Know the session before every request, and let nobody past a page's rule."""
    app.before_request(_let_in)
    app.jinja_env.globals["made_under"] = _made_under


def _let_in() -> Response | tuple[str, int] | str | None:
    """Default deny: a page nobody wrote is 404; a page without a session asks for one."""
    g.acting = None
    if request.endpoint is None:
        return None
    rule = permissions.rule_of(current_app, request.endpoint)
    if request.endpoint not in ("static", "bootstrap.static"):
        g.acting = _known()
    if rule.public:
        return None
    if g.acting is None:
        return _ask_to_sign_in()
    if request.method == "POST" and (refused := _refuse_another()) is not None:
        return refused
    if g.acting.actor.role not in rule.roles:
        abort(403)
    return None


def _made_under() -> int | None:
    """What every form carries: the appointment under which its page was made."""
    found: Acting | None = g.get("acting")
    return found.actor.appointment_id if found is not None else None


def _refuse_another() -> tuple[str, int] | None:
    """A form made under one appointment does not go out under another; nothing of it is lost.

    Two tabs are enough for that: in the second one somebody chooses their other appointment.
    """
    made_under = request.form.get(form_recovery.MADE_UNDER, "")
    if not made_under or made_under == str(_made_under()) or request.endpoint in SWITCHING:
        return None
    kept = form_recovery.sent()
    if kept is None:
        return None  # no page of ours sent it: its token will not do either
    with ctx.database.reading() as reading:
        page = render_template(
            "sign_in/another_appointment.html",
            kept=kept,
            carried=form_recovery.carry(kept),
            before=_own_appointment(reading, number_of(made_under)),
            current=reading.get_one(Appointment, actor().appointment_id),
        )
    return page, 409


def _own_appointment(reading: Session, appointment_id: int) -> Appointment | None:
    """The appointment, if it is the person's and in force."""
    found = reading.get(Appointment, appointment_id)
    is_own = found is not None and found.person_id == actor().person_id
    return found if found is not None and is_own and found.in_force(ctx.now()) else None


def _known() -> Acting | None:
    """Who the cookie stands for; the session's row is written only where it has fallen behind."""
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
    """A page leads back to itself; a POST is carried along, but for the one that signs out."""
    if request.method == "POST":
        leaves = request.endpoint == "signing.sign_out"
        return sign_in_page(kept=None if leaves else form_recovery.sent())
    return sign_in_page(path=request.full_path.rstrip("?"))


def reads(
    view: Callable[Concatenate[Session, Given], Result],
) -> Callable[Given, Result]:
    """Give the view a session that only reads, open until the page is rendered."""

    @wraps(view)
    def opened(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with ctx.database.reading() as database_session:
            return view(database_session, *args, **kwargs)

    return opened


def writes(
    view: Callable[Concatenate[Session, Given], Result],
) -> Callable[Given, Result]:
    """Give the view the one transaction of this request; an exception undoes all of it."""

    @wraps(view)
    def opened(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with ctx.database.transaction() as database_session:
            return view(database_session, *args, **kwargs)

    return opened
