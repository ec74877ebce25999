"""Stopping everything that would leave, and letting it go on: by a person, with a reason.

Each stop stands for itself: while one stands, nothing but hides and deletions leaves. So two
people who press at once need no lock, and no stop is released that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, may, require, scope_of
from publisher import transitions
from publisher.delivery import restore_state
from publisher.delivery.emergency import roster
from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Variant
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility
from publisher.review.gate_adapter import APPROVALS
from publisher.scheduling.constraints import UNSENT
from publisher.scheduling.holds import TAKES_BACK, is_held
from publisher.states import DeliveryState
from publisher.validation import FieldError, Invalid, checked_reason

ON_ITS_WAY = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
"""What no stop reaches any more: it has left, or may have."""

SOON = timedelta(hours=24)
"""Whose post was to leave so soon is told that it does not."""


class ReleasedAlready(NotAllowed):
    """Somebody else has released these stops."""

    code = "released_already"


def may_stop(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Whether this actor may stop everything now: by role, or while on the duty roster."""
    if scope_of(actor, Action.STOP_ALL) is None:
        return False
    on_duty = roster.is_on_duty(session, actor, now=now)
    return may(actor, Action.STOP_ALL, None, on_duty=on_duty)


def standing(session: Session) -> list[Stop]:
    """The stops that nobody has released, the oldest first."""
    query = select(Stop).where(Stop.released_at.is_(None)).options(*_with_people())
    return list(session.scalars(query.order_by(Stop.id)))


def past(session: Session, *, most: int = 20) -> list[Stop]:
    """The stops that were released, the newest first."""
    query = select(Stop).where(Stop.released_at.is_not(None)).options(*_with_people())
    return list(
        session.scalars(query.order_by(Stop.released_at.desc(), Stop.id.desc()).limit(most))
    )


def stop_all(session: Session, *, actor: Actor, now: datetime, reason: str) -> Stop:
    """Hold everything but hides and deletions until it is released; admins and others are told.

    Pressed twice with the same words it is one stop. Raises `WrongRole`, or `Invalid` where the
    reason is missing.
    """
    on_duty = roster.is_on_duty(session, actor, now=now)
    require(actor, Action.STOP_ALL, None, now=now, on_duty=on_duty)
    words = checked_reason(reason)
    for one in standing(session):
        if (one.person_id, one.reason) == (actor.person_id, words):
            return one
    stop = Stop(
        at=now,
        reason=words,
        person_id=actor.person_id,
        appointment_id=actor.appointment_id,
    )
    session.add(stop)
    transitions.record(session, stop, "stop_all", actor=actor, now=now)
    waiting = select(Delivery.post_id).where(_waits(), Delivery.due_at <= now + SOON)
    _tell(session, NoticeKind.STOPPED, stop, waiting, now=now)
    return stop


def release(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    seen: Collection[int],
    reason: str,
    known: int = 0,
) -> list[Stop]:
    """Release the stops that were on the screen; one that came since goes on standing.

    `known`: with how many deliveries in doubt whoever releases a restore's stop is content.
    Raises `WrongRole`, `Invalid` where the reason is missing or more than that are in doubt, and
    `ReleasedAlready` where none of them stands any more.
    """
    require(actor, Action.RELEASE, None, now=now)
    words = checked_reason(reason)
    query = select(Stop).where(Stop.id.in_(seen), Stop.released_at.is_(None)).order_by(Stop.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    found = list(session.scalars(fresh))
    if not found:
        raise ReleasedAlready
    left = restore_state.in_doubt(session, found)
    if left.total > known:
        raise Invalid([FieldError("in_doubt", "in_doubt", {"total": left.total})])
    for one in found:
        one.released_at, one.released_by_id, one.release_reason = now, actor.person_id, words
        values = asdict(left) if left.total and one.person_id is None else None
        transitions.record(session, one, "release", actor=actor, now=now, values=values)
    if not standing(session):
        fell_due = Delivery.due_at.between(found[0].at, now)
        kept_here = Delivery.state.in_((*UNSENT, DeliveryState.MISSED))
        waited = select(Delivery.post_id).where(kept_here, fell_due)
        _tell(session, NoticeKind.RELEASED, found[-1], waited, now=now)
    return found


def on_its_way(
    session: Session,
    *,
    seen: frozenset[int] | None,
    post_id: int | None = None,
    approved_under: Collection[int] | None = None,
    frozen_by: Freeze | None = None,
) -> list[Delivery]:
    """What no stop reaches: it is being sent, or may be live. `seen` are departments' ids.

    Of one post, of what was approved under these appointments, or of what this freeze would hold,
    its dates aside, where that is asked for.
    """
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(Delivery.state.in_(ON_ITS_WAY), Delivery.action.not_in(TAKES_BACK))
        .options(
            joinedload(Delivery.post), joinedload(Delivery.account), joinedload(Delivery.variant)
        )
        .order_by(Delivery.sending_at, Delivery.id)
    )
    if seen is not None:
        query = query.where(Post.department_id.in_(seen))
    if post_id is not None:
        query = query.where(Delivery.post_id == post_id)
    if approved_under is not None:
        query = query.where(_rests_on(approved_under))
    if frozen_by is not None:
        query = query.where(is_held(frozen_by))
    return list(session.scalars(query))


def _rests_on(appointment_ids: Collection[int]) -> ColumnElement[bool]:
    """The delivery's revision was approved under one of these appointments."""
    return exists().where(
        Variant.id == Delivery.variant_id,
        Decision.revision_id == Variant.revision_id,
        Decision.kind.in_(APPROVALS),
        Decision.appointment_id.in_(appointment_ids),
    )


def held_now(session: Session, *, now: datetime, seen: frozenset[int] | None) -> int:
    """How many deliveries are due and stay here while everything is stopped."""
    query = (
        select(func.count(Delivery.id))
        .join(Post, Post.id == Delivery.post_id)
        .where(_waits(), Delivery.due_at <= now)
    )
    if seen is not None:
        query = query.where(Post.department_id.in_(seen))
    return session.execute(query).scalar_one()


def _waits() -> ColumnElement[bool]:
    """What has not left and is held by a stop."""
    return Delivery.state.in_(UNSENT) & Delivery.action.not_in(TAKES_BACK)


def _with_people() -> tuple[ORMOption, ...]:
    held = joinedload(Stop.appointment)
    return (
        joinedload(Stop.person),
        joinedload(Stop.released_by),
        held.joinedload(Appointment.department),
        held.joinedload(Appointment.person),
    )


def _tell(
    session: Session, kind: NoticeKind, stop: Stop, posts: Select[int], *, now: datetime
) -> None:
    """Admins and the cell, and the officers and heads of whoever's posts these are."""
    is_over = kind is NoticeKind.RELEASED
    by = stop.released_by_id if is_over else stop.person_id
    values = {
        "at": now,
        "reason": stop.release_reason if is_over else stop.reason,
        "by": session.get(Person, by) if by is not None else None,
    }
    for person in _concerned(session, posts, now=now):
        compose.queue(session, kind=kind, person=person, values=values, now=now, path=links.stop())


def _concerned(session: Session, posts: Select[int], *, now: datetime) -> list[Person]:
    found = [
        *responsibility.holders(session, Role.ADMIN, now=now),
        *responsibility.cell(session, now=now),
    ]
    query = select(Post.department_id).where(Post.id.in_(posts)).distinct()
    for department_id in session.scalars(query.order_by(Post.department_id)):
        found += responsibility.responsible_chain(session, department_id, now=now)
    return list({one.person_id: one.person for one in found}.values())
