"""Signs out whoever decides on a shared computer, by a code of the cell, with the decision.

An officer without a phone signs in on a second computer of the cell, which others use too.
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
    """Make this session end with its next decision, if it is on a shared computer."""
    if database_session.get_one(SignIn, acting().sign_in_id).is_shared:
        session[_MARK] = True


def end_session(database_session: Session) -> None:
    """End such a session in the transaction of the decision; any other continues."""
    if _MARK in session:
        sessions.end(database_session, sign_in_id=acting().sign_in_id, now=ctx.now())


def leave() -> Response | None:
    """Make the browser forget such a session after its end; None if the session continues."""
    if _MARK not in session:
        return None
    stays = {key: session[key] for key in _STAYS if key in session}
    session.clear()
    session.update(stays)
    flash(_("You are signed out on this computer."))
    return redirect(url_for("sign_in.ask"))
