"""The counts on the tabs: each a COUNT, all of them in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.office.reporting.board import to_decide
from publisher.office.reporting.waits import Thing, Wait, WaitingKind, waits_for

SUBMISSIONS = frozenset({WaitingKind.SUBMISSION, WaitingKind.SUBMISSION_RETURNED})
COMMENTS = frozenset({WaitingKind.COMMENT, WaitingKind.COMMENT_UNROUTED})


@dataclass(frozen=True)
class Counts:
    """What waits for the actor on each tab.

    `today` is the number of everything on the Today page; `submissions` and `comments` are those
    among them that stand on these two tabs; `decisions` is what stands on the board of decisions.
    """

    today: int
    submissions: int
    decisions: int
    comments: int


def counts(session: Session, *, actor: Actor, now: datetime) -> Counts:
    """The counts for this actor's tabs, in one query."""
    waits = waits_for(actor, now=now)
    wanted = [(one.about, one.condition) for one in waits] + [*to_decide(actor, now=now)]
    if not wanted:
        return Counts(0, 0, 0, 0)
    columns = [_count(*one).label(f"count_{at}") for at, one in enumerate(wanted)]
    found = list(session.execute(select(*columns)).one())
    of_today = list(zip(waits, found, strict=False))
    return Counts(
        today=sum(count for _, count in of_today),
        submissions=_sum(of_today, SUBMISSIONS),
        decisions=sum(found[len(waits) :]),
        comments=_sum(of_today, COMMENTS),
    )


def _count(about: Thing, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(about).where(condition).scalar_subquery()


def _sum(found: Iterable[tuple[Wait, int]], kinds: frozenset[WaitingKind]) -> int:
    return sum(count for wait, count in found if wait.kind in kinds)
