"""Confirm appointments: somebody other than the recorder says who holds an office."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals import appointments, gate
from approvals.appointments import STAFF, PendingAppointment
from approvals.approvers import Candidate
from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, ActorKind, Role, require
from publisher import transitions
from publisher.auth.offices import activate
from publisher.models.history import AppointmentRecorder
from publisher.models.people import Appointment, Department, Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.people import (
    channel_writers,
    channels,
    invitations,
    office_links,
    recorders,
    responsibility,
)
from publisher.people.permissions import is_command, not_ended
from publisher.states import AppointmentState
from publisher.validation import FieldError, Invalid, existing
from publisher.working_time import add_working_days, local_day

HEAD_DECIDES_WITHIN: Final = 3
"""Working days after which the head of the office above may confirm an officer too."""

MOST_AT_ONCE: Final = 200


class MayNotConfirm(NotAllowed):
    """The actor recorded it, is of one hand with a recorder, or is not responsible for it.

    `name` is the person who was to be confirmed.
    """

    code = "may_not_confirm"


class ChangedSinceShown(NotAllowed):
    """What the page showed about this person has changed; `name` is the person."""

    code = "changed_since_shown"


def _waiting(now: datetime) -> Select[Appointment]:
    return (
        select(Appointment)
        .join(Appointment.person)
        .join(Appointment.department)
        .where(
            Appointment.state == AppointmentState.RECORDED,
            not_ended(now),
            Person.disabled_at.is_(None),
        )
        .options(
            joinedload(Appointment.person),
            joinedload(Appointment.department),
            joinedload(Appointment.recorded_by),
            selectinload(Appointment.recorders).joinedload(AppointmentRecorder.person),
            selectinload(Appointment.letters),
        )
        .order_by(Department.name_mr, Appointment.role, Appointment.id)
    )


def waiting(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the appointments that wait for confirmation, by department and role."""
    return list(session.scalars(_waiting(now)))


def count_waiting(session: Session, *, now: datetime) -> int:
    """Return how many appointments wait for confirmation."""
    query = _waiting(now).with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalar(query.order_by(None)) or 0


def list_others_waiting(
    session: Session, own: Collection[Appointment], *, now: datetime
) -> list[Appointment]:
    """Return the waiting appointments that are not in `own`, at most 200."""
    query = _waiting(now).where(Appointment.id.not_in([row.id for row in own]))
    return list(session.scalars(query.limit(MOST_AT_ONCE)))


def list_confirmable(session: Session, actor: Actor, *, now: datetime) -> list[Appointment]:
    """Return the waiting appointments that the actor may confirm, at most 200."""
    query = _waiting(now).where(_is_within_reach(actor))
    if actor.role is not Role.HEAD:
        barred = recorders.ids_to_bar(session, actor)
        query = query.where(~recorders.has_writer(barred)).limit(MOST_AT_ONCE)
    return confirmable(session, actor, session.scalars(query), now=now)[:MOST_AT_ONCE]


def confirmable(
    session: Session, actor: Actor, candidates: Iterable[Appointment], *, now: datetime
) -> list[Appointment]:
    """Return those of these appointments that the actor may confirm; a command may confirm all."""
    candidates = list(candidates)
    # Nearly always nothing waits, so the actor's hand is read only if something does.
    if is_command(actor) or not candidates:
        return candidates
    bound = recorders.ids_to_bar(session, actor)
    rows = []
    for appointment in candidates:
        # Only a head's right depends on it, and each check is a statement.
        is_left = actor.role is Role.HEAD and _is_left_by_head(session, appointment, now)
        nomination = _nomination(appointment, is_left_by_head=is_left)
        if appointments.may_confirm(actor, nomination, bound_ids=bound):
            rows.append(appointment)
    return rows


def count_within_reach(actor: Actor, *, now: datetime) -> ColumnElement[int]:
    """Return the number of waiting appointments within the actor's reach, as a column.

    Of these the actor may confirm those that `count_confirmable` counts.
    """
    query = _waiting(now).where(_is_within_reach(actor)).order_by(None)
    return query.with_only_columns(func.count(), maintain_column_froms=True).scalar_subquery()


def count_confirmable(session: Session, actor: Actor, *, now: datetime) -> int:
    """Return how many of the waiting appointments the actor may confirm."""
    if actor.role is Role.HEAD:
        return len(list_confirmable(session, actor, now=now))
    query = _waiting(now).outerjoin(Appointment.recorders).where(_is_within_reach(actor))
    columns = (Appointment.id, AppointmentRecorder.person_id)
    rows = session.execute(query.with_only_columns(*columns, maintain_column_froms=True)).all()
    barred = recorders.ids_to_bar(session, actor) if rows else ()
    written_ids = {number for number, writer_id in rows if writer_id in barred}
    return len({number for number, _writer_id in rows} - written_ids)


def _is_within_reach(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of what the actor's role may confirm; for a head, now or later."""
    if actor.role is Role.HEAD:
        department_ids = (Appointment.department_id, Department.reports_to_id)
        return or_(*(column == actor.department_id for column in department_ids))
    return and_(
        Appointment.person_id != actor.person_id,
        Appointment.role.not_in([] if actor.role is Role.ADMIN else STAFF),
    )


def find_unconfirmable(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the waiting appointments that nobody in office may confirm, now or later."""
    confirmers = possible_confirmers(session, waiting(session, now=now), now=now)
    return [appointment for appointment, offices in confirmers.items() if not offices]


def possible_confirmers(
    session: Session,
    candidates: Collection[Appointment],
    *,
    now: datetime,
    writer_id: int | None = None,
) -> dict[Appointment, list[Appointment]]:
    """Return the offices that may confirm each of these, now or later.

    With `writer_id`, the result is as if that person had written in them too.
    """
    offices = responsibility.lead_and_admins(session, now=now)
    offices += responsibility.holders(session, Role.HEAD, now=now)
    makers = recorders.makers(session)
    actors = [
        (
            office,
            Actor(ActorKind.PERSON, office.person_id, office.id, office.role, office.department_id),
            () if office.role is Role.HEAD else appointments.bound_ids(office.person_id, makers),
        )
        for office in offices
    ]
    confirmers: dict[Appointment, list[Appointment]] = {}
    for appointment in candidates:
        nomination = _nomination(appointment, is_left_by_head=True, writer_id=writer_id)
        confirmers[appointment] = [
            office
            for office, actor, bound in actors
            if appointments.may_confirm(actor, nomination, bound_ids=bound)
        ]
    return confirmers


def confirmation_digest(appointment: Appointment) -> str:
    """Return a digest of what a confirmation covers, including the moment since which it waits."""
    person = appointment.person
    # Somebody who saw it before a stop has not seen the stop.
    waits_since = appointment.state_at.timestamp()
    parts = (
        waits_since,
        *(person.name_mr, person.designation, person.mail, person.mobile),
        *(appointment.role, appointment.department_id, appointment.rank, appointment.order_number),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def check_shown(appointment: Appointment, digest: str) -> None:
    """Raise `ChangedSinceShown` if the digest differs from that of what a page would show now."""
    if digest != confirmation_digest(appointment):
        raise ChangedSinceShown(name=appointment.person.name_mr)


def confirm(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    digests: Mapping[int, str],
    origin: Mapping[str, str] | None = None,
) -> list[Appointment]:
    """Confirm these appointments, all or none; `digests` are those of what the page showed, by id.

    A person who already has a password is then in office, anybody else once they set one. `origin`
    is a command's name and user, and a command may confirm more than 200. Raises `WrongRole`,
    `FreshSignInRequired`, `Invalid`, `NotFound`, `ChangedSinceShown`, `MayNotConfirm`, or
    `WrongState` if somebody else has confirmed it.
    """
    if not is_command(actor):
        if len(digests) > MOST_AT_ONCE:
            raise Invalid([FieldError("chosen", "too_many", {"most": MOST_AT_ONCE})])
        require(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
    confirmed = [
        existing(transitions.lock(session, Appointment, appointment_id), appointment_id)
        for appointment_id in sorted(digests)
    ]
    allowed = confirmable(session, actor, confirmed, now=now)
    for appointment in confirmed:
        name = appointment.person.name_mr
        transitions.check_move(
            transitions.TABLES[Appointment], appointment.state, AppointmentState.CONFIRMED
        )
        check_shown(appointment, digests[appointment.id])
        if appointment not in allowed:
            raise MayNotConfirm(name=name)
    for appointment in confirmed:
        confirm_locked(session, appointment, actor=actor, now=now, origin=origin or {})
        notify_confirmed(session, appointment, actor=actor, now=now)
    return confirmed


def confirm_locked(
    session: Session,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str],
) -> None:
    """Confirm a locked appointment without checking the actor or notifying; raises `WrongState`."""
    transitions.apply(
        session,
        appointment,
        AppointmentState.CONFIRMED,
        actor=actor,
        now=now,
        verb=Action.CONFIRM_APPOINTMENT,
        values={"role": appointment.role, "department": appointment.department_id, **origin},
        columns={
            "confirmed_by_id": actor.person_id,
            "confirmed_under_id": actor.appointment_id,
            "confirmed_at": now,
            "told_at": None,
        },
    )
    channels.note_confirmed(appointment.person, now=now)
    if appointment.taken_up_at is not None:
        activate(session, appointment, now=now)


def notify_confirmed(
    session: Session, appointment: Appointment, *, actor: Actor, now: datetime
) -> None:
    """Notify the person that they are confirmed, and whether they still have to set a password."""
    person = appointment.person
    if office_links.can_take_up(session, appointment, now=now):
        return  # their link follows, which needs no password
    if person.password_hash is None and not invitations.was_invited(session, person):
        # If a list or a nomination was recorded, nobody has been invited yet.
        invitations.invite_by_both(session, appointment, now=now)
        return
    values: dict[str, object] = {
        "role": appointment.role,
        "department": appointment.department,
        "on": local_day(now),
    }
    if actor.person_id is not None:
        values["by"] = session.get_one(Person, actor.person_id)
    if person.password_hash is None:
        values["without_password"] = True
    compose.queue(session, kind=NoticeKind.IN_OFFICE, person=person, values=values, now=now)


def _is_left_by_head(session: Session, appointment: Appointment, now: datetime) -> bool:
    head = responsibility.head(session, appointment.department_id, now=now)
    is_late = now >= add_working_days(appointment.state_at, HEAD_DECIDES_WITHIN)
    return head is None or head.person_id in appointment.recorder_ids or is_late


def _nomination(
    appointment: Appointment, *, is_left_by_head: bool, writer_id: int | None = None
) -> PendingAppointment:
    return PendingAppointment(
        person_id=appointment.person_id,
        role=Role(appointment.role),
        department_id=appointment.department_id,
        superior_id=appointment.department.reports_to_id,
        recorder_ids=appointment.recorder_ids.union({writer_id} if writer_id else ()),
        is_left_by_head=is_left_by_head,
    )


def rests_on(appointment: Appointment) -> frozenset[int]:
    """Return the persons on whom the appointment rests; see `approvals.gate.rests_on`.

    Anybody who gave its holder another mail address or mobile is one of them.
    """
    writer_ids = channel_writers.writer_ids(appointment)
    confirming = appointment.confirmed_under
    is_staff = confirming is not None and confirming.role in STAFF
    staff_recorder_ids = confirming.recorder_ids if confirming and is_staff else frozenset()
    return writer_ids | gate.rests_on(
        appointment.recorder_ids, appointment.confirmed_by_id, staff_recorder_ids
    )


def own_ground(session: Session, actor: Actor) -> frozenset[int]:
    """Return the persons on whom the actor's present appointment rests."""
    key = actor.appointment_id
    return rests_on(session.get_one(Appointment, key)) if key is not None else frozenset()


def candidate(appointment: Appointment) -> Candidate:
    """Return the appointment as the gate weighs it."""
    return Candidate(appointment.person_id, appointment.id, rests_on(appointment))
