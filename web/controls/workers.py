"""The page of the clocks, and the alarm when none runs.

Mails are sent by a clock, so when none runs the web workers notice it and mail the admins.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from flask import Blueprint, render_template, url_for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.database.engines import reason_away
from publisher.delivery import machine_time
from publisher.i18n import dates
from publisher.models.monitoring import WrongTime
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import NoticeKind
from publisher.operations import worker_health
from publisher.operations.worker_health import Hindrances, Silence
from web.core.auth import reads
from web.core.context import AppContext, ctx
from web.core.i18n import _, page_language
from web.core.layout import Banner, MenuEntry
from web.core.permissions import allow_roles

routes = Blueprint("workers", __name__)
READERS = (Role.ADMIN, Role.CELL_LEAD)


@routes.get("/clocks")
@allow_roles(*READERS)
@reads
def index(session: Session) -> str:
    """List the clocks with their last heartbeat, and the times when none ran."""
    now = ctx.now()
    return render_template(
        "controls/workers.html",
        clocks=worker_health.clocks(session),
        is_alive=partial(worker_health.is_alive, now=now),
        shown_limit=worker_health.WORKERS_SHOWN,
        outages=[
            (outage, dates.duration(outage.ended_at - outage.began_at, page_language()))
            for outage in worker_health.past_outages(session)
            if outage.ended_at is not None
        ],
    )


def entry(viewer: Actor) -> tuple[MenuEntry, ...]:
    """Return the menu entry, if the viewer may see the page."""
    if viewer.role not in READERS:
        return ()
    return (MenuEntry(_("Publishing service"), url_for("workers.index"), icon="clock"),)


def banners(session: Session, viewer: Actor, hindrances: Hindrances) -> tuple[Banner, ...]:
    """Return the banners shown to everybody while no clock runs, or the time of one is wrong."""
    now, silent = ctx.now(), hindrances.silence
    rows = session.scalars(machine_time.open_wrong_times()) if hindrances.wrong_times else ()
    about_times = (_time_banner(row) for row in rows)
    if silent is None:
        return tuple(about_times)
    may_see = viewer.role in READERS
    about_silence = Banner(
        _silence_sentence(silent, now),
        tone="red",
        icon="clock-history",
        href=url_for("workers.index") if may_see else None,
        link=_("See the publishing service") if may_see else "",
    )
    return about_silence, *about_times


def _time_banner(row: WrongTime) -> Banner:
    """Return the banner of a server whose time is wrong."""
    span = timedelta(minutes=max(1, round(abs(row.ahead) / 60)))
    sentence = _(
        "The time of the server %(machine)s is wrong by %(span)s.",
        machine=row.machine,
        span=dates.duration(span, page_language()),
    )
    if row.holds_posts:
        sentence += " " + _("No posts are published; answers and emergency warnings go on.")
    href, link = url_for("stop.show", _anchor="time"), _("See what this means")
    return Banner(sentence, "red" if row.holds_posts else "amber", "clock-history", href, link)


def _silence_sentence(silent: Silence, now: datetime) -> str:
    """Return since when no clock has run, or that none has run yet."""
    if silent.has_begun:
        return _(
            "Nothing is being published: the publishing service stopped at %(at)s. Posts, "
            "answers, warnings and emails are waiting; none is lost.",
            at=dates.moment(silent.since, page_language(), now=now),
        )
    return _(
        "Nothing is being published: the publishing service has not run so far. Posts, answers, "
        "emergency warnings and emails wait for it; none is lost."
    )


log = logging.getLogger("nagarvani.web")

WATCH_INTERVAL: Final = 30.0
"""Seconds between two checks of a process."""


def keep_watch(
    context: AppContext, *, every: float = WATCH_INTERVAL, ended: threading.Event
) -> threading.Thread:
    """Check every `every` seconds in a thread that ends with the process."""
    # The first check is not at once: after a restart of the machine the clock is starting too.
    thread = threading.Thread(
        target=_watch, args=[context, every, ended], name="watch", daemon=True
    )
    thread.start()
    return thread


def _watch(context: AppContext, every: float, ended: threading.Event) -> None:
    # Each check has a thread of its own: if one fails, the next still runs.
    while not ended.wait(every):
        check = threading.Thread(target=_ring_safely, args=[context], name="alarm", daemon=True)
        check.start()
        check.join()


def _ring_safely(context: AppContext) -> None:
    # An unreachable database must not end the watch.
    try:
        ring(context)
    except SQLAlchemyError as problem:
        reason = reason_away(problem) or type(problem).__name__
        log.warning("whether a clock runs was not seen: %s", reason, extra={"loop": "alarm"})


def ring(context: AppContext) -> int:
    """Mail the admins once if no clock runs; returns how many mails the server accepted.

    Mails that the server refused are retried like any other mail.
    """
    with context.database.reading() as session:
        if worker_health.silence(session, now=context.now()) is None:
            return 0
        is_new = worker_health.is_unrecorded(session, now=context.now())
    if is_new:
        with context.database.transaction() as session:
            worker_health.record_outage(session, now=context.now())
    return tick_mail(
        context.database,
        MailOrigin.from_settings(context.settings),
        now=context.now,
        only=NoticeKind.CLOCKS_SILENT,
    )
