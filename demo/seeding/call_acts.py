"""Calls to name officers, what heads answered, and a list of transfers, each by its use case.

A step that was carried out before an interruption is refused when it is played once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from sqlalchemy import select

from approvals.errors import WrongState
from approvals.policy import Role
from demo import people
from demo.calls import DemoAnswer, DemoCall, DemoTransfers, load_calls, load_transfers
from demo.seeding.context import AT_THE_CELL, Context, department_id
from publisher.auth.one_time_links import hash_token
from publisher.models.nominations import CallAddressee, NominationCall
from publisher.models.people import Link
from publisher.nominations import calls, head_links, nominate
from publisher.nominations.named_officers import OfficersNamed
from publisher.transfers import lists
from publisher.transfers.typed_rows import TypedRow
from publisher.validation import NotFound
from publisher.working_time import from_local, local_day

_DAY: Final = timedelta(days=1)
_AT_THE_OFFICE: Final = time(11, 30)
#: When something happens, its name, and the act.
CallStep = tuple[datetime, str, Callable[[Context], None]]


def call_steps(base: datetime) -> Iterator[CallStep]:
    """Yield what is played around the calls and the list of transfers, in no order."""
    for day, name, act in _acts():
        yield from_local(local_day(base) + day * _DAY, _AT_THE_OFFICE), name, act


def _acts() -> Iterator[tuple[int, str, Callable[[Context], None]]]:
    for call in load_calls():
        yield call.opened, f"call: {call.order_number}", partial(_open, call=call)
        for answer in call.answers:
            yield answer.day, f"name officers: {answer.department}", partial(_answer, answer=answer)
        if call.telephoned is not None:
            day = call.telephoned["day"]
            yield day, f"telephone: {call.order_number}", partial(_telephone, call=call)
    transfers = load_transfers()
    name = f"transfers: {transfers.order_number}"
    yield transfers.day, name, partial(_prepare, transfers=transfers)


def _open(context: Context, *, call: DemoCall) -> None:
    today = local_day(context.base)
    with context.database.transaction() as session:
        query = select(NominationCall).where(NominationCall.order_number == call.order_number)
        if session.scalars(query).first() is not None:
            raise WrongState(state="opened", to="opened")
        calls.open_call(
            session,
            actor=context.actor(session, call.by, AT_THE_CELL),
            now=context.now,
            department_ids=[department_id(session, code) for code in call.departments],
            order_number=call.order_number,
            ordered_on=today + call.opened * _DAY,
            nominate_by=today + call.nominate_by * _DAY,
        )


def _answer(context: Context, *, answer: DemoAnswer) -> None:
    """Let the head name the two by a link; with a code, as if the head had typed it."""
    with context.database.transaction() as session:
        own_id = department_id(session, answer.department)
        head = calls.head_in_place(session, own_id, now=context.now)
        if head is None:
            raise NotFound(answer.department)
        token = head_links.make_own_link(session, head, now=context.now)
        query = select(Link).where(Link.token_digest == hash_token(token))
        named = OfficersNamed(
            answer.first, answer.second, answer.order_number, local_day(context.now)
        )
        nominate.name_officers(
            session,
            link=session.scalars(query).one(),
            named=named,
            is_proven=answer.with_code,
            now=context.now,
        )


def _telephone(context: Context, *, call: DemoCall) -> None:
    """Note that a department which did not answer was rung up."""
    fields = call.telephoned or {}
    with context.database.transaction() as session:
        query = (
            select(CallAddressee.id)
            .join(CallAddressee.call)
            .where(
                NominationCall.order_number == call.order_number,
                CallAddressee.department_id == department_id(session, fields["department"]),
            )
        )
        calls.note_telephoned(
            session,
            actor=context.actor(session, fields["by"], AT_THE_CELL),
            addressee_id=session.scalars(query).one(),
            now=context.now,
        )


def _prepare(context: Context, *, transfers: DemoTransfers) -> None:
    """Prepare the list for the first day of the next month; it waits for a second person."""
    with context.database.transaction() as session:
        lists.prepare(
            session,
            actor=context.actor(session, transfers.by, (Role.ADMIN,)),
            now=context.now,
            rows=[
                TypedRow(
                    person=people.people_by_key()[move.person].mail,
                    to_department=move.department,
                    role=move.role.value,
                )
                for move in transfers.moves
            ],
            # The first day of the next month.
            in_force_on=(local_day(context.base).replace(day=1) + 32 * _DAY).replace(day=1),
            order_number=transfers.order_number,
        )
