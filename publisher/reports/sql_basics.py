"""Asking so that a database begins at the right end.

Which orders about what is out still need somebody.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, String, exists, or_, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.states import PostState
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, ReceiptRow
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


def is_open_order(delivery: type[Delivery] = Delivery) -> ColumnElement[bool]:
    """The delivery's order is the last one about its thing, and that thing still stands."""
    one, later = aliased(Order), aliased(Order)
    overtaken = exists().where(
        later.id > one.id,
        or_(later.receipt_id == one.receipt_id, later.comment_id == one.comment_id),
    )
    gone = exists().where(ReceiptRow.id == one.receipt_id, ReceiptRow.gone_at.is_not(None))
    order = exists().where(
        one.delivery_id == delivery.id,
        ~overtaken.correlate_except(later),
        ~gone.correlate_except(ReceiptRow),
    )
    return order.correlate_except(one)
