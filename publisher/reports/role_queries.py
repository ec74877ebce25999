"""Queries that are built once for each role, because building one takes longer than running it.

A query is built with placeholders for the actor's ids (`anybody`) and the present (`MOMENT`), which
`RoleQuery` replaces with bind parameters.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVarTuple, cast

from sqlalchemy import ColumnElement, Result, Select, bindparam, literal_column
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import ExternallyTraversible

from approvals.policy import Actor, ActorKind, Role
from publisher.working_time import local_day

Columns = TypeVarTuple("Columns")
PERSON, APPOINTMENT, DEPARTMENT, LINE = -101, -102, -103, -104
"""Placeholders for the actor's ids; no row has a negative id."""
MOMENT = datetime(1, 1, 2, tzinfo=UTC)
"""The placeholder for the present; times relative to it keep their distance."""


def anybody(role: Role | None) -> Actor:
    """Return an actor of this role with placeholders for its ids."""
    return Actor(ActorKind.PERSON, PERSON, APPOINTMENT, role, DEPARTMENT, frozenset({LINE}))


class RoleQuery(Generic[*Columns]):
    """A query of a role, with bind parameters in place of the placeholders."""

    def __init__(self, query: Select[*Columns]) -> None:
        self._distances: dict[str, timedelta | None] = {}
        replaced = visitors.replacement_traverse(query, {}, self._parameter)
        self._query = cast("Select[*Columns]", replaced)

    def execute(
        self, session: Session, *, actor: Actor, now: datetime, **values: object
    ) -> Result[*Columns]:
        """Execute the query for this actor and time; `values` are those of its own parameters."""
        return session.execute(self._query, self._values(actor, now) | values)

    def _parameter(
        self, element: ExternallyTraversible, **_more: object
    ) -> ColumnElement[object] | None:
        """Return a named bind parameter for a placeholder, a literal for a state, else None."""
        if not isinstance(element, BindParameter):
            return None
        if isinstance(element.value, StrEnum):
            # SQLite prepares a statement again for every execution if a partial index depends on a
            # bound value.
            return literal_column(f"'{element.value.value}'", element.type)
        mark = _mark_of(element.value)
        if mark is None:
            return None
        name, distance = mark
        self._distances[name] = distance
        return bindparam(name, type_=element.type, expanding=isinstance(element.value, list))

    def _values(self, actor: Actor, now: datetime) -> dict[str, object]:
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
        return {
            name: values[name] if distance is None else now + distance
            for name, distance in self._distances.items()
        }


def _mark_of(value: object) -> tuple[str, timedelta | None] | None:
    if isinstance(value, datetime):
        return f"moment_{(value - MOMENT) // timedelta(microseconds=1)}", value - MOMENT
    if isinstance(value, date):
        return ("today", None) if value == local_day(MOMENT) else None
    name = _IN_SIGHT.get(frozenset(value)) if isinstance(value, list) else None
    name = name or (_IDS.get(value) if isinstance(value, int) else None)
    return (name, None) if name is not None else None


_IDS = {PERSON: "person", APPOINTMENT: "appointment", DEPARTMENT: "department"}
_IN_SIGHT = {frozenset({DEPARTMENT}): "own", frozenset({DEPARTMENT, LINE}): "line"}
