"""Stopping all deliveries, and releasing the stop: by a person or a command, with a reason.

Each stop is a row of its own: while one is in force, only hides and deletions are sent. So two
people may stop at the same time without a lock, and nobody releases a stop that they have not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, require
from publisher import transitions
from publisher.delivery import restore_state
from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Variant
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility, roster
from publisher.people.permissions import is_command
from publisher.review.gate_adapter import APPROVAL_KINDS
from publisher.scheduling.holds import TAKES_BACK, is_held
from publisher.states import UNSENT, DeliveryState
from publisher.validation import FieldError, Invalid, clean_reason

ON_ITS_WAY = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
"""States that no stop reaches any more: the delivery was sent, or may have been."""

SOON = timedelta(hours=24)
"""Departments with posts due within this time are notified of a stop."""


STOP_ALL = "stop_all"


class ReleasedAlready(NotAllowed):
    """The stops have been released by someone else."""

    code = "released_already"


def open_stops(session: Session) -> list[Stop]:
    """Return the stops that are in force, the oldest first."""
    return list(session.scalars(_open_stops()))


@cache
def _open_stops() -> Select[Stop]:
    is_open = Stop.released_at.is_(None)
    return select(Stop).where(is_open).options(*_people_options()).order_by(Stop.id)


def past_stops(session: Session, *, most: int = 20) -> list[Stop]:
    """Return the stops that were released, the newest first."""
    query = select(Stop).where(Stop.released_at.is_not(None)).options(*_people_options())
    return list(
        session.scalars(query.order_by(Stop.released_at.desc(), Stop.id.desc()).limit(most))
    )


def stop_all(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
    origin: Mapping[str, str] | None = None,
) -> Stop:
    """Hold everything but hides and deletions until the stop is released, and notify people.

    A second call with the same actor and reason returns the first stop. `origin` is a command's
    name and user, for the history. Raises `WrongRole`, or `Invalid` if the reason is missing.
    """
    if not is_command(actor):
        on_duty = roster.is_on_duty(session, actor, now=now)
        require(actor, Action.STOP_ALL, None, now=now, on_duty=on_duty)
    text = clean_reason(reason)
    for open_stop in open_stops(session):
        if (open_stop.person_id, open_stop.reason) == (actor.person_id, text):
            return open_stop
    stop = Stop(
        at=now,
        reason=text,
        person_id=actor.person_id,
        appointment_id=actor.appointment_id,
    )
    session.add(stop)
    transitions.record(session, stop, STOP_ALL, actor=actor, now=now, values=origin)
    waiting = select(Delivery.post_id).where(_waits(), Delivery.due_at <= now + SOON)
    _notify(session, NoticeKind.STOPPED, stop, waiting, now=now)
    return stop


def release(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    stop_ids: Collection[int],
    reason: str,
    accepted_in_doubt: int = 0,
    origin: Mapping[str, str] | None = None,
) -> list[Stop]:
    """Release these stops; newer ones stay in force.

    A restore's stop is only released if at most `accepted_in_doubt` deliveries are in doubt.
    `origin` is a command's name and user, for the history. Raises `WrongRole`, `Invalid` if the
    reason is missing or more deliveries are in doubt, and `ReleasedAlready` if none of these stops
    is in force any more.
    """
    if not is_command(actor):
        require(actor, Action.RELEASE, None, now=now)
    text = clean_reason(reason)
    query = select(Stop).where(Stop.id.in_(stop_ids), Stop.released_at.is_(None)).order_by(Stop.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    stops = list(session.scalars(fresh))
    if not stops:
        raise ReleasedAlready
    in_doubt = restore_state.count_in_doubt(session, stops)
    if in_doubt.total > accepted_in_doubt:
        raise Invalid([FieldError("in_doubt", "in_doubt", {"total": in_doubt.total})])
    for stop in stops:
        stop.released_at, stop.released_by_id, stop.release_reason = now, actor.person_id, text
        doubts = asdict(in_doubt) if in_doubt.total and stop.person_id is None else {}
        values = {**doubts, **(origin or {})}
        transitions.record(session, stop, "release", actor=actor, now=now, values=values or None)
    if not open_stops(session):
        fell_due = Delivery.due_at.between(stops[0].at, now)
        kept_here = Delivery.state.in_((*UNSENT, DeliveryState.MISSED))
        waited = select(Delivery.post_id).where(kept_here, fell_due)
        _notify(session, NoticeKind.RELEASED, stops[-1], waited, now=now)
    return stops


def is_by_command(session: Session, stop: Stop) -> bool:
    """Return True if a command made this stop, not a person and not a restore."""
    if stop.person_id is not None:
        return False
    query = select(Event.id).where(
        Event.subject == Stop.__tablename__, Event.subject_id == stop.id, Event.verb == STOP_ALL
    )
    return session.execute(query.limit(1)).first() is not None


def deliveries_in_flight(
    session: Session,
    *,
    department_ids: frozenset[int] | None,
    post_id: int | None = None,
    approved_under: Collection[int] | None = None,
    frozen_by: Freeze | None = None,
) -> list[Delivery]:
    """Return the deliveries that no stop reaches: they are being sent, or may be live.

    They can be limited to departments (None: all), to one post, to what was approved under these
    appointments, or to what this freeze would hold whatever its dates.
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
    if department_ids is not None:
        query = query.where(Post.department_id.in_(department_ids))
    if post_id is not None:
        query = query.where(Delivery.post_id == post_id)
    if approved_under is not None:
        approval_of_revision = exists().where(
            Variant.id == Delivery.variant_id,
            Decision.revision_id == Variant.revision_id,
            Decision.kind.in_(APPROVAL_KINDS),
            Decision.appointment_id.in_(approved_under),
        )
        query = query.where(approval_of_revision)
    if frozen_by is not None:
        query = query.where(is_held(frozen_by))
    return list(session.scalars(query))


def count_held(session: Session, *, now: datetime, department_ids: frozenset[int] | None) -> int:
    """Count the deliveries that are due and held by a stop."""
    query = (
        select(func.count(Delivery.id))
        .join(Post, Post.id == Delivery.post_id)
        .where(_waits(), Delivery.due_at <= now)
    )
    if department_ids is not None:
        query = query.where(Post.department_id.in_(department_ids))
    return session.execute(query).scalar_one()


def _waits() -> ColumnElement[bool]:
    """Return a condition: the delivery is unsent and held by a stop."""
    return Delivery.state.in_(UNSENT) & Delivery.action.not_in(TAKES_BACK)


def _people_options() -> tuple[ORMOption, ...]:
    appointment = joinedload(Stop.appointment)
    return (
        joinedload(Stop.person),
        joinedload(Stop.released_by),
        appointment.joinedload(Appointment.department),
        appointment.joinedload(Appointment.person),
    )


def _notify(
    session: Session, kind: NoticeKind, stop: Stop, posts: Select[int], *, now: datetime
) -> None:
    """Notify the admins, the cell, and those responsible for the departments of these posts."""
    is_over = kind is NoticeKind.RELEASED
    by = stop.released_by_id if is_over else stop.person_id
    values = {
        "at": now,
        "reason": stop.release_reason if is_over else stop.reason,
        "by": session.get(Person, by) if by is not None else None,
    }
    appointments = [
        *responsibility.holders(session, Role.ADMIN, now=now),
        *responsibility.cell(session, now=now),
    ]
    query = select(Post.department_id).where(Post.id.in_(posts)).distinct()
    for department_id in session.scalars(query.order_by(Post.department_id)):
        appointments += responsibility.list_informed(session, department_id, now=now)
    people = responsibility.people_of(appointments)
    compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=links.STOP)
