"""Asking so that a database begins at the right end."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, String, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from approvals.states import PostState
from publisher.states import DeliveryState

State = TypeVar("State", PostState, DeliveryState)


def has(query: Select[int]) -> ColumnElement[bool]:
    """There is such a row: EXISTS, asked of one row after the other and of no more.

    A planner that thinks the rows are many would turn EXISTS into a join, and lay all texts that
    were ever written beside each other for the few that something is wanted of.
    """
    return query.limit(1).scalar_subquery().is_not(None)


def is_one_of(
    column: InstrumentedAttribute[State], states: Collection[State]
) -> ColumnElement[bool]:
    """The state is one of these; asked so that no index on it is taken.

    There are very many posts in each state, and a few that belong to what is asked about; without
    statistics of its tables a planner that may take either begins with the state.
    """
    return type_coerce(column, String).concat("").in_([one.value for one in states])
