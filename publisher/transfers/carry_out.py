"""Carry out lists of transfers on their day: everybody on a list moves, or nobody does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.policy import CLOCK, Role
from approvals.states import PostState
from publisher import transitions
from publisher.database.noted_changes import note_changed
from publisher.database.session import Database
from publisher.models.history import Wrote
from publisher.models.people import Appointment, Department
from publisher.models.posts import Decision, Post, Revision
from publisher.models.transfers import Transfer, TransferList
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.people import (
    appointment_return,
    appointment_transfer,
    channels,
    recorders,
    responsibility,
)
from publisher.people.permissions import action_to_record
from publisher.review.gate_adapter import APPROVAL_KINDS
from publisher.states import AppointmentState
from publisher.transfers import hand_over, lists
from publisher.working_time import local_day


def tick_transfers(database: Database, *, now: Callable[[], datetime]) -> int:
    """Carry out the confirmed lists whose day has come; return how many took effect.

    A hindered list changes nothing, and is tried again at the next tick.
    """
    with database.reading() as session:
        list_ids = list(session.scalars(_due(now()).order_by(TransferList.id)))
    return sum(_try_list(database, list_id, now=now()) for list_id in list_ids)


def _due(now: datetime) -> Select[int]:
    return select(TransferList.id).where(
        TransferList.done_at.is_(None),
        TransferList.dropped_at.is_(None),
        TransferList.confirmed_at.is_not(None),
        TransferList.in_force_on <= local_day(now),
    )


def _try_list(database: Database, list_id: int, *, now: datetime) -> bool:
    with database.transaction() as session:
        transfer_list = lists.lock_list(session, list_id)
        if not transfer_list.waits:
            return False
        approvals = _lock(session, transfer_list)
        checked = lists.check_stored(session, transfer_list, now=now)
        if checked.problems:
            transfer_list.hindered_at = transfer_list.hindered_at or now
            note_changed(session, TransferList.__tablename__, list_id, now=now, is_by_person=False)
            return False
        for index, transfer in enumerate(transfer_list.rows):
            _appoint(session, transfer_list, transfer, checked.ranks.get(index), now=now)
        session.flush()
        verb = "carry_out_transfers"
        appointment_return.let_lapse(session, approvals, actor=CLOCK, now=now, why=verb)
        for transfer in transfer_list.rows:
            _transfer_work(session, transfer_list, transfer, now=now)
        leaving = [transfer.before for transfer in transfer_list.rows]
        appointment_transfer.end_appointments(session, leaving, actor=CLOCK, now=now)
        _notify(session, transfer_list, now=now)
        transfer_list.done_at = now
        transitions.record(session, transfer_list, verb, actor=CLOCK, now=now)
        return True


def _lock(session: Session, transfer_list: TransferList) -> Sequence[Decision]:
    """Lock everything that the list moves, and return the approvals that will no longer count.

    Posts come first, then departments and appointments, as when people record and decide.
    """
    before_ids = sorted(transfer.before_id for transfer in transfer_list.rows)
    query = (
        select(Decision)
        .join(Decision.revision)
        .join(Revision.post)
        .where(
            Decision.appointment_id.in_(before_ids),
            Decision.kind.in_(APPROVAL_KINDS),
            Decision.withdrawn_at.is_(None),
            Revision.number == Post.newest,
            or_(Post.state == PostState.IN_REVIEW, hand_over.is_approved_and_unsent()),
        )
        .order_by(Post.id, Decision.id)
    )
    for decision in session.scalars(query).all():
        transitions.lock(session, Post, decision.revision.post_id)
    departments = {transfer.department_id for transfer in transfer_list.rows}
    departments |= {transfer.before.department_id for transfer in transfer_list.rows}
    for department_id in sorted(departments):
        session.get(
            Department, department_id, with_for_update={"key_share": True}, populate_existing=True
        )
    for appointment_id in before_ids:
        transitions.lock(session, Appointment, appointment_id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _appoint(
    session: Session,
    transfer_list: TransferList,
    transfer: Transfer,
    rank: int | None,
    *,
    now: datetime,
) -> None:
    """Add the new appointment: the list's second person has confirmed that this person has it."""
    before = transfer.before
    is_taken_up = before.taken_up_at is not None
    appointment = Appointment(
        person=before.person,
        role=transfer.role,
        department=transfer.department,
        rank=rank,
        from_at=now,
        until_at=before.until_at,
        order_number=transfer_list.order_number,
        service_class=before.service_class,
        state=AppointmentState.ACTIVE if is_taken_up else AppointmentState.CONFIRMED,
        state_at=now,
        recorded_by_id=transfer_list.prepared_by_id,
        confirmed_by_id=transfer_list.confirmed_by_id,
        confirmed_under_id=transfer_list.confirmed_under_id,
        confirmed_at=now,
        taken_up_at=before.taken_up_at,
    )
    session.add(appointment)
    recorders.add(appointment, transfer_list.prepared_by_id, Wrote.RECORDED, at=now)
    recorders.inherit(appointment, before)
    transfer.after = appointment
    if transfer.role in NEEDS_CONFIRMATION:
        channels.note_confirmed(before.person, now=now)
    values = {
        "role": transfer.role,
        "department": transfer.department_id,
        "rank": rank,
        "before": before.id,
        "transfers": transfer_list.id,
    }
    verb = action_to_record(Role(transfer.role))
    transitions.record(session, appointment, verb, actor=CLOCK, now=now, values=values)


def _transfer_work(
    session: Session, transfer_list: TransferList, transfer: Transfer, *, now: datetime
) -> None:
    """Hand over the open work to whoever comes in the same role, else to the first who stays."""
    before = transfer.before
    if before.role not in hand_over.AT_DEPARTMENT:
        return
    offices = responsibility.responsible_chain(session, before.department_id, now=now)
    leaving_ids = {other.before_id for other in transfer_list.rows}
    coming_ids = {other.after_id for other in transfer_list.rows}

    def distance(office: Appointment) -> tuple[bool, bool, bool, bool]:
        is_same_person = office.person_id == before.person_id  # with another rank
        is_same_role = office.role is before.role
        is_same_place = is_same_role and office.rank == before.rank
        is_coming = office.id in coming_ids
        return not is_same_person, not is_same_place, not is_same_role, not is_coming

    staying = [office for office in offices if office.id not in leaving_ids]
    target = min(staying, key=distance, default=None)
    if target is not None:
        hand_over.move_work(session, before, target, actor=CLOCK, now=now)


def _notify(session: Session, transfer_list: TransferList, *, now: datetime) -> None:
    """Notify everybody on the list of their new office."""
    for transfer in transfer_list.rows:
        values: dict[str, object] = {
            "role": transfer.role,
            "department": transfer.department,
            "on": local_day(now),
            "by": transfer_list.confirmed_by,
        }
        if transfer.before.person.password_hash is None:
            values["without_password"] = True
        kind, person = NoticeKind.IN_OFFICE, transfer.before.person
        compose.queue(session, kind=kind, person=person, values=values, now=now)
