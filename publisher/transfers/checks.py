"""Check a list of transfers as a whole: whether everybody has a place on its day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.models.comments import Comment, Routing
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.people import Appointment
from publisher.models.transfers import Transfer, TransferList
from publisher.people.appointments import RANKS
from publisher.people.departments import is_in_force
from publisher.states import AppointmentState, CommentState
from publisher.transfers.row_lookup import PlannedTransfer, add_row_index, list_standing
from publisher.validation import FieldError
from publisher.working_time import day_bounds, local_day

RowProblem = tuple[int, FieldError]
"""The index of a row, and what is wrong with it."""


@dataclass(frozen=True)
class CheckedList:
    """What is wrong with a list, and the rank of each officer in it by the row's index."""

    problems: list[FieldError]
    ranks: Mapping[int, int | None]


@dataclass(frozen=True)
class _DepartmentOnDay:
    """Who stays in a department on the day, and the rows of those who come.

    `arrivals` come by other lists that are confirmed.
    """

    staying: list[Appointment]
    arrivals: list[Transfer]
    coming: list[tuple[int, PlannedTransfer]]


def earliest_moment(day: date, *, now: datetime) -> datetime:
    """Return the earliest time at which a list of this day takes effect."""
    return max(now, day_bounds(day)[0])


def check(
    session: Session,
    transfers: Sequence[PlannedTransfer],
    day: date,
    *,
    now: datetime,
    list_id: int | None = None,
) -> CheckedList:
    """Check everything about the transfers; a problem's field ends with the row's index.

    People who leave by the same list make room, so that people can swap places; so do those who
    leave by another confirmed list on the same or an earlier day. `list_id` is the list itself, if
    it is stored.
    """
    at = earliest_moment(day, now=now)
    others = _earlier_moves(session, day, list_id, now=now)
    leaving_ids = {transfer.before.id for transfer in transfers}
    leaving_ids |= {transfer.before_id for transfer in others}
    by_department: defaultdict[int, list[Appointment]] = defaultdict(list)
    for office in list_standing(session, at=at):
        if office.id not in leaving_ids:
            by_department[office.department_id].append(office)
    arrivals: defaultdict[int, list[Transfer]] = defaultdict(list)
    for arrival in others:
        arrivals[arrival.department_id].append(arrival)
    coming: defaultdict[int, list[tuple[int, PlannedTransfer]]] = defaultdict(list)
    for index, transfer in enumerate(transfers):
        coming[transfer.department.id].append((index, transfer))
    problems = [*_row_problems(session, transfers, at, list_id)]
    ranks: dict[int, int | None] = {}
    on_day = {
        department_id: _DepartmentOnDay(
            by_department[department_id], arrivals[department_id], coming[department_id]
        )
        for department_id in {*coming, *(transfer.before.department_id for transfer in transfers)}
    }
    for department_id in list(coming):
        problems += _places(on_day[department_id], ranks)
    for department_id in {transfer.before.department_id for transfer in transfers}:
        problems += _last_officers(session, transfers, department_id, on_day[department_id], at)
    problems.sort(key=lambda pair: pair[0])
    return CheckedList([add_row_index(problem, index) for index, problem in problems], ranks)


def _earlier_moves(
    session: Session, day: date, list_id: int | None, *, now: datetime
) -> Sequence[Transfer]:
    """Return the moves of the other lists that will have taken effect on that day."""
    query = (
        select(Transfer)
        .join(Transfer.transfer_list)
        .where(
            TransferList.id != (list_id or 0),
            TransferList.confirmed_at.is_not(None),
            TransferList.done_at.is_(None),
            TransferList.dropped_at.is_(None),
            # A list whose day has come may be hindered.
            TransferList.in_force_on > local_day(now),
            TransferList.in_force_on <= day,
        )
        .options(joinedload(Transfer.before))
        .order_by(TransferList.in_force_on, Transfer.id)
    )
    return session.scalars(query).all()


def _row_problems(
    session: Session, transfers: Sequence[PlannedTransfer], at: datetime, list_id: int | None
) -> Iterator[RowProblem]:
    """Find what is wrong with each row by itself, and who is named twice."""
    elsewhere = _ids_on_other_lists(session, transfers, list_id)
    times = Counter(transfer.before.person_id for transfer in transfers)
    ending = _ending_department_ids(session, transfers, at)
    for index, transfer in enumerate(transfers):
        code = _code_of_person(transfer, at)
        if times[transfer.before.person_id] > 1:
            code = "transfer_twice"
        elif transfer.before.id in elsewhere:
            code = "transfer_on_another_list"
        if code:
            yield index, FieldError("person", code)
        if transfer.department.id in ending or not is_in_force(transfer.department, now=at):
            yield index, FieldError("to_department", "transfer_department_closed")
        elif _stays_the_same(transfer):
            yield index, FieldError("to_department", "transfer_changes_nothing")


def _code_of_person(transfer: PlannedTransfer, at: datetime) -> str:
    before = transfer.before
    if before.person.disabled_at is not None:
        return "transfer_access_closed"
    if before.has_ended(at) or not before.covers(at):
        return "transfer_not_in_office"
    return "transfer_unconfirmed" if before.state is AppointmentState.RECORDED else ""


def _stays_the_same(transfer: PlannedTransfer) -> bool:
    before = transfer.before
    same_place = before.department_id == transfer.department.id and before.role is transfer.role
    return same_place and transfer.rank in {None, before.rank}


def _ids_on_other_lists(
    session: Session, transfers: Sequence[PlannedTransfer], list_id: int | None
) -> set[int]:
    """Return the appointments that another list is going to end."""
    query = (
        select(Transfer.before_id)
        .join(Transfer.transfer_list)
        .where(
            Transfer.before_id.in_([transfer.before.id for transfer in transfers]),
            TransferList.id != (list_id or 0),
            TransferList.done_at.is_(None),
            TransferList.dropped_at.is_(None),
        )
    )
    return set(session.scalars(query))


def _ending_department_ids(
    session: Session, transfers: Sequence[PlannedTransfer], at: datetime
) -> set[int]:
    """Return the departments that people move to and that an order ends by then."""
    query = select(DepartmentChange).where(
        DepartmentChange.department_id.in_({transfer.department.id for transfer in transfers}),
        DepartmentChange.kind.in_((DepartmentChangeKind.MERGED, DepartmentChangeKind.CLOSED)),
        DepartmentChange.done_at.is_(None),
        DepartmentChange.dropped_at.is_(None),
    )
    rows = session.scalars(query)
    return {row.department_id for row in rows if day_bounds(row.in_force_on)[0] <= at}


def _places(department: _DepartmentOnDay, ranks: dict[int, int | None]) -> Iterator[RowProblem]:
    """Assign ranks to the newcomers; find those who have no place."""
    staying = {(office.person_id, office.role) for office in department.staying}
    staying |= {(arrival.before.person_id, arrival.role) for arrival in department.arrivals}
    has_head = any(role is Role.HEAD for _person_id, role in staying)
    occupied_ranks = _ranks_in_use(department)
    # Those with a rank of their own come first: the others take what is left.
    for index, transfer in sorted(department.coming, key=lambda pair: pair[1].rank is None):
        if (transfer.before.person_id, transfer.role) in staying:
            yield index, FieldError("to_department", "transfer_has_it_already")
        elif transfer.role is Role.HEAD:
            if has_head:
                yield index, FieldError("to_department", "transfer_head_exists")
            has_head = True
        elif transfer.role is Role.OFFICER:
            rank = transfer.rank or _first_free(occupied_ranks)
            if rank is None or rank in occupied_ranks:
                code = "transfer_rank_taken" if transfer.rank else "transfer_two_officers"
                field = "rank" if transfer.rank else "to_department"
                yield index, FieldError(field, code)
            occupied_ranks.add(rank)
            ranks[index] = rank


def _ranks_in_use(department: _DepartmentOnDay) -> set[int | None]:
    occupied = {office.rank for office in department.staying if office.role is Role.OFFICER}
    officers = [arrival for arrival in department.arrivals if arrival.role is Role.OFFICER]
    for arrival in sorted(officers, key=lambda officer: officer.rank is None):
        occupied.add(arrival.rank or _first_free(occupied))
    return occupied


def _first_free(occupied_ranks: Collection[int | None]) -> int | None:
    return next((rank for rank in RANKS if rank not in occupied_ranks), None)


def _last_officers(
    session: Session,
    transfers: Sequence[PlannedTransfer],
    department_id: int,
    left: _DepartmentOnDay,
    at: datetime,
) -> Iterator[RowProblem]:
    """Find the last officers of a department, if comments would then have no holder."""
    leaving = [
        (index, transfer)
        for index, transfer in enumerate(transfers)
        if transfer.before.department_id == department_id and transfer.before.role is Role.OFFICER
    ]
    coming: list[Transfer | PlannedTransfer] = [
        *left.arrivals,
        *(transfer for _index, transfer in left.coming),
    ]
    comes = any(
        transfer.role is Role.OFFICER and transfer.before.state is AppointmentState.ACTIVE
        for transfer in coming
    )
    if not leaving or comes:
        return
    count = comments_left(session, department_id, left.staying, at=at)
    for index, _transfer in leaving if count else ():
        yield index, FieldError("person", "transfer_last_officer", {"count": count})


def comments_left(
    session: Session, department_id: int, staying: Iterable[Appointment], *, at: datetime
) -> int:
    """Return how many open comments would have no holder if only these people stay.

    It is 0 if an officer stays, who gets what another officer leaves.
    """
    serving = [office for office in staying if office.in_force(at)]
    if any(office.role is Role.OFFICER for office in serving):
        return 0
    query = (
        select(func.count())
        .select_from(Comment)
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .where(
            Comment.department_id == department_id,
            Comment.state == CommentState.ROUTED,
            Routing.appointment_id.not_in([office.id for office in serving]),
        )
    )
    return session.scalar(query) or 0
