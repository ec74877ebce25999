"""Lists of transfers take effect on their day: all of a list or nothing, and once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from approvals.errors import NotAllowed, WrongState
from approvals.policy import Role
from approvals.states import PostState
from publisher.models.comments import Comment
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.models.transfers import TransferList
from publisher.people import responsibility
from publisher.people.confirmation import rests_on
from publisher.people.permissions import standing
from publisher.review.lapsed_approvals import tick_lapsed_approvals
from publisher.states import AppointmentState
from publisher.transfers import lists
from publisher.transfers.carry_out import tick_transfers
from publisher.transfers.typed_rows import TypedRow
from publisher.working_time import day_bounds
from tests.support.city import City
from tests.support.city_people import MINUTE

DAY = date(2026, 12, 1)
OUT = TypedRow("मेधा सातपुते", "water", "road", "", "1")
BACK = TypedRow("शैलजा कुदळे", "road", "water", "", "1")


def confirmed(town: City, *rows: TypedRow) -> int:
    with town.write() as session:
        transfer_list = lists.prepare(
            session,
            actor=town.actor("lead"),
            now=town.now,
            rows=rows,
            in_force_on=DAY,
            order_number="आ-५१/२०२६",
        )
        lists.confirm(
            session,
            actor=town.actor("admin"),
            now=town.now,
            list_id=transfer_list.id,
            digest=lists.transfers_digest(transfer_list),
        )
        return transfer_list.id


def tick_on_its_day(town: City) -> int:
    town.clock.at = day_bounds(DAY)[0]
    return tick_transfers(town.database, now=town.clock)


def offices(town: City, name: str) -> list[tuple[str, int | None]]:
    codes = {department_id: code for code, department_id in town.departments.items()}
    with town.read() as session:
        rows = standing(session, person_id=town.people[name], now=town.now)
        return [(codes[row.department_id], row.rank) for row in rows]


def test_two_change_places_on_the_day_and_not_before(town: City) -> None:
    list_id = confirmed(town, OUT, BACK)
    town.clock.at = day_bounds(DAY)[0] - MINUTE
    assert tick_transfers(town.database, now=town.clock) == 0
    assert offices(town, "first") == [("water", 1)]
    assert tick_on_its_day(town) == 1
    assert (offices(town, "first"), offices(town, "road_officer")) == (
        [("road", 1)],
        [("water", 1)],
    )
    assert tick_transfers(town.database, now=town.clock) == 0
    with town.read() as session:
        transfer_list = lists.existing_list(session, list_id)
        assert transfer_list.done_at == town.now
        before, after = transfer_list.rows[0].before, transfer_list.rows[0].after
        assert (before.state, before.until_at) == (AppointmentState.ENDED, town.now)
        assert after is not None
        assert after.state is AppointmentState.ACTIVE
        assert (after.order_number, after.from_at) == ("आ-५१/२०२६", town.now)
    assert town.notified("in_office")[-2:] == ["first", "road_officer"]


def test_the_new_appointment_rests_on_who_prepared_and_confirmed(town: City) -> None:
    list_id = confirmed(town, OUT, BACK)
    tick_on_its_day(town)
    with town.read() as session:
        after = lists.existing_list(session, list_id).rows[0].after
        assert after is not None
        after = session.get_one(Appointment, after.id)
        recorder, second = town.people["lead"], town.people["admin"]
        assert (after.recorded_by_id, after.confirmed_by_id) == (recorder, second)
        assert after.confirmed_under_id == town.appointments["admin"]
        assert rests_on(after) == {second}


def test_who_has_not_signed_in_is_confirmed_and_not_active(town: City) -> None:
    with town.write() as session:
        before = session.get_one(Appointment, town.appointments["first"])
        before.state, before.taken_up_at = AppointmentState.CONFIRMED, None
    list_id = confirmed(town, OUT, BACK)
    tick_on_its_day(town)
    with town.read() as session:
        rows = lists.existing_list(session, list_id).rows
        assert [row.after.state.value for row in rows if row.after] == ["confirmed", "active"]


def test_nobody_moves_if_one_has_no_place_on_the_day(town: City) -> None:
    to_road = TypedRow("मेधा सातपुते", "water", "road")
    list_id = confirmed(town, to_road, TypedRow("नितीन घोलप", "", "health"))
    town.appoint("road_second", Role.OFFICER, "road", "समीर कुदळे")
    assert tick_on_its_day(town) == 0
    assert (offices(town, "first"), offices(town, "second")) == ([("water", 1)], [("water", 2)])
    with town.read() as session:
        assert session.get_one(TransferList, list_id).hindered_at == town.now
    town.end("road_officer")
    assert tick_transfers(town.database, now=town.clock) == 1
    assert (offices(town, "first"), offices(town, "second")) == ([("road", 1)], [("health", 1)])


def test_a_list_nobody_confirmed_moves_nobody(town: City) -> None:
    with town.write() as session:
        lists.prepare(
            session,
            actor=town.actor("lead"),
            now=town.now,
            rows=[OUT, BACK],
            in_force_on=DAY,
            order_number="आ-५१/२०२६",
        )
    assert tick_on_its_day(town) == 0
    assert offices(town, "first") == [("water", 1)]


def test_a_put_back_appointment_or_a_new_address_hinders_it(town: City) -> None:
    confirmed(town, TypedRow("किरण वाबळे", "water", "health", "officer"))
    with town.write() as session:
        session.get_one(Appointment, town.appointments["member"]).person.mail = "x@pmc.example"
    assert tick_on_its_day(town) == 0
    assert offices(town, "member") == [("water", None)]


def test_open_comments_and_texts_go_to_who_comes_in_the_place(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    confirmed(town, OUT, BACK)
    tick_on_its_day(town)
    with town.read() as session:
        routings = session.get_one(Comment, comment_id).routings
        holders = [row.appointment.person_id for row in routings if row.appointment]
        assert [row.reason for row in routings] == ["under_post", "handed_over"]
    assert holders == [town.people["first"], town.people["road_officer"]]
    assert town.notified("handed_over") == ["first", "road_officer"]


def test_who_changes_the_rank_alone_keeps_the_comments(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    confirmed(
        town,
        TypedRow("मेधा सातपुते", "water", "water", "officer", "2"),
        TypedRow("नितीन घोलप", "water", "water", "officer", "1"),
    )
    assert tick_on_its_day(town) == 1
    assert (offices(town, "first"), offices(town, "second")) == ([("water", 2)], [("water", 1)])
    with town.read() as session:
        holder = session.get_one(Comment, comment_id).routings[-1].appointment
        assert holder is not None
        assert holder.person_id == town.people["first"]
    assert town.notified("handed_over") == []


def test_an_unsent_approval_of_who_left_is_asked_again(town: City) -> None:
    sent, unsent = town.live()[0], town.approved()
    town.schedule(unsent, timedelta(days=30))
    confirmed(town, OUT, BACK)
    tick_on_its_day(town)
    with town.read() as session:
        assert session.get_one(Post, unsent).state is PostState.IN_REVIEW
        live = session.get_one(Post, town.delivery(sent).post_id)
        assert live.state is PostState.APPROVED
    assert tick_lapsed_approvals(town.database, now=town.now) == 1
    assert "road_officer" in town.notified("review_asked")
    assert "lead" in town.notified("approvals_lapsed")


@pytest.mark.both
def test_two_ticks_at_once_carry_a_list_out_once(town: City) -> None:
    confirmed(town, OUT, BACK)
    town.clock.at = day_bounds(DAY)[0]
    barrier, counts = threading.Barrier(2), list[int]()

    def tick() -> None:
        barrier.wait(timeout=10)
        counts.append(tick_transfers(town.database, now=town.clock))

    run_both(tick, tick)
    assert sorted(counts) == [0, 1]
    assert offices(town, "first") == [("road", 1)]


def run_both(*acts: Callable[[], None]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


@pytest.mark.both
def test_two_who_confirm_at_once_are_one_confirmation(town: City) -> None:
    town.appoint("other_admin", Role.ADMIN, "information-technology")
    with town.write() as session:
        transfer_list = lists.prepare(
            session,
            actor=town.actor("lead"),
            now=town.now,
            rows=[OUT, BACK],
            in_force_on=DAY,
            order_number="आ-५१/२०२६",
        )
        list_id, digest = transfer_list.id, lists.transfers_digest(transfer_list)
    barrier, refused = threading.Barrier(2), list[type[NotAllowed]]()

    def confirm(name: str) -> None:
        actor = town.actor(name)
        barrier.wait(timeout=10)
        try:
            with town.write() as session:
                lists.confirm(session, actor=actor, now=town.now, list_id=list_id, digest=digest)
        except NotAllowed as problem:
            refused.append(type(problem))

    run_both(lambda: confirm("admin"), lambda: confirm("other_admin"))
    assert refused == [WrongState]
    assert town.notified("transfers_confirmed") == ["head"]


def test_what_was_done_before_the_move_stays_the_mover_s(town: City) -> None:
    post_id = town.approved()
    confirmed(town, OUT, BACK)
    tick_on_its_day(town)
    with town.read() as session:
        (decision,) = session.get_one(Post, post_id).revisions[-1].decisions
        assert decision.appointment_id == town.appointments["first"]
        assert decision.person_id == town.people["first"]
        chain = responsibility.responsible_chain(session, town.departments["water"], now=town.now)
        assert chain[0].person_id == town.people["road_officer"]
