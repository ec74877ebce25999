"""SQL conditions written so that the planner starts from the few rows that matter."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, String, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from approvals.states import PostState
from publisher.states import DeliveryState

State = TypeVar("State", PostState, DeliveryState)


def has(query: Select[int]) -> ColumnElement[bool]:
    """Return an EXISTS-like condition as a scalar subquery with LIMIT 1."""
    # A planner that expects many rows turns EXISTS into a join, and reads every text ever written
    # for the few rows that are needed.
    return query.limit(1).scalar_subquery().is_not(None)


def has_state_among(
    column: InstrumentedAttribute[State], states: Collection[State]
) -> ColumnElement[bool]:
    """Return the condition that the state is in `states`, in a form no index serves."""
    # Each state has very many rows, and few belong to the rows in question. Without table
    # statistics a planner that could use an index on the state would begin with it.
    return type_coerce(column, String).concat("").in_([state.value for state in states])
