"""The Today page: what waits for this actor and nothing else, most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.office.reporting.gathering import gather
from publisher.office.reporting.waits import Waiting, waits_for

SOON = timedelta(hours=4)
"""What is due within this span, or over, is urgent."""


def waiting_for(session: Session, *, actor: Actor, now: datetime) -> list[Waiting]:
    """What waits for the actor: what is over first, then by due time, then by age.

    The number of queries depends on the actor's role alone.
    """
    found = [one for wait in waits_for(actor, now=now) for one in gather(session, wait)]
    marked = [replace(one, urgent=_is_urgent(one.due_at, now)) for one in found]
    return sorted(marked, key=_rank)


def _is_urgent(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at <= now + SOON


def _rank(one: Waiting) -> tuple[bool, datetime, datetime, str, int]:
    return one.due_at is None, one.due_at or one.since_at, one.since_at, one.kind, one.subject_id
