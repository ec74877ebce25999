"""Prepare, confirm and cancel lists of people who move to other offices on a day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals import appointments
from approvals.appointments import NEEDS_CONFIRMATION, PendingAppointment
from approvals.errors import NotAllowed, WrongState
from approvals.policy import Action, Actor, Role, require
from publisher import transitions
from publisher.auth.contact_details import BadPerson
from publisher.models.people import Appointment
from publisher.models.transfers import Transfer, TransferList
from publisher.people import recorders
from publisher.people.appointments import read_order
from publisher.people.confirmation import MayNotConfirm
from publisher.transfers import checks, row_lookup, transfer_notices
from publisher.transfers.checks import CheckedList
from publisher.transfers.row_lookup import PlannedTransfer, add_row_index
from publisher.transfers.typed_rows import MOST, TypedRow
from publisher.validation import FieldError, Invalid, existing, person_of
from publisher.working_time import local_day

LONGEST_AHEAD: Final = timedelta(days=366)


class ListChanged(NotAllowed):
    """The list has changed since the page showed it."""

    code = "transfers_changed"


class ListTooLate(NotAllowed):
    """The list was not confirmed by its day, so it does not take place."""

    code = "transfers_too_late"


def prepare(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    rows: Sequence[TypedRow],
    in_force_on: date | None,
    order_number: str,
) -> TransferList:
    """Store a list for a second person to confirm, and ask those who may confirm it.

    Raises `WrongRole`, or `Invalid` with everything that is wrong; the fields of the rows end with
    `_` and the row's index.
    """
    require(actor, Action.TRANSFER_PEOPLE, None, now=now)
    day, order, problems = _read_order(in_force_on, order_number, now=now)
    if not rows or len(rows) > MOST:
        code = "transfers_too_many" if rows else "transfers_none"
        problems.append(FieldError("pasted", code, {"most": MOST}))
        raise Invalid(problems)
    register = row_lookup.load_register(session, at=checks.earliest_moment(day, now=now))
    try:
        planned = row_lookup.resolve(rows, register)
    except Invalid as invalid:
        raise Invalid([*problems, *invalid.problems]) from invalid
    problems += checks.check(session, planned, day, now=now).problems
    problems += [
        add_row_index(FieldError("person", "transfer_own"), index)
        for index, transfer in enumerate(planned)
        if transfer.before.person_id == actor.person_id
    ]
    if problems:
        raise Invalid(problems)
    return _store(session, planned, day, order, actor=actor, now=now)


def _read_order(
    in_force_on: date | None, order_number: str, *, now: datetime
) -> tuple[date, str, list[FieldError]]:
    """Return the day and the number of the order, and what is wrong with them."""
    problems: list[FieldError] = []
    today, order = local_day(now), ""
    if in_force_on is None:
        problems.append(FieldError("in_force_on", "required"))
    elif in_force_on < today:
        problems.append(FieldError("in_force_on", "transfers_past"))
    elif in_force_on > today + LONGEST_AHEAD:
        problems.append(FieldError("in_force_on", "transfers_too_far"))
    try:
        order = read_order(order_number)
    except BadPerson as bad:
        problems.append(FieldError("order_number", bad.code, bad.values))
    else:
        if not order:
            problems.append(FieldError("order_number", "required"))
    is_usable = in_force_on is not None and today <= in_force_on <= today + LONGEST_AHEAD
    return (in_force_on if in_force_on and is_usable else today), order, problems


def _store(
    session: Session,
    planned: Sequence[PlannedTransfer],
    day: date,
    order: str,
    *,
    actor: Actor,
    now: datetime,
) -> TransferList:
    transfer_list = TransferList(
        order_number=order,
        in_force_on=day,
        prepared_at=now,
        prepared_by_id=person_of(actor),
        rows=[
            Transfer(
                before=transfer.before,
                department=transfer.department,
                role=transfer.role,
                rank=transfer.rank,
            )
            for transfer in planned
        ],
    )
    session.add(transfer_list)
    values = {"in_force_on": day.isoformat(), "order_number": order, "count": len(planned)}
    verb = "prepare_transfers"
    transitions.record(session, transfer_list, verb, actor=actor, now=now, values=values)
    transfer_notices.ask_to_confirm(session, transfer_list, actor=actor, now=now)
    return transfer_list


def list_planned_transfers(transfer_list: TransferList) -> list[PlannedTransfer]:
    """Return the transfers of a stored list."""
    return [
        PlannedTransfer(transfer.before, transfer.department, transfer.role, transfer.rank)
        for transfer in transfer_list.rows
    ]


def check_stored(session: Session, transfer_list: TransferList, *, now: datetime) -> CheckedList:
    """Check a stored list as `checks.check` does, and that what was confirmed has not changed."""
    planned, day = list_planned_transfers(transfer_list), transfer_list.in_force_on
    checked = checks.check(session, planned, day, now=now, list_id=transfer_list.id)
    changed = [
        add_row_index(FieldError("person", "transfer_contact_changed"), index)
        for index, transfer in enumerate(transfer_list.rows)
        if transfer.contact_digest not in {"", _contact_digest(transfer)}
    ]
    return CheckedList([*checked.problems, *changed], checked.ranks)


def _contact_digest(transfer: Transfer) -> str:
    """Return a digest of the person's contact data."""
    person = transfer.before.person
    return hashlib.sha256(repr((person.mail, person.mobile)).encode()).hexdigest()


def transfers_digest(transfer_list: TransferList) -> str:
    """Return a digest of what a confirmation of the list covers."""
    parts: list[object] = [transfer_list.order_number, transfer_list.in_force_on]
    for transfer in transfer_list.rows:
        before, person = transfer.before, transfer.before.person
        parts += [
            before.id,
            before.state_at.timestamp(),
            transfer.department_id,
            transfer.role,
            transfer.rank,
        ]
        parts += [person.name_mr, person.designation, person.mail, person.mobile]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def is_late(transfer_list: TransferList, *, now: datetime) -> bool:
    """Return True if the list was not confirmed by its day: it does not take place."""
    return (
        transfer_list.waits
        and transfer_list.confirmed_at is None
        and transfer_list.in_force_on < local_day(now)
    )


def may_confirm(session: Session, transfer_list: TransferList, actor: Actor) -> bool:
    """Return True if the actor may confirm every row of the list."""
    return _row_not_to_confirm(session, transfer_list, actor) is None


def _row_not_to_confirm(
    session: Session, transfer_list: TransferList, actor: Actor
) -> Transfer | None:
    """Return the first row that the actor may not confirm, or None."""
    bound = recorders.ids_to_bar(session, actor)
    listed_ids = {transfer.before.person_id for transfer in transfer_list.rows}
    return next(
        (
            transfer
            for transfer in transfer_list.rows
            # A head confirms single officers; lists are for admins and leads.
            if actor.role is Role.HEAD
            or actor.person_id in listed_ids
            or not appointments.may_confirm(
                actor, _pending(transfer_list, transfer), bound_ids=bound
            )
        ),
        None,
    )


def _pending(transfer_list: TransferList, transfer: Transfer) -> PendingAppointment:
    writers = recorders.list_unconfirmed_writers(transfer.before)
    return PendingAppointment(
        person_id=transfer.before.person_id,
        role=Role(transfer.role),
        department_id=transfer.department_id,
        superior_id=transfer.department.reports_to_id,
        recorder_ids=frozenset(
            {transfer_list.prepared_by_id, *(writer.person_id for writer in writers)}
        ),
        is_left_by_head=False,
    )


def confirm(
    session: Session, *, actor: Actor, now: datetime, list_id: int, digest: str
) -> TransferList:
    """Confirm a whole list as the page showed it, by `digest`, and notify the heads.

    Raises `WrongRole`, `FreshSignInRequired`, `NotFound`, `WrongState`, `ListTooLate`,
    `ListChanged`, `MayNotConfirm`, or `Invalid` if something now hinders it.
    """
    require(actor, Action.CONFIRM_APPOINTMENT, None, now=now)
    transfer_list = lock_list(session, list_id)
    if not transfer_list.waits or transfer_list.confirmed_at is not None:
        raise WrongState(state="confirmed", to="confirmed")
    if is_late(transfer_list, now=now):
        raise ListTooLate
    if digest != transfers_digest(transfer_list):
        raise ListChanged
    barred = _row_not_to_confirm(session, transfer_list, actor)
    if barred is not None:
        raise MayNotConfirm(name=barred.before.person.name_mr)
    problems = check_stored(session, transfer_list, now=now).problems
    if problems:
        raise Invalid(problems)
    for transfer in transfer_list.rows:
        # Before that day somebody may give the person another address, which nobody has confirmed.
        if transfer.role in NEEDS_CONFIRMATION:
            transfer.contact_digest = _contact_digest(transfer)
    transfer_list.confirmed_at = now
    transfer_list.confirmed_by_id = actor.person_id
    transfer_list.confirmed_under_id = actor.appointment_id
    transitions.record(session, transfer_list, "confirm_transfers", actor=actor, now=now)
    transfer_notices.notify_heads(session, transfer_list, actor=actor, now=now)
    return transfer_list


def cancel(session: Session, *, actor: Actor, now: datetime, list_id: int) -> TransferList:
    """Cancel a list that has not taken effect. Raises `WrongRole`, `NotFound`, `WrongState`."""
    require(actor, Action.TRANSFER_PEOPLE, None, now=now)
    transfer_list = lock_list(session, list_id)
    if not transfer_list.waits:
        raise WrongState(state="done", to="dropped")
    transfer_list.dropped_at, transfer_list.dropped_by_id = now, actor.person_id
    transitions.record(session, transfer_list, "drop_transfers", actor=actor, now=now)
    if transfer_list.confirmed_at is not None:
        transfer_notices.notify_heads(
            session, transfer_list, actor=actor, now=now, is_cancelled=True
        )
    return transfer_list


def lock_list(session: Session, list_id: int) -> TransferList:
    """Return the list, freshly read and locked until the transaction ends. Raises `NotFound`."""
    existing(session.get(TransferList, list_id, with_for_update={"of": TransferList}), list_id)
    return existing_list(session, list_id)


def existing_list(session: Session, list_id: int) -> TransferList:
    """Return the list with its people and departments, freshly read. Raises `NotFound`."""
    query = _list_query().where(TransferList.id == list_id)
    transfer_list = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return existing(transfer_list, list_id)


def _list_query() -> Select[TransferList]:
    before = selectinload(TransferList.rows).joinedload(Transfer.before)
    return select(TransferList).options(
        joinedload(TransferList.prepared_by),
        joinedload(TransferList.confirmed_by),
        joinedload(TransferList.dropped_by),
        before.joinedload(Appointment.person),
        before.joinedload(Appointment.department),
        selectinload(TransferList.rows).joinedload(Transfer.department),
    )


def all_lists() -> Select[TransferList]:
    """Return every list, those that wait first, then the latest first."""
    is_over = TransferList.done_at.is_not(None) | TransferList.dropped_at.is_not(None)
    order = (is_over, TransferList.in_force_on.desc(), TransferList.id.desc())
    return _list_query().order_by(*order)


def count_waiting(session: Session, *, now: datetime) -> int:
    """Return how many lists wait for a second person, and can still be confirmed."""
    query = select(func.count()).where(
        TransferList.confirmed_at.is_(None),
        TransferList.dropped_at.is_(None),
        TransferList.in_force_on >= local_day(now),
    )
    return session.scalar(query) or 0
