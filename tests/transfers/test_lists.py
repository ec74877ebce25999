"""Lists of people who move on a day: prepared, checked as a whole, confirmed by a second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from approvals.errors import FreshSignInRequired, WrongRole, WrongState
from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.models.transfers import TransferList
from publisher.people import appointments, department_changes
from publisher.people.confirmation import MayNotConfirm
from publisher.people.department_orders import DepartmentOrder
from publisher.people.permissions import COMMAND
from publisher.transfers import lists
from publisher.transfers.carry_out import tick_transfers
from publisher.transfers.lists import ListChanged, ListTooLate
from publisher.transfers.typed_rows import TypedRow, parse_rows
from publisher.validation import Invalid
from publisher.working_time import day_bounds, local_day
from tests.support.city import City
from tests.support.city_people import record_by

TODAY = date(2026, 11, 25)
FIRST_OF_DECEMBER = date(2026, 12, 1)
ORDER = "आ-५१/२०२६"
TO_ROAD = TypedRow("मेधा सातपुते", "पाणीपुरवठा विभाग", "road")


def prepare(
    town: City,
    *rows: TypedRow,
    by: str = "lead",
    day: date | None = FIRST_OF_DECEMBER,
    order: str = ORDER,
) -> int:
    with town.write() as session:
        return lists.prepare(
            session,
            actor=town.actor(by),
            now=town.now,
            rows=rows,
            in_force_on=day,
            order_number=order,
        ).id


def refused(town: City, *rows: TypedRow, **how: object) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        prepare(town, *rows, **how)  # type: ignore[arg-type]  # passed on as they are
    return caught.value.codes


def digest(town: City, list_id: int) -> str:
    with town.read() as session:
        return lists.transfers_digest(lists.existing_list(session, list_id))


def confirm(town: City, list_id: int, *, by: str = "admin", shown: str = "") -> None:
    digest_shown = shown or digest(town, list_id)
    with town.write() as session:
        lists.confirm(
            session, actor=town.actor(by), now=town.now, list_id=list_id, digest=digest_shown
        )


def cancel(town: City, list_id: int, *, by: str = "lead") -> None:
    with town.write() as session:
        lists.cancel(session, actor=town.actor(by), now=town.now, list_id=list_id)


def test_a_list_waits_for_a_second_person_and_moves_nobody(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    assert town.notified("transfers_wait") == ["admin"]
    confirm(town, list_id)
    with town.read() as session:
        transfer_list = lists.existing_list(session, list_id)
        assert transfer_list.confirmed_by_id == town.people["admin"]
        (row,) = transfer_list.rows
        assert (row.role, row.rank, row.after_id) == (Role.OFFICER, None, None)
        assert row.before.state == "active"
    assert town.verbs("transfer_lists", list_id) == ["prepare_transfers", "confirm_transfers"]


def test_each_head_gets_one_message_about_the_own_department(town: City) -> None:
    town.appoint("road_head", Role.HEAD, "road")
    going = TypedRow("नितीन घोलप", "", "health", "", "")
    confirm(town, prepare(town, TO_ROAD, going))
    assert town.notified("transfers_confirmed") == ["head", "health_head", "road_head"]
    with town.read() as session:
        query = select(Notice).where(Notice.kind == "transfers_confirmed")
        bodies = {row.person_id: row.body for row in session.scalars(query)}
    assert "मेधा" in bodies[town.people["head"]]
    assert "नितीन" in bodies[town.people["head"]]
    assert "मेधा" not in bodies[town.people["health_head"]]


def test_people_may_change_places_in_a_circle(town: City) -> None:
    town.appoint("road_second", Role.OFFICER, "road", "समीर कुदळे")
    circle = (
        TypedRow("मेधा सातपुते", "water", "पथ विभाग", "", "१"),
        TypedRow("शैलजा कुदळे", "road", "Water Supply", "", "1"),
    )
    assert refused(town, circle[0]) == [("rank_0", "transfer_rank_taken")]
    assert prepare(town, *circle)


BAD: Sequence[tuple[TypedRow, tuple[str, str]]] = (
    (TypedRow("", "water", "road"), ("person_0", "required")),
    (TypedRow("कोणी नाही", "water", "road"), ("person_0", "transfer_person_unknown")),
    (TypedRow("=1+1", "", "road"), ("person_0", "transfer_person_unknown")),
    (TypedRow("मेधा सातपुते", "", ""), ("to_department_0", "required")),
    (TypedRow("मेधा सातपुते", "", "moon"), ("to_department_0", "transfer_department_unknown")),
    (TypedRow("मेधा सातपुते", "moon", "road"), ("from_department_0", "transfer_department_unknown")),
    (TypedRow("मेधा सातपुते", "road", "health"), ("from_department_0", "transfer_not_there")),
    (TypedRow("मेधा सातपुते", "", "water"), ("to_department_0", "transfer_changes_nothing")),
    (TypedRow("मेधा सातपुते", "", "road", "king"), ("role_0", "transfer_role_unknown")),
    (TypedRow("मेधा सातपुते", "", "road", "", "३"), ("rank_0", "transfer_rank_unknown")),
    (TypedRow("मेधा सातपुते", "", "road", "head", "1"), ("rank_0", "transfer_rank_of_officers")),
    (TypedRow("मेधा सातपुते", "", "health", "विभागप्रमुख"), ("to_department_0", "transfer_head_exists")),
    (TypedRow("शैलजा कुदळे", "", "water"), ("to_department_0", "transfer_two_officers")),
)


@pytest.mark.parametrize(("row", "problem"), BAD)
def test_each_problem_stands_at_its_row_and_place(
    town: City, row: TypedRow, problem: tuple[str, str]
) -> None:
    assert refused(town, row) == [problem]


def test_a_name_that_two_departments_have_is_nobodys(town: City) -> None:
    with town.write() as session:
        for code in ("road", "health"):
            session.get_one(Department, town.departments[code]).name_en = "Works"
    row = TypedRow("मेधा सातपुते", "water", "works")
    assert refused(town, row) == [("to_department_0", "transfer_department_unknown")]


def test_the_order_and_the_rows_are_refused_together(town: City) -> None:
    problems = refused(town, TypedRow("कोणी नाही", "", "road"), day=TODAY - timedelta(1), order="")
    assert problems == [
        ("in_force_on", "transfers_past"),
        ("order_number", "required"),
        ("person_0", "transfer_person_unknown"),
    ]
    assert refused(town, TO_ROAD, day=None) == [("in_force_on", "required")]
    assert refused(town, TO_ROAD, day=date(2028, 1, 1)) == [("in_force_on", "transfers_too_far")]
    assert refused(town) == [("pasted", "transfers_none")]
    assert refused(town, *[TO_ROAD] * 101) == [("pasted", "transfers_too_many")]


def test_nobody_moves_twice_and_not_by_two_lists(town: City) -> None:
    again = replace(TO_ROAD, to_department="health")
    assert refused(town, TO_ROAD, again) == [
        ("person_0", "transfer_twice"),
        ("person_1", "transfer_twice"),
    ]
    prepare(town, TO_ROAD)
    assert refused(town, again) == [("person_0", "transfer_on_another_list")]


def test_nobody_prepares_the_own_transfer(town: City) -> None:
    with town.write() as session:
        session.get_one(Appointment, town.appointments["first"]).person_id = town.people["lead"]
    assert refused(town, TypedRow("प्रसाद केंजळे", "water", "road")) == [("person_0", "transfer_own")]


def test_a_department_that_is_closed_by_then_takes_nobody(town: City) -> None:
    with town.write() as session:
        department_changes.record_ending(
            session,
            session.get_one(Department, town.departments["road"]),
            None,
            DepartmentOrder("आ-१", FIRST_OF_DECEMBER),
            actor=town.actor("admin"),
            now=town.now,
        )
    assert refused(town, TO_ROAD) == [("to_department_0", "transfer_department_closed")]
    assert prepare(town, TO_ROAD, day=TODAY)


def test_an_appointment_that_waits_for_confirmation_does_not_move(town: City) -> None:
    with town.write() as session:
        session.get_one(Appointment, town.appointments["second"]).until_at = town.now
        appointments.record_person(
            session,
            actor=town.actor("lead"),
            now=town.now,
            name_mr="चारुता",
            mail="charuta@pmc.example",
            role=Role.OFFICER,
            department_id=town.departments["water"],
        )
    row = TypedRow("charuta@pmc.example", "", "road")
    assert refused(town, row) == [("person_0", "transfer_unconfirmed")]


def test_the_last_officer_stays_while_comments_are_open(town: City) -> None:
    town.comment(under=town.live()[0])
    town.end("second")
    town.comment(under=town.live()[0])
    assert refused(town, TO_ROAD) == [("person_0", "transfer_last_officer")]
    town.appoint("road_second", Role.OFFICER, "road", "समीर कुदळे")
    comes = TypedRow("समीर कुदळे", "road", "water")
    assert prepare(town, TO_ROAD, comes)


@pytest.mark.parametrize("by", ["clerk", "head", "first", "member", "oversight", "auditor"])
def test_only_admins_and_leads_prepare_and_confirm(town: City, by: str) -> None:
    with pytest.raises(WrongRole):
        prepare(town, TO_ROAD, by=by)
    list_id = prepare(town, TO_ROAD)
    with pytest.raises((WrongRole, MayNotConfirm)):
        confirm(town, list_id, by=by)


def test_the_preparer_and_the_listed_do_not_confirm(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    with pytest.raises(MayNotConfirm):
        confirm(town, list_id, by="lead")
    with town.write() as session:
        session.get_one(Appointment, town.appointments["first"]).person_id = town.people["admin"]
    with pytest.raises(MayNotConfirm):
        confirm(town, list_id)


def test_whom_the_preparer_recorded_does_not_confirm(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    with town.write() as session:
        record_by(session, town.appointments["admin"], town.people["lead"])
    with pytest.raises(MayNotConfirm):
        confirm(town, list_id)


def test_confirming_needs_a_fresh_sign_in_and_what_was_shown(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    shown = digest(town, list_id)
    with town.write() as session, pytest.raises(FreshSignInRequired):
        lists.confirm(
            session,
            actor=town.actor("admin", fresh=False),
            now=town.now,
            list_id=list_id,
            digest=shown,
        )
    with town.write() as session:
        session.get_one(Appointment, town.appointments["first"]).person.mobile = "+919800000099"
    with pytest.raises(ListChanged):
        confirm(town, list_id, shown=shown)
    confirm(town, list_id)
    with pytest.raises(WrongState):
        confirm(town, list_id)


def test_what_stands_in_the_way_by_now_is_said_at_the_confirmation(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    town.appoint("road_second", Role.OFFICER, "road")
    with pytest.raises(Invalid) as caught:
        confirm(town, list_id)
    assert caught.value.codes == [("to_department_0", "transfer_two_officers")]


def test_a_list_that_nobody_confirmed_by_its_day_is_too_late(town: City) -> None:
    list_id = prepare(town, TO_ROAD, day=local_day(town.now))
    town.clock.move(timedelta(days=1))
    with pytest.raises(ListTooLate):
        confirm(town, list_id)


def test_a_cancelled_list_is_over_and_the_heads_are_told(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    confirm(town, list_id)
    cancel(town, list_id)
    with pytest.raises(WrongState):
        cancel(town, list_id)
    assert town.notified("transfers_confirmed") == ["head", "head"]
    with town.read() as session:
        assert session.get_one(TransferList, list_id).dropped_by_id == town.people["lead"]
        assert lists.count_waiting(session, now=town.now) == 0


PASTED = {
    "commas": "मेधा सातपुते,water,road,officer,1\n\n",
    "tabs of a spreadsheet": "मेधा सातपुते\twater\troad\tofficer\t1\r\n",
    "semicolons": "﻿व्यक्ती;पासून;कडे;पद;क्रम\nमेधा सातपुते;water;road;officer;1",
    "quotes": '"मेधा सातपुते","water","road","officer","1"',
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
def test_a_pasted_list_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert parse_rows(text) == [TypedRow("मेधा सातपुते", "water", "road", "officer", "1")]


def test_a_pasted_text_that_is_none_gives_rows_to_correct() -> None:
    assert parse_rows("") == parse_rows("\n\0\n") == []
    assert parse_rows('"मेधा') == [TypedRow("मेधा")]
    assert len(parse_rows("x" * 200_000)) == 1


def test_a_command_is_no_second_person(town: City) -> None:
    list_id = prepare(town, TO_ROAD)
    shown = digest(town, list_id)
    with town.write() as session, pytest.raises(WrongRole):
        lists.confirm(session, actor=COMMAND, now=town.now, list_id=list_id, digest=shown)


TO_WATER = TypedRow("शैलजा कुदळे", "road", "water")


def problems_of(town: City, list_id: int) -> list[tuple[str, str]]:
    with town.read() as session:
        transfer_list = lists.existing_list(session, list_id)
        checked = lists.check_stored(session, transfer_list, now=town.now)
        return [(problem.field, problem.code) for problem in checked.problems]


def test_a_place_that_a_confirmed_list_frees_by_that_day_can_be_given_away(town: City) -> None:
    taken = [("to_department_0", "transfer_two_officers")]
    freeing = prepare(town, TO_ROAD)
    assert refused(town, TO_WATER) == taken, "nobody has confirmed it yet"
    confirm(town, freeing)
    the_day_before = FIRST_OF_DECEMBER - timedelta(days=1)
    assert refused(town, TO_WATER, day=the_day_before) == taken
    same_day = prepare(town, TO_WATER)
    confirm(town, same_day)
    assert problems_of(town, same_day) == []
    cancel(town, freeing)
    assert problems_of(town, same_day) == taken, "the place is not free after all"


def test_a_place_that_a_confirmed_list_gives_away_is_taken_from_its_day_on(town: City) -> None:
    second_to_road = TypedRow("नितीन घोलप", "water", "road")
    filling = prepare(town, TO_ROAD)
    waiting = prepare(town, second_to_road, day=FIRST_OF_DECEMBER + timedelta(days=9))
    assert problems_of(town, waiting) == []
    confirm(town, filling)
    assert problems_of(town, waiting) == [("to_department_0", "transfer_two_officers")]
    assert problems_of(town, filling) == [], "it is no other list to itself"
    the_day_before = FIRST_OF_DECEMBER - timedelta(days=1)
    cancel(town, waiting)
    assert prepare(town, second_to_road, day=the_day_before)


def test_a_list_whose_day_has_come_frees_nothing_before_it_is_carried_out(town: City) -> None:
    freeing = prepare(town, TO_ROAD)
    confirm(town, freeing)
    following = prepare(town, TO_WATER, day=FIRST_OF_DECEMBER + timedelta(days=1))
    assert problems_of(town, following) == []
    town.clock.at = day_bounds(FIRST_OF_DECEMBER)[0] + timedelta(hours=12)
    taken = [("to_department_0", "transfer_two_officers")]
    assert problems_of(town, following) == taken, "something stood in its way"
    assert tick_transfers(town.database, now=town.clock) == 1
    assert problems_of(town, following) == []


def test_an_officer_may_leave_when_another_comes_by_a_confirmed_list(town: City) -> None:
    """Else the comments of the department would be with nobody."""
    town.comment(under=town.live("road")[0])
    leaves = TypedRow("शैलजा कुदळे", "road", "health", "member")
    assert refused(town, leaves) == [("person_0", "transfer_last_officer")]
    confirm(town, prepare(town, TO_ROAD))
    assert prepare(town, leaves)
