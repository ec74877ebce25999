"""Stopping all publishing: permissions, effects, notifications, and the release."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select, text

from approvals import gate
from approvals.errors import WrongRole
from publisher.delivery import sending
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.controls import stop as controls_stop
from publisher.delivery.controls.stop import ReleasedAlready
from publisher.models.controls import Stop
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.emergency import Duty
from publisher.operations.backup import restore
from publisher.people.permissions import COMMAND
from publisher.states import DeliveryState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE

WHY = "चुकीची पोस्ट प्रसिद्ध झाली."
GONE = "पोस्ट हटविली आहे."


def stop(town: City, by: str = "lead", reason: str = WHY) -> int:
    with town.write() as session:
        stop_row = controls_stop.stop_all(
            session, actor=town.actor(by), now=town.now, reason=reason
        )
        session.flush()
        return stop_row.id


def release(town: City, *seen_stop: int, by: str = "lead", reason: str = GONE) -> list[int]:
    with town.write() as session:
        done = controls_stop.release(
            session, actor=town.actor(by), now=town.now, stop_ids=seen_stop, reason=reason
        )
        return [stop_row.id for stop_row in done]


def open_stop_ids(town: City) -> list[int]:
    with town.read() as session:
        return [open_stop.id for open_stop in controls_stop.open_stops(session)]


def put_on_duty(town: City, name: str) -> None:
    with town.write() as session:
        session.add(
            Duty(
                person_id=town.people[name],
                from_at=town.now - HOUR,
                until_at=town.now + HOUR,
                recorded_at=town.now - HOUR,
                recorded_by_id=town.people["admin"],
                approved_at=town.now,
                recorded_under_id=town.appointments["admin"],
            )
        )


def test_a_stop_holds_what_is_due_and_a_release_lets_it_leave(town: City) -> None:
    (delivery_id,) = town.due()
    stopped = stop(town)
    assert town.tick_dispatch() == 0
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED
    assert town.platform("x").published == []
    release(town, stopped)
    assert town.tick_dispatch() == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_what_was_claimed_before_the_stop_goes_back_to_the_table(town: City) -> None:
    """The stop is read again in the transaction that commits `sending`."""
    (delivery_id,) = town.due()
    (payload,) = claim(town.context, account_id=town.accounts["x"], most=1)
    stop(town)
    with town.write() as session:
        blocker = sending.check(session, payload, now=town.now, seconds=1, machine="here")
        assert blocker is not None
        assert (blocker.code, blocker.waits) == ("stopped", True)
    assert town.delivery(delivery_id).state is DeliveryState.CLAIMED
    assert town.platform("x").published == []


def test_a_stop_past_the_late_limit_makes_it_missed_and_says_why(town: City) -> None:
    (delivery_id,) = town.due()
    stop(town)
    town.tick_dispatch(2 * HOUR)
    delivery = town.delivery(delivery_id)
    assert delivery.state is DeliveryState.MISSED
    assert delivery.reason["code"] == "late_stopped"


@pytest.mark.parametrize("by", ["admin", "lead"])
def test_admin_and_lead_stop_and_release(town: City, by: str) -> None:
    stopped = stop(town, by)
    assert town.verbs("stops", stopped) == ["stop_all"]
    assert release(town, stopped, by=by) == [stopped]
    assert town.verbs("stops", stopped) == ["stop_all", "release"]
    assert open_stop_ids(town) == []


@pytest.mark.parametrize("by", ["clerk", "first"])
def test_cell_and_officers_stop_only_while_on_duty_and_never_release(town: City, by: str) -> None:
    with pytest.raises(WrongRole):
        stop(town, by)
    put_on_duty(town, by)
    stopped = stop(town, by)
    with pytest.raises(WrongRole):
        release(town, stopped, by=by)
    town.clock.move(2 * HOUR)
    with pytest.raises(WrongRole):
        stop(town, by, reason="पुन्हा")
    assert open_stop_ids(town) == [stopped]


@pytest.mark.parametrize("by", ["head", "member", "oversight", "auditor"])
def test_nobody_else_stops_not_even_on_duty(town: City, by: str) -> None:
    put_on_duty(town, by)
    with pytest.raises(WrongRole):
        stop(town, by)
    assert open_stop_ids(town) == []


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
def test_a_stop_and_a_release_want_a_reason(town: City, reason: str) -> None:
    with pytest.raises(Invalid):
        stop(town, reason=reason)
    stopped = stop(town)
    with pytest.raises(Invalid):
        release(town, stopped, reason=reason)
    assert open_stop_ids(town) == [stopped]


def test_pressed_twice_it_is_one_stop_and_one_mail(town: City) -> None:
    assert stop(town) == stop(town)
    assert town.notified("stopped") == ["admin", "clerk", "lead", "other_clerk"]


def test_a_second_stop_for_another_reason_stands_beside_the_first(town: City) -> None:
    """Publishing goes on after both are released, and each keeps its reason."""
    (delivery_id,) = town.due()
    first, second = stop(town), stop(town, "admin", "खाते दुसऱ्याच्या ताब्यात आहे.")
    release(town, first)
    assert open_stop_ids(town) == [second]
    assert town.tick_dispatch() == 0
    assert town.notified("released") == []
    release(town, second)
    assert town.tick_dispatch() == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_stop_made_after_the_page_was_opened_is_not_released_by_it(town: City) -> None:
    stop_id = stop(town)
    later = stop(town, "admin", "दुसरे कारण")
    release(town, stop_id)
    assert open_stop_ids(town) == [later]


def test_a_commands_stop_is_released_beside_a_restores_which_stays(town: City) -> None:
    """Only the restore's own stop asks for the posts in doubt."""
    town.schedule(town.approved(), 5 * HOUR)
    with town.write() as session:
        restore.stop_everything(
            session, now=town.now, reason="पुनर्स्थापित", backup_at=town.now - HOUR
        )
        by_command = controls_stop.stop_all(session, actor=COMMAND, now=town.now, reason=WHY)
        session.flush()
    of_restore, of_command = open_stop_ids(town)
    assert of_command == by_command.id
    release(town, of_command)
    with pytest.raises(Invalid):
        release(town, of_restore)
    assert open_stop_ids(town) == [of_restore]


def test_released_twice_is_told_and_changes_nothing(town: City) -> None:
    stopped = stop(town)
    release(town, stopped)
    with pytest.raises(ReleasedAlready):
        release(town, stopped, by="admin", reason="दुसरे कारण")
    with town.read() as session:
        stop_row = session.get_one(Stop, stopped)
    assert (stop_row.released_by_id, stop_row.release_reason) == (town.people["lead"], GONE)
    assert town.verbs("stops", stopped) == ["stop_all", "release"]


def test_whose_post_was_to_leave_soon_is_told_of_stop_and_release(town: City) -> None:
    town.due("water")
    town.schedule(town.approved("road"), 48 * HOUR)
    stopped = stop(town)
    cell = {"admin", "clerk", "lead", "other_clerk"}
    assert set(town.notified("stopped")) == cell | {"first", "second", "head"}
    town.clock.move(MINUTE)
    release(town, stopped)
    assert set(town.notified("released")) == cell | {"first", "second", "head"}


def test_what_is_being_sent_is_named_as_on_its_way_and_what_waits_is_not(town: City) -> None:
    (sending,), (waiting,) = town.due("water"), town.due("road")
    with town.write() as session:
        delivery = session.get_one(Delivery, sending)
        delivery.state, delivery.sending_at = DeliveryState.SENDING, town.now
    stop(town)
    road = frozenset({town.departments["road"]})
    with town.read() as session:
        assert [
            delivery.id
            for delivery in controls_stop.deliveries_in_flight(session, department_ids=None)
        ] == [sending]
        assert controls_stop.deliveries_in_flight(session, department_ids=road) == []
        assert controls_stop.count_held(session, now=town.now, department_ids=None) == 1
    assert town.delivery(waiting).state is DeliveryState.SCHEDULED


def test_what_takes_back_goes_on_under_a_stop(town: City) -> None:
    """A claim under a stop still takes deletions."""
    (delivery_id,) = town.due()
    stop(town)
    with town.write() as session:
        session.get_one(Delivery, delivery_id).action = DeliveryAction.DELETE
    assert len(claim(town.context, account_id=town.accounts["x"], most=1)) == 1


@pytest.mark.both
@pytest.mark.postgres
def test_two_who_stop_at_once_and_two_who_release_at_once(town: City) -> None:
    """Two stops may exist; each is released once."""
    if town.database.is_sqlite:
        pytest.skip("one writer at a time")
    ready = Barrier(2)

    def press(by: str, reason: str) -> int:
        ready.wait()
        return stop(town, by, reason)

    def let_go(by: str) -> list[int]:
        ready.wait()
        try:
            return release(town, *stops, by=by)
        except ReleasedAlready:
            return []

    with ThreadPoolExecutor(2) as pool:
        stops = list(pool.map(press, ["lead", "admin"], [WHY, "दुसरे कारण"]))
        assert sorted(open_stop_ids(town)) == sorted(stops)
        released = list(pool.map(let_go, ["lead", "admin"]))
    assert sorted(stop_id for some in released for stop_id in some) == sorted(stops)
    with town.read() as session:
        verbs = [town.verbs("stops", stop.id) for stop in session.scalars(select(Stop))]
    assert verbs == [["stop_all", "release"]] * 2


@pytest.mark.both
@pytest.mark.postgres
@pytest.mark.parametrize("table", ["posts", "appointments", "people"])
def test_a_stop_made_while_sending_waits_for_a_lock_is_seen(town: City, table: str) -> None:
    """A clock reads the stop after it has waited for the post or the approver, not before."""
    if town.database.is_sqlite:
        pytest.skip("one writer at a time")
    town.due()
    (payload,) = claim(town.context, account_id=town.accounts["x"], most=1)
    begun = Barrier(2)
    with ThreadPoolExecutor(1) as pool:
        with town.database.engine.begin() as holder:
            holder.exec_driver_sql(f"SELECT 1 FROM {table} FOR NO KEY UPDATE")
            response = pool.submit(_reason_for_hold, town, payload, begun)
            begun.wait()
            _wait_for_a_blocked_one(town)
            stop(town)
        assert response.result(10) == "stopped"


@pytest.mark.both
@pytest.mark.postgres
@pytest.mark.parametrize(
    ("table", "column"), [("appointments", "until_at"), ("people", "disabled_at")]
)
def test_an_office_that_ends_while_sending_waits_for_it_has_ended(
    town: City, table: str, column: str
) -> None:
    """The approver's appointment is read with its lock, after the wait."""
    if town.database.is_sqlite:
        pytest.skip("one writer at a time")
    town.due()
    (payload,) = claim(town.context, account_id=town.accounts["x"], most=1)
    begun = Barrier(2)
    with ThreadPoolExecutor(1) as pool:
        with town.database.engine.begin() as holder:
            of = {"at": town.now - HOUR}
            holder.execute(text(f"UPDATE {table} SET {column} = :at"), of)
            response = pool.submit(_reason_for_hold, town, payload, begun)
            begun.wait()
            _wait_for_a_blocked_one(town)
        assert response.result(10) == gate.Refusal.APPROVAL_MISSING


def _reason_for_hold(town: City, payload: DeliveryPayload, begun: Barrier) -> str:
    """Return what holds the delivery, for a clock that waits for other transactions' locks."""
    with town.database.transaction() as session:
        begun.wait()
        blocker = sending.check(session, payload, now=town.now, seconds=1, machine="here")
        return blocker.code if blocker else ""


def _wait_for_a_blocked_one(town: City) -> None:
    for _ in range(100):
        with town.database.engine.connect() as connection:
            blocked = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ).scalar()
        if blocked:
            return
        time.sleep(0.05)
    raise AssertionError("nothing waited for the lock")
