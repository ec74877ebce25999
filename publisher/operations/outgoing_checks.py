"""Checks of outgoing mails and SMS: whether the mail server takes them, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, func, or_, select

from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.notifications.dispatch import Unreachable
from publisher.notifications.smtp import check_connection, mail_server
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.settings.catalogue import mask_address
from publisher.settings.environment import DEFAULT_SENDER, Settings
from publisher.states import NoticeState

WAITS_FOR: Final = timedelta(minutes=10)
"""How long a message may wait, as after greylisting, until `doctor` reports that as wrong."""
_SUBJECTS: Final = {Channel.MAIL: HealthSubject.MAIL_SERVER, Channel.SMS: HealthSubject.SMS}


def check_mail_server(settings: Settings) -> Iterator[HealthFinding]:
    """Sign in to the mail server without sending anything, and look at the sender of our mails."""
    values = {"server": mask_address(settings.smtp_url), "sender": settings.mail_from}
    try:
        check_connection(mail_server(settings.smtp_url))
    except Unreachable as problem:
        values["problem"] = problem.reason
    code = "mail_server_away" if "problem" in values else "mail_server_answers"
    yield HealthFinding(HealthSubject.MAIL_SERVER, "problem" not in values, code, values)
    if settings.mail_from == DEFAULT_SENDER:
        yield HealthFinding(HealthSubject.MAIL_SERVER, False, "sender_default", values)


def check_waiting(database: Database, *, now: datetime) -> Iterator[HealthFinding]:
    """Report for each channel how many messages wait, since when, and the last reason."""
    is_waiting = and_(
        Notice.state.in_((NoticeState.QUEUED, NoticeState.SENDING)),
        or_(Notice.send_at <= now, Notice.tries > 0),
    )
    # A later try has a later `send_at`.
    since = func.min(case((Notice.tries > 0, Notice.queued_at), else_=Notice.send_at))
    query = select(Notice.channel, func.count(), since).where(is_waiting).group_by(Notice.channel)
    reason = select(Notice.reason).where(is_waiting, Notice.reason != "")
    with database.reading() as session:
        for channel, number, began_at in session.execute(query).all():
            last = reason.where(Notice.channel == channel).order_by(Notice.send_at.desc()).limit(1)
            values = {
                "number": number,
                "since": f"{began_at:%Y-%m-%d %H:%M} UTC",
                "reason": session.scalar(last) or "–",
            }
            is_brief = now - began_at <= WAITS_FOR
            yield HealthFinding(_SUBJECTS[channel], is_brief, "messages_wait", values)
