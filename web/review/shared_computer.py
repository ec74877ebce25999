"""Who decides on a shared computer, by a code of the cell, is signed out with the decision.

The officer without a phone signs in on a second computer of the cell, which the next one uses too.
"""

from __future__ import annotations

from flask import flash, redirect, session, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.auth import sessions
from publisher.models.people import SignIn
from web.core.auth import acting
from web.core.context import ctx
from web.core.i18n import _

_MARK = "ends_with_decision"
_STAYS = ("language", "_flashes")


def await_decision(database_session: Session) -> None:
    """Let this session end with its next decision, if it is one on a shared computer."""
    if database_session.get_one(SignIn, acting().sign_in_id).is_shared:
        session[_MARK] = True


def end_session(database_session: Session) -> None:
    """End such a session in the transaction of the decision; any other goes on."""
    if _MARK in session:
        sessions.end(database_session, sign_in_id=acting().sign_in_id, now=ctx.now())


def leave() -> Response | None:
    """Let the browser forget such a session, after it has ended; None if the session goes on."""
    if _MARK not in session:
        return None
    stays = {key: session[key] for key in _STAYS if key in session}
    session.clear()
    session.update(stays)
    flash(_("You are signed out on this computer."))
    return redirect(url_for("sign_in.ask"))
