"""The counts on the tabs: each a COUNT, all of them in one query, built once for each role.

They stand on every page, and building so large a query anew costs more than asking it. So it is
built once with marks in the place of the person and the moment, which each asking fills in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import ExternallyTraversible

from approvals.policy import Actor, ActorKind, Role
from publisher.office.reporting.board import to_decide
from publisher.office.reporting.waits import Thing, WaitingKind, waits_for

SUBMISSIONS = frozenset({WaitingKind.SUBMISSION, WaitingKind.SUBMISSION_RETURNED})
COMMENTS = frozenset({WaitingKind.COMMENT, WaitingKind.COMMENT_UNROUTED})
PERSON, APPOINTMENT, DEPARTMENT, LINE = -101, -102, -103, -104
"""Marks for the actor's ids: no row has a negative one."""
MOMENT = datetime(1, 1, 2, tzinfo=UTC)
"""The mark for the present; what is reckoned from it keeps its distance."""


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


@dataclass(frozen=True)
class _Asking:
    """The query of a role, the kinds of its first columns, and what has to be filled in."""

    query: Select[*tuple[int, ...]]
    kinds: tuple[WaitingKind, ...]
    distances: tuple[timedelta, ...]
    names: frozenset[str]


def counts(session: Session, *, actor: Actor, now: datetime) -> Counts:
    """The counts for this actor's tabs, in one query."""
    asking = _asking(actor.role) if actor.role is not None else None
    if asking is None:
        return Counts(0, 0, 0, 0)
    found = list(session.execute(asking.query, _filled(asking, actor, now)).one())
    of_today = list(zip(asking.kinds, found, strict=False))
    return Counts(
        today=sum(count for _, count in of_today),
        submissions=_sum(of_today, SUBMISSIONS),
        decisions=sum(found[len(asking.kinds) :]),
        comments=_sum(of_today, COMMENTS),
    )


@lru_cache(maxsize=len(Role))
def _asking(role: Role) -> _Asking | None:
    """The query of this role; None where nothing waits for it."""
    anybody = Actor(ActorKind.PERSON, PERSON, APPOINTMENT, role, DEPARTMENT, frozenset({LINE}))
    waits = waits_for(anybody, now=MOMENT)
    wanted = [(one.about, one.condition) for one in waits]
    wanted += to_decide(anybody, now=MOMENT)
    if not wanted:
        return None
    columns = [_count(*one).label(f"count_{at}") for at, one in enumerate(wanted)]
    given: dict[str, timedelta | None] = {}

    def fill(element: ExternallyTraversible, **_more: object) -> ExternallyTraversible | None:
        return _blank(element, given)

    query = visitors.replacement_traverse(select(*columns), {}, fill)
    return _Asking(
        cast("Select[*tuple[int, ...]]", query),
        tuple(one.kind for one in waits),
        tuple(one for one in given.values() if one is not None),
        frozenset(given),
    )


def _blank(
    element: ExternallyTraversible, given: dict[str, timedelta | None]
) -> BindParameter[object] | None:
    """A named blank for a value that bears a mark; None for everything else."""
    if not isinstance(element, BindParameter):
        return None
    named = _named(element.value)
    if named is None:
        return None
    name, distance = named
    given[name] = distance
    return bindparam(name, type_=element.type, expanding=isinstance(element.value, list))


def _named(value: object) -> tuple[str, timedelta | None] | None:
    if isinstance(value, datetime):
        return _moment_name(value - MOMENT), value - MOMENT
    known = _IN_SIGHT.get(frozenset(value)) if isinstance(value, list) else None
    known = known or (_IDS.get(value) if isinstance(value, int) else None)
    return (known, None) if known is not None else None


def _moment_name(distance: timedelta) -> str:
    return f"moment_{distance // timedelta(microseconds=1)}"


_IDS = {PERSON: "person", APPOINTMENT: "appointment", DEPARTMENT: "department"}
_IN_SIGHT = {frozenset({DEPARTMENT}): "own", frozenset({DEPARTMENT, LINE}): "line"}


def _filled(asking: _Asking, actor: Actor, now: datetime) -> dict[str, object]:
    """The values of this actor and moment for the blanks."""
    own = [] if actor.department_id is None else [actor.department_id]
    values: dict[str, object] = {
        "person": actor.person_id,
        "appointment": actor.appointment_id,
        "department": actor.department_id,
        "own": own,
        "line": [*actor.line, *own],
    }
    values |= {_moment_name(one): now + one for one in asking.distances}
    return {name: values[name] for name in asking.names}


def _count(about: Thing, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(about).where(condition).scalar_subquery()


def _sum(found: Iterable[tuple[WaitingKind, int]], kinds: frozenset[WaitingKind]) -> int:
    return sum(count for kind, count in found if kind in kinds)
