"""The counts on the tabs, read in one query that is built once for each role.

They are shown on every page, and building so large a query takes longer than running it. The cached
query has bind parameters for the actor's ids and the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import ExternallyTraversible

from approvals.policy import Action, Actor, ActorKind, Role, scope_of
from publisher.database.session import Base
from publisher.models.comments import Comment
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse
from publisher.models.submissions import Submission
from publisher.reports import emergency_conditions, inbox_list, open_work
from publisher.reports.decision_board import COUNTED_FOR, to_decide
from publisher.reports.problems import to_count
from publisher.reports.submission_filters import in_sight
from publisher.reports.todo_kinds import todo_kinds_for
from publisher.working_time import local_day

PERSON, APPOINTMENT, DEPARTMENT, LINE = -101, -102, -103, -104
"""Placeholders for the actor's ids; no row has a negative id."""
MOMENT = datetime(1, 1, 2, tzinfo=UTC)
"""The placeholder for the present; times relative to it keep their distance."""


@dataclass(frozen=True)
class Counts:
    """The count on each tab for this actor.

    `today` counts all tasks, `submissions` the visible open ones, `comments` those of the inbox's
    first view, `decisions` the rows of the board that need a person. `emergency` counts the open
    emergency work, which is part of Today and of the board; `alerts` what is on the tab of those on
    duty.
    """

    today: int = 0
    submissions: int = 0
    decisions: int = 0
    comments: int = 0
    emergency: int = 0
    alerts: int = 0
    on_duty: int = 0


@dataclass(frozen=True)
class _CountQuery:
    """A role's query, the tab of each column, and the bind parameters to fill in."""

    query: Select[*tuple[int, ...]]
    tabs: tuple[str, ...]
    distances: tuple[timedelta, ...]
    names: frozenset[str]


def counts(session: Session, *, actor: Actor, now: datetime) -> Counts:
    """Return the counts of the actor's tabs, in one query."""
    count_query = _count_query(actor.role) if actor.role is not None else None
    if count_query is None:
        return Counts()
    row = session.execute(count_query.query, _parameters(count_query, actor, now)).one()
    sums: Counter[str] = Counter()
    for tab, count in zip(count_query.tabs, row, strict=True):
        sums[tab] += count
    return Counts(**sums)


@lru_cache(maxsize=len(Role))
def _count_query(role: Role) -> _CountQuery | None:
    """Return the role's query, or None if it has no counts."""
    anybody = Actor(ActorKind.PERSON, PERSON, APPOINTMENT, role, DEPARTMENT, frozenset({LINE}))
    columns_by_tab = list(_columns(anybody))
    if not columns_by_tab:
        return None
    columns = [column.label(f"count_{at}") for at, (_tab, column) in enumerate(columns_by_tab)]
    distances: dict[str, timedelta | None] = {}

    def fill(element: ExternallyTraversible, **_more: object) -> ExternallyTraversible | None:
        return _placeholder(element, distances)

    query = visitors.replacement_traverse(select(*columns), {}, fill)
    return _CountQuery(
        cast("Select[*tuple[int, ...]]", query),
        tuple(tab for tab, _column in columns_by_tab),
        tuple(distance for distance in distances.values() if distance is not None),
        frozenset(distances),
    )


def _columns(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Yield every count with the tab to which it is added."""
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
        yield from (("decisions", column) for column in to_count(actor))
    yield from _emergency_columns(actor)
    if scope_of(actor, Action.ANSWER) is not None:
        first, *_others = inbox_list.views_for(actor)
        yield "comments", _count(Comment, and_(*inbox_list.in_view(actor, first, now=MOMENT)))


def _emergency_columns(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Yield the counts of open emergency work, and whether the actor is on duty (0 or 1)."""
    alerts = _count(Alert, emergency_conditions.is_open_alert())
    yield "alerts", alerts
    takes = emergency_conditions.may_take(actor, now=MOMENT)
    yield "emergency", case((takes, alerts), else_=0)
    for about, condition in (
        (EmergencyUse, emergency_conditions.wants_correction(actor, now=MOMENT)),
        (EmergencyUse, emergency_conditions.is_owed(actor, now=MOMENT)),
        (EmergencyTemplate, emergency_conditions.template_waits(actor, now=MOMENT)),
    ):
        yield "emergency", _count(about, condition)
    yield "on_duty", case((emergency_conditions.is_on_duty(actor, now=MOMENT), 1), else_=0)


def _placeholder(
    element: ExternallyTraversible, distances: dict[str, timedelta | None]
) -> BindParameter[object] | None:
    """Return a named bind parameter if the value is a placeholder, else None."""
    if not isinstance(element, BindParameter):
        return None
    mark = _mark_of(element.value)
    if mark is None:
        return None
    name, distance = mark
    distances[name] = distance
    return bindparam(name, type_=element.type, expanding=isinstance(element.value, list))


def _mark_of(value: object) -> tuple[str, timedelta | None] | None:
    if isinstance(value, datetime):
        return _moment_name(value - MOMENT), value - MOMENT
    if isinstance(value, date):
        return ("today", None) if value == local_day(MOMENT) else None
    name = _IN_SIGHT.get(frozenset(value)) if isinstance(value, list) else None
    name = name or (_IDS.get(value) if isinstance(value, int) else None)
    return (name, None) if name is not None else None


def _moment_name(distance: timedelta) -> str:
    return f"moment_{distance // timedelta(microseconds=1)}"


_IDS = {PERSON: "person", APPOINTMENT: "appointment", DEPARTMENT: "department"}
_IN_SIGHT = {frozenset({DEPARTMENT}): "own", frozenset({DEPARTMENT, LINE}): "line"}


def _parameters(count_query: _CountQuery, actor: Actor, now: datetime) -> dict[str, object]:
    """Return the values of the bind parameters for this actor and time."""
    own_department_ids = [] if actor.department_id is None else [actor.department_id]
    values: dict[str, object] = {
        "person": actor.person_id,
        "appointment": actor.appointment_id,
        "department": actor.department_id,
        "own": own_department_ids,
        "today": local_day(now),
        "line": [*actor.line, *own_department_ids],
    }
    values |= {_moment_name(distance): now + distance for distance in count_query.distances}
    return {name: values[name] for name in count_query.names}


def _count(about: type[Base], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(about).where(condition).scalar_subquery()
