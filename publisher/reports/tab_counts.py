"""The counts on the tabs: what stands on each page, all in one query, built once for each role.

They stand on every page, and building so large a query anew costs more than asking it. So it is
built once with marks in the place of the person and the moment, which each asking fills in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import ExternallyTraversible

from approvals.policy import Action, Actor, ActorKind, Role, scope_of
from publisher.models.comments import Comment
from publisher.models.submissions import Submission
from publisher.reports import inbox_list, open_work
from publisher.reports.decision_board import COUNTED_FOR, to_decide
from publisher.reports.problems import to_count
from publisher.reports.submission_filters import in_sight
from publisher.reports.todo_kinds import Thing, todo_kinds_for
from publisher.working_time import local_day

PERSON, APPOINTMENT, DEPARTMENT, LINE = -101, -102, -103, -104
"""Marks for the actor's ids: no row has a negative one."""
MOMENT = datetime(1, 1, 2, tzinfo=UTC)
"""The mark for the present; what is reckoned from it keeps its distance."""


@dataclass(frozen=True)
class Counts:
    """How much stands on the page under each tab, for this actor.

    `today` is everything that waits for the actor. `submissions` are the open ones in sight and
    `comments` those of the view with which the inbox opens, as their pages show them first;
    `decisions` is what of the board does not go on without a person.
    """

    today: int = 0
    submissions: int = 0
    decisions: int = 0
    comments: int = 0


@dataclass(frozen=True)
class _Asking:
    """The query of a role, the tab of each of its columns, and what has to be filled in."""

    query: Select[*tuple[int, ...]]
    tabs: tuple[str, ...]
    distances: tuple[timedelta, ...]
    names: frozenset[str]


def counts(session: Session, *, actor: Actor, now: datetime) -> Counts:
    """The counts for this actor's tabs, in one query."""
    asking = _asking(actor.role) if actor.role is not None else None
    if asking is None:
        return Counts()
    found = session.execute(asking.query, _filled(asking, actor, now)).one()
    sums: Counter[str] = Counter()
    for tab, count in zip(asking.tabs, found, strict=True):
        sums[tab] += count
    return Counts(**sums)


@lru_cache(maxsize=len(Role))
def _asking(role: Role) -> _Asking | None:
    """The query of this role; None where nothing is counted for it."""
    anybody = Actor(ActorKind.PERSON, PERSON, APPOINTMENT, role, DEPARTMENT, frozenset({LINE}))
    wanted = list(_wanted(anybody))
    if not wanted:
        return None
    columns = [one.label(f"count_{at}") for at, (_tab, one) in enumerate(wanted)]
    given: dict[str, timedelta | None] = {}

    def fill(element: ExternallyTraversible, **_more: object) -> ExternallyTraversible | None:
        return _blank(element, given)

    query = visitors.replacement_traverse(select(*columns), {}, fill)
    return _Asking(
        cast("Select[*tuple[int, ...]]", query),
        tuple(tab for tab, _one in wanted),
        tuple(one for one in given.values() if one is not None),
        frozenset(given),
    )


def _wanted(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Every number that is counted, with the tab to whose count it adds."""
    for todo_kind in todo_kinds_for(actor, now=MOMENT):
        yield "today", _count(todo_kind.about, todo_kind.condition)
    if scope_of(actor, Action.HAND_IN) is not None:  # whoever only reads has no such tab
        yield (
            "submissions",
            _count(Submission, and_(*in_sight(actor, by_index=False), open_work.is_open())),
        )
    for thing, condition in to_decide(actor, now=MOMENT):
        yield "decisions", _count(thing, condition)
    if actor.role in COUNTED_FOR:
        yield from (("decisions", one) for one in to_count(actor))
    if scope_of(actor, Action.ANSWER) is not None:
        first, *_others = inbox_list.views_for(actor)
        yield "comments", _count(Comment, and_(*inbox_list.in_view(actor, first, now=MOMENT)))


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
    if isinstance(value, date):
        return ("today", None) if value == local_day(MOMENT) else None
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
        "today": local_day(now),
        "line": [*actor.line, *own],
    }
    values |= {_moment_name(one): now + one for one in asking.distances}
    return {name: values[name] for name in asking.names}


def _count(about: Thing, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(about).where(condition).scalar_subquery()
