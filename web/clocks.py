"""The clocks: which run, when none did, and what everybody sees while none does."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.i18n import dates
from publisher.operations import worker_health
from web.acting import reads
from web.chrome import Banner, Entry
from web.house import house
from web.rules import for_roles
from web.words import _, page_language

routes = Blueprint("clocks", __name__)
FOR = (Role.ADMIN, Role.CELL_LEAD)


@routes.get("/clocks")
@for_roles(*FOR)
@reads
def index(session: Session) -> str:
    """Every clock with its last beat, and the times without any."""
    now = house().now()
    return render_template(
        "clocks/index.html",
        clocks=worker_health.clocks(session, now=now),
        most=worker_health.SHOWN,
        past=[
            (one, dates.duration(one.ended_at - one.began_at, page_language()))
            for one in worker_health.past(session)
            if one.ended_at is not None
        ],
    )


def entry(of: Actor) -> tuple[Entry, ...]:
    """The line of the menu, for whoever may see the page."""
    if of.role not in FOR:
        return ()
    return (Entry(_("Clocks"), url_for("clocks.index"), icon="clock"),)


def banners(session: Session, of: Actor) -> tuple[Banner, ...]:
    """Over every page, for everybody: that nothing leaves, because no clock has been alive."""
    said = _said(session, house().now())
    if not said:
        return ()
    sees = of.role in FOR
    return (
        Banner(
            said,
            tone="red",
            icon="clock-history",
            href=url_for("clocks.index") if sees else None,
            link=_("See the clocks") if sees else "",
        ),
    )


def _said(session: Session, now: datetime) -> str:
    """Since when no clock has run, or that none has yet; empty where there is nothing to say."""
    since = worker_health.silent_since(session, now=now)
    if since is not None:
        return _(
            "Nothing leaves at the moment: no clock has run since %(at)s. Posts, answers, "
            "emergency warnings and mails wait; none of them is lost.",
            at=dates.moment(since, page_language(), now=now),
        )
    if worker_health.unbegun_since(session, now=now) is not None:
        return _(
            "Nothing leaves yet: no clock has run so far. Posts, answers, emergency warnings and "
            "mails wait for the first; none of them is lost."
        )
    return ""
