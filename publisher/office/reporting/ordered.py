"""Which orders about what is out still need somebody."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_
from sqlalchemy.orm import aliased

from publisher.models.deliveries import Delivery, Receipt
from publisher.models.press import Order


def is_open_order(delivery: type[Delivery] = Delivery) -> ColumnElement[bool]:
    """The delivery's order is the last one about its thing, and that thing still stands."""
    one, later = aliased(Order), aliased(Order)
    overtaken = exists().where(
        later.id > one.id,
        or_(later.receipt_id == one.receipt_id, later.comment_id == one.comment_id),
    )
    gone = exists().where(Receipt.id == one.receipt_id, Receipt.gone_at.is_not(None))
    order = exists().where(
        one.delivery_id == delivery.id,
        ~overtaken.correlate_except(later),
        ~gone.correlate_except(Receipt),
    )
    return order.correlate_except(one)
