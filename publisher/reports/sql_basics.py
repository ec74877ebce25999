"""SQL conditions written so that the planner starts from the few rows that matter."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, wraps
from threading import Lock
from typing import TypeVar

from sqlalchemy import CTE, ColumnElement, Select, String, exists, or_, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.states import PostState
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.states import DeliveryState

State = TypeVar("State", PostState, DeliveryState)


def once(build: Callable[[], CTE]) -> Callable[[], CTE]:
    """Return a function that builds a CTE at its first call, and then returns this very one.

    A statement that names two CTEs alike is refused, and so two threads may not each build one.
    """
    lock, cached = Lock(), cache(build)

    @wraps(build)
    def built() -> CTE:
        with lock:
            return cached()

    return built


def has(query: Select[int]) -> ColumnElement[bool]:
    """Return an EXISTS-like condition as a scalar subquery with LIMIT 1."""
    # A planner that expects many rows turns EXISTS into a join, and reads every text ever written
    # for the few rows that are needed.
    return query.limit(1).scalar_subquery().is_not(None)


def is_one_of(
    column: InstrumentedAttribute[State], states: Collection[State]
) -> ColumnElement[bool]:
    """Return the condition that the state is in `states`, in a form no index serves."""
    # Each state has very many rows, and few belong to the rows in question. Without table
    # statistics a planner that could use an index on the state would begin with it.
    return type_coerce(column, String).concat("").in_([state.value for state in states])


def is_open_order(delivery: type[Delivery] = Delivery) -> ColumnElement[bool]:
    """Return the condition that the delivery's order is still to be carried out.

    It is the last order about its receipt or comment, and the receipt has not gone.
    """
    this_order, later = aliased(Order), aliased(Order)
    is_overtaken = exists().where(
        later.id > this_order.id,
        or_(later.receipt_id == this_order.receipt_id, later.comment_id == this_order.comment_id),
    )
    is_gone = exists().where(
        ReceiptRow.id == this_order.receipt_id, ReceiptRow.gone_at.is_not(None)
    )
    order = exists().where(
        this_order.delivery_id == delivery.id,
        ~is_overtaken.correlate_except(later),
        ~is_gone.correlate_except(ReceiptRow),
    )
    return order.correlate_except(this_order)
