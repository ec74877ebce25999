"""Gather the notices of one kind about texts of one post, for one reader, into one notice.

Texts of a post often fail together, each recorded by the thread of its account. A notice that is
not urgent waits a little, and the first one sent includes all others that are waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.models.notifications import Notice
from publisher.notifications import compose, links
from publisher.notifications.formatting import format_values
from publisher.states import NoticeState

GATHERED_FOR: Final = timedelta(minutes=2)
"""How long a notice about a text of a post waits for others, unless it is urgent."""

_JOINED: Final = ("platform", "language", "account")


def gather(session: Session, notice: Notice, *, now: datetime) -> None:
    """Merge the other notices waiting for this reader, post and kind into this one; delete them."""
    others = _others(session, notice) if notice.post_id is not None and notice.tries == 0 else []
    if not others:
        return
    gathered = [notice, *others]
    notice.lines = list(dict.fromkeys(row for each in gathered for row in each.lines))
    if notice.lines:
        _rewrite(notice, gathered, now)
    ids = [other.id for other in others]
    transitions.record(session, notice, "gather", actor=CLOCK, now=now, values={"notices": ids})
    for other in others:
        session.delete(other)


def _others(session: Session, notice: Notice) -> Sequence[Notice]:
    query = (
        select(Notice)
        .where(
            Notice.person_id == notice.person_id,
            Notice.post_id == notice.post_id,
            Notice.kind == notice.kind,
            Notice.channel == notice.channel,
            Notice.address == notice.address,
            Notice.state == NoticeState.QUEUED,
            Notice.tries == 0,
            Notice.id != notice.id,
        )
        .order_by(Notice.id)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def _rewrite(notice: Notice, gathered: Sequence[Notice], now: datetime) -> None:
    texts = dict(notice.variables)
    for name in _JOINED:
        values = (each.variables.get(name, "") for each in gathered)
        texts[name] = ", ".join(dict.fromkeys(filter(None, values)))
    if any(each.variables["link"] != texts["link"] for each in gathered):
        texts["link"] = links.BASE + links.post(notice.post_id or 0)
    reader = format_values({"reader": notice.person}, notice.language, now=now)["reader"]
    notice.subject, notice.body = compose.write(
        notice.kind, notice.language, texts, notice.lines, reader=reader
    )
    notice.variables = texts
