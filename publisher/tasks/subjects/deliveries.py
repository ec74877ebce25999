"""The tasks of deliveries: to settle what is held, and to give what is stuck a new time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from approvals.policy import Role
from approvals.states import PostState
from publisher.database.noted_changes import NotedChanges
from publisher.database.session import AnyRow
from publisher.models.controls import Order
from publisher.models.deliveries import OF_TEXTS, Delivery, ReceiptRow
from publisher.models.posts import Post, Revision, Variant
from publisher.states import NEEDS_PERSON, STUCK, DeliveryState
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.tasks.subjects.offices import offices_by_department

_KINDS = {
    DeliveryState.HELD: TaskKind.DELIVERY_HELD,
    DeliveryState.MISSED: TaskKind.DELIVERY_MISSED,
    DeliveryState.FAILED: TaskKind.DELIVERY_FAILED,
}


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these deliveries, in at most two statements."""
    deliveries = session.execute(_waiting(ids)).all()
    held_in = {
        delivery.department_id for delivery in deliveries if delivery.state is DeliveryState.HELD
    }
    offices = offices_by_department(session, held_in, (Role.OFFICER, Role.HEAD), now=now)
    return SpecsOfSubjects(
        [
            spec
            for delivery in deliveries
            for spec in _delivery_tasks(delivery, offices.get(delivery.department_id, ()))
        ]
    )


def _delivery_tasks(delivery: AnyRow, offices: Iterable[AnyRow]) -> Iterator[TaskSpec]:
    task = TaskSpec(
        _KINDS[delivery.state],
        delivery.id,
        delivery.state_at,
        department_id=delivery.department_id,
        post_id=delivery.post_id,
        due_at=delivery.due_at,
        due_kind=DueKind.PLANNED,
    )
    if delivery.state is not DeliveryState.HELD:
        yield replace(task, queue=TaskQueue.CELL)
        return
    yield replace(task, queue=TaskQueue.LEAD)
    for office in offices:
        yield replace(task, appointment_id=office.id)


def _waiting(ids: Collection[int]) -> Select[*tuple[object, ...]]:
    """Select what is held, and what is stuck and could still be sent.

    It is a text of the newest, approved revision, or an order that no later one replaces.
    """
    is_current = and_(Post.state == PostState.APPROVED, Post.newest == Revision.number)
    is_text = Delivery.action.in_(OF_TEXTS)
    may_leave = or_(is_text & is_current, ~is_text & _is_open_order())
    columns = (Delivery.id, Delivery.state, Delivery.state_at, Delivery.due_at, Delivery.post_id)
    return (
        select(*columns, Post.department_id)
        .join(Post, Post.id == Delivery.post_id)
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            Delivery.id.in_(ids),
            or_(
                Delivery.state == DeliveryState.HELD,
                Delivery.state.in_(STUCK) & may_leave,
            ),
        )
    )


def _is_open_order() -> ColumnElement[bool]:
    """It is the last order about its receipt or comment, and the receipt has not gone."""
    order, later = aliased(Order), aliased(Order)
    is_same = or_(later.receipt_id == order.receipt_id, later.comment_id == order.comment_id)
    is_gone = exists().where(ReceiptRow.id == order.receipt_id, ReceiptRow.gone_at.is_not(None))
    is_open = exists().where(
        order.delivery_id == Delivery.id,
        ~exists().where(later.id > order.id, is_same).correlate_except(later),
        ~is_gone.correlate_except(ReceiptRow),
    )
    return is_open.correlate_except(order)


def _depending(_session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield what waits of changed posts: a new text takes its place, or they changed hands."""
    of_posts = Delivery.post_id.in_(noted.ids[Post.__tablename__])
    yield select(Delivery.id).where(of_posts, Delivery.state.in_(NEEDS_PERSON))


DELIVERIES = SubjectTasks(
    table=Delivery.__tablename__,
    kinds=tuple(_KINDS.values()),
    specs_of=list_specs,
    open_ids=select(Delivery.id, Post.department_id)
    .join(Post, Post.id == Delivery.post_id)
    .where(Delivery.state.in_(NEEDS_PERSON)),
    depends_on=(Post.__tablename__,),
    depending=_depending,
    open_states=NEEDS_PERSON,
)
"""What is asked about deliveries that a person has to decide about."""
