"""The clocks: which run, when none did, and what everybody sees while none does.

Noticing that no clock runs: then none is left to send mails, so whoever serves pages does it.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Flask, Response, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.i18n import dates
from publisher.notifications.compose import NoticeKind
from publisher.notifications.email import tick_mail
from publisher.operations import worker_health
from web.core.auth import reads
from web.core.context import AppContext, ctx
from web.core.i18n import _, page_language
from web.core.layout import Banner, MenuEntry
from web.core.permissions import for_roles

routes = Blueprint("clocks", __name__)
FOR = (Role.ADMIN, Role.CELL_LEAD)


@routes.get("/clocks")
@for_roles(*FOR)
@reads
def index(session: Session) -> str:
    """Every clock with its last beat, and the times without any."""
    now = ctx.now()
    return render_template(
        "controls/workers.html",
        clocks=worker_health.clocks(session, now=now),
        most=worker_health.SHOWN,
        past=[
            (one, dates.duration(one.ended_at - one.began_at, page_language()))
            for one in worker_health.past(session)
            if one.ended_at is not None
        ],
    )


def entry(of: Actor) -> tuple[MenuEntry, ...]:
    """The line of the menu, for whoever may see the page."""
    if of.role not in FOR:
        return ()
    return (MenuEntry(_("Clocks"), url_for("clocks.index"), icon="clock"),)


def banners(session: Session, of: Actor) -> tuple[Banner, ...]:
    """Over every page, for everybody: that nothing leaves, because no clock has been alive."""
    said = _said(session, ctx.now())
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


log = logging.getLogger("nagarvani.web")

EVERY: Final = timedelta(seconds=10)
"""How often a process looks, at most: in the background of a request, whoever made it."""

BEAT: Final = 30.0
"""Seconds between two looks of a process that serves, whether anybody asks for a page or not."""


class Alarm:
    """What one process knows of its own looking."""

    def __init__(self, context: AppContext) -> None:
        self._house = context
        self._looked_at: datetime | None = None
        self._lock = threading.Lock()

    def look(self) -> threading.Thread | None:
        """Look in a thread of its own, unless this process did so just now."""
        now = self._house.now()
        with self._lock:
            if self._looked_at is not None and timedelta(0) <= now - self._looked_at < EVERY:
                return None
            self._looked_at = now
        thread = threading.Thread(target=_try, args=[self._house], name="alarm", daemon=True)
        thread.start()
        return thread


def keep_watch(
    context: AppContext, *, every: float = BEAT, ended: threading.Event
) -> threading.Thread:
    """Look again and again with nobody at the web, in a thread that ends with the process.

    The first look is not at the beginning: after a restart of the machine the clock starts too.
    """
    thread = threading.Thread(
        target=_watch, args=[context, every, ended], name="watch", daemon=True
    )
    thread.start()
    return thread


def _watch(context: AppContext, every: float, ended: threading.Event) -> None:
    """Each look has a thread of its own: whatever one fails of, the next one comes."""
    while not ended.wait(every):
        look = threading.Thread(target=_try, args=[context], name="alarm", daemon=True)
        look.start()
        look.join()


def _try(context: AppContext) -> None:
    """A database that is away for a moment ends nothing."""
    try:
        ring(context)
    except SQLAlchemyError as problem:
        log.warning("whether a clock runs was not seen: %s", type(problem).__name__)


def ring(context: AppContext) -> int:
    """Where no clock is alive, tell the admins once; gives how many mails the server accepted.

    A server that did not take them is asked again, by the rules of every mail.
    """
    with context.database.reading() as session:
        if worker_health.alarming_since(session, now=context.now()) is None:
            return 0
        is_new = worker_health.is_new(session, now=context.now())
    if is_new:
        with context.database.transaction() as session:
            worker_health.notice(session, now=context.now())
    return tick_mail(
        context.database,
        smtp_url=context.settings.smtp_url,
        mail_from=context.settings.mail_from,
        base_url=context.settings.base_url,
        now=context.now,
        only=NoticeKind.CLOCKS_SILENT,
    )


def register(app: Flask, context: AppContext) -> None:
    """Look after every request for a page, where this house is to."""
    if not context.rings:
        return
    alarm = Alarm(context)

    def look(response: Response) -> Response:
        if request.endpoint not in ("static", "bootstrap.static"):
            alarm.look()
        return response

    app.after_request(look)
