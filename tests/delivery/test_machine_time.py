"""A machine whose time is wrong publishes no posts, and neither loses nor repeats any."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import make_url, select, text

from approvals.errors import WrongRole
from publisher.database.session import Database
from publisher.delivery import attempt, claim, dispatch, machine_time
from publisher.delivery.worker import Worker
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account
from publisher.models.monitoring import WrongTime
from publisher.models.notifications import Notice
from publisher.now import now
from publisher.platforms.base.protocol import Platform
from publisher.states import AccountState, DeliveryState
from tests.delivery.test_takedown_orders import live_post, take_back
from tests.support import emergency_steps
from tests.support.city import City, statements
from tests.support.city_people import HOUR, MINUTE
from tests.support.claims import claim_values
from tests.support.tables import each

SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.twin


def set_ahead(town: City, **spans: timedelta) -> None:
    """Let these platforms say how far the machine is ahead; the other one says nothing."""
    for name in ("x", "facebook"):
        town.platform(name).time_offset = spans.get(name)


def ask(town: City, **spans: timedelta) -> int:
    """Let these platforms be asked now; return 1 if the machine's time is wrong."""
    set_ahead(town, **spans)
    return machine_time.ask_witnesses(town.context)


def rows(town: City) -> list[WrongTime]:
    with town.read() as session:
        return list(session.scalars(select(WrongTime).order_by(WrongTime.id)))


def nearest(town: City) -> tuple[str, timedelta] | None:
    opener = town.context.open_account
    return machine_time.nearest_witness(town.database, opener, now=town.clock)


def override(town: City, by: str) -> None:
    with town.write() as session:
        machine_time.override_time(session, actor=town.actor(by), now=town.now)


def state_of(town: City, delivery_id: int) -> DeliveryState:
    return town.delivery(delivery_id).state


def on_machine(town: City, name: str, span: timedelta = timedelta(0)) -> WorkerContext:
    """Return the context of a clock on another machine, which is ahead by this span."""
    context = town.clock_named(name)
    return replace(context, machine=name, now=lambda: town.now + span)


@each(
    "ahead, name, span",
    [
        ({"x": SECOND, "facebook": -2 * SECOND}, "x", SECOND),
        ({"x": -HOUR, "facebook": -HOUR - SECOND}, "x", -HOUR),
        ({"x": 7 * MINUTE, "facebook": -6 * MINUTE}, "facebook", -6 * MINUTE),
    ],
)
def test_the_witness_nearest_to_the_machine_decides(
    town: City, ahead: dict[str, timedelta], name: str, span: timedelta
) -> None:
    set_ahead(town, **ahead)
    assert nearest(town) == (name, span)


@pytest.mark.parametrize("span", [2 * HOUR, -2 * HOUR], ids=["ahead", "behind"])
def test_posts_wait_while_every_witness_says_the_time_is_wrong(town: City, span: timedelta) -> None:
    """Answers, emergencies and deletions go on."""
    published = live_post(town, on=["x"])
    comment = town.comment(under=town.live()[0])
    assert ask(town, x=span, facebook=span)
    (post_id,) = town.due()
    town.answer(comment)
    (deletion,) = take_back(town, published, on=["x"])
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    assert state_of(town, post_id) is DeliveryState.SCHEDULED
    assert state_of(town, deletion) is DeliveryState.PUBLISHED
    assert {row.state for row in emergency_steps.deliveries(town, use_id)} == {
        DeliveryState.PUBLISHED
    }
    assert not ask(town, x=timedelta(0), facebook=span)
    assert town.tick_dispatch() == 1
    assert state_of(town, post_id) is DeliveryState.PUBLISHED
    texts = [row.text for row in town.platform("x").published]
    assert len(texts) == len(set(texts))


def test_a_difference_of_half_a_minute_is_told_and_holds_nothing(town: City) -> None:
    town.due()
    assert not ask(town, x=30 * SECOND)
    assert rows(town) == []
    assert ask(town, x=31 * SECOND)
    (row,) = rows(town)
    assert (row.ahead, row.witness, row.holds_posts) == (31, "x", False)
    assert ask(town, x=5 * MINUTE)
    assert town.notified("wrong_time") == []
    assert town.tick_dispatch() == 1


def test_without_a_witness_nothing_is_held(town: City) -> None:
    town.due()
    assert not ask(town)
    assert town.tick_dispatch() == 1


def test_a_witness_that_falls_silent_does_not_make_the_time_right(town: City) -> None:
    town.due()
    ask(town, x=HOUR)
    town.clock.move(MINUTE)
    assert ask(town)
    assert rows(town)[0].asked_at == town.now - HOUR  # as X told it
    assert town.tick_dispatch() == 0


def test_those_on_duty_the_lead_and_admin_are_told_once(town: City) -> None:
    emergency_steps.add_duty(town, "first")
    emergency_steps.add_duty(town, "lead")
    town.clock.move(2 * HOUR)
    for minutes in (1, 6, 7, 4, 8):
        ask(town, x=minutes * MINUTE)
    assert town.notified("wrong_time") == ["admin", "first", "lead"]
    ask(town, x=timedelta(0))
    ask(town, x=HOUR)
    assert len(town.notified("wrong_time")) == 6
    assert [row.ended_at is None for row in rows(town)] == [False, True]


def test_those_who_are_really_on_duty_are_told_and_at_once(town: City) -> None:
    """By the machine's time the duty would be over, or its mail would wait."""
    emergency_steps.add_duty(town, "first")
    for hours in (72, -72):
        set_ahead(town, x=hours * HOUR)
        machine_time.ask_witnesses(on_machine(town, f"wrong-{hours}", hours * HOUR))
    assert town.notified("wrong_time") == ["admin", "admin", "first", "first", "lead", "lead"]
    with town.read() as session:
        is_wrong_time = Notice.kind == "wrong_time"
        times = set(session.scalars(select(Notice.send_at).where(is_wrong_time)))
    assert times == {town.now, town.now - 72 * HOUR}  # the earlier of both times


def test_a_claimed_post_is_held_before_it_is_sent(town: City) -> None:
    (delivery_id,) = town.due()
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    ask(town, x=2 * HOUR)
    town.clock.move(10 * SECOND)
    attempt.attempt_and_store(town.context, payload)
    assert state_of(town, delivery_id) is DeliveryState.SCHEDULED
    assert town.platform("x").published == []


def test_a_machine_that_is_ahead_gives_up_no_post_as_late(town: City) -> None:
    """After the time is right, what is within its late limit leaves; of the rest people decide."""
    soon, past = town.schedule(town.approved(), HOUR)[0], town.due()[0]
    payload = dispatch.claim_next(town.context)
    town.clock.move(3 * HOUR)  # the machine's time jumps
    ask(town, x=3 * HOUR)
    assert payload is not None
    attempt.attempt_and_store(town.context, payload)
    assert town.tick_dispatch() == 0
    assert {state_of(town, soon), state_of(town, past)} == {DeliveryState.SCHEDULED}
    town.clock.move(-90 * MINUTE)  # it is right again, an hour and a half later
    ask(town, x=timedelta(0))
    assert town.tick_dispatch() == 1
    assert state_of(town, soon) is DeliveryState.PUBLISHED
    assert state_of(town, past) is DeliveryState.MISSED
    assert town.notified("delivery_missed") != []


def test_what_a_wrong_time_does_not_hold_is_never_late_by_it(town: City) -> None:
    post_id = live_post(town, on=["x"])
    (deletion,) = take_back(town, post_id, on=["x"])
    town.clock.move(72 * HOUR)
    ask(town, x=72 * HOUR)
    assert town.tick_dispatch() == 1
    assert state_of(town, deletion) is DeliveryState.PUBLISHED


def test_of_two_machines_only_the_wrong_one_waits(town: City) -> None:
    (delivery_id,) = town.schedule(town.approved(), 10 * MINUTE)
    wrong, right = on_machine(town, "wrong", 2 * HOUR), on_machine(town, "right")
    set_ahead(town, x=2 * HOUR)
    machine_time.ask_witnesses(wrong)
    set_ahead(town, x=timedelta(0))
    machine_time.ask_witnesses(right)
    assert dispatch.tick_dispatch(wrong) == 0
    assert state_of(town, delivery_id) is DeliveryState.SCHEDULED
    town.clock.move(10 * MINUTE)
    assert (dispatch.tick_dispatch(wrong), dispatch.tick_dispatch(right)) == (0, 1)
    assert len(town.platform("x").published) == 1


def test_a_person_on_duty_or_the_lead_publishes_all_the_same(town: City) -> None:
    (delivery_id,) = town.due()
    ask(town, x=HOUR)
    for name in ("first", "clerk", "admin", "auditor"):
        with pytest.raises(WrongRole):
            override(town, name)
    emergency_steps.add_duty(town, "first")
    override(town, "first")
    override(town, "lead")  # somebody was faster
    assert ask(town, x=HOUR)
    (row,) = rows(town)
    assert (row.holds_posts, row.overridden_by_id) == (False, town.people["first"])
    assert town.verbs("wrong_times", row.id) == ["override_time"]
    assert town.tick_dispatch() == 1
    assert state_of(town, delivery_id) is DeliveryState.PUBLISHED


def test_publishing_all_the_same_counts_until_the_time_is_right(town: City) -> None:
    ask(town, x=HOUR)
    override(town, "lead")
    ask(town, x=timedelta(0))
    ask(town, x=HOUR)
    town.due()
    assert town.tick_dispatch() == 0


@pytest.mark.parametrize("begins_right", [True, False])
def test_a_jump_is_noticed_before_anything_is_sent_or_given_up(
    town: City, begins_right: bool
) -> None:
    """So is a wrong time at the start."""
    worker = Worker(town.context)
    if begins_right:
        set_ahead(town, x=timedelta(0))
        worker.run_for(0)
    later, past = town.schedule(town.approved(), HOUR)[0], town.due()[0]
    town.clock.move(3 * HOUR)
    set_ahead(town, x=3 * HOUR)
    worker.run_for(0)
    worker.close()
    assert {state_of(town, later), state_of(town, past)} == {DeliveryState.SCHEDULED}
    assert town.platform("x").published == []


def test_the_hold_costs_a_claim_no_statement(town: City) -> None:
    """One statement asks for stops, freezes and a wrong time; two find what is due."""
    (delivery_id,) = town.due()
    with town.write() as session, statements(town.database) as executed:
        found = claim.candidate_ids(session, claim_values(town))
    assert (found, len(executed)) == ([delivery_id], 3)


def test_a_disconnected_account_is_no_witness(town: City) -> None:
    set_ahead(town, x=HOUR, facebook=HOUR)
    with town.write() as session:
        account = session.get_one(Account, town.accounts["facebook"])
        account.state = AccountState.DISCONNECTED
    assert nearest(town) == ("x", HOUR)
    set_ahead(town, facebook=HOUR)
    assert nearest(town) is None


def test_a_database_on_this_machine_is_no_witness(town: City) -> None:
    """Nor is SQLite."""
    assert nearest(town) is None


@pytest.mark.ci
def test_a_database_on_another_machine_is_a_witness(postgres_url: str) -> None:
    """It calls itself by an address for documentation, which is nobody's."""
    options = {"options": "-c search_path=elsewhere,pg_catalog,public"}
    url = make_url(postgres_url).update_query_dict(options).render_as_string(hide_password=False)
    database = Database(url)
    address = "RETURNS inet LANGUAGE sql AS $$ SELECT '192.0.2.7'::inet $$"
    with database.transaction() as session:
        session.execute(text("CREATE SCHEMA elsewhere"))
        session.execute(text(f"CREATE FUNCTION elsewhere.inet_server_addr() {address}"))
    witness = machine_time.nearest_witness(database, open_nothing, now=lambda: now() + HOUR)
    database.dispose()
    assert witness is not None
    assert witness[0] == "database"
    assert abs(witness[1] - HOUR) < 5 * SECOND


def open_nothing(_account: object) -> Platform:
    raise AssertionError("a city without accounts opens none")


def test_addresses_of_this_machine_are_told_from_others() -> None:
    """192.0.2.0/24 and 2001:db8::/32 are for documentation, and nobody's."""
    own = {address: machine_time.is_own_address(address) for address in ("127.0.0.1", "127.8.0.1")}
    others = {
        address: machine_time.is_own_address(address) for address in ("192.0.2.1", "2001:db8::1")
    }
    assert set(own.values()) == {True}
    assert set(others.values()) == {False}


def test_a_machine_on_which_no_clock_asks_any_more_is_forgotten(town: City) -> None:
    """One whose own time is right notices that."""
    set_ahead(town, x=48 * HOUR)
    machine_time.ask_witnesses(on_machine(town, "gone", 48 * HOUR))
    for minutes, is_open in ((30, True), (31, False)):
        town.clock.move(minutes * MINUTE)
        ask(town, x=timedelta(0))
        assert [row.ended_at is None for row in rows(town)] == [is_open]


def test_the_times_of_several_machines_are_kept_apart(town: City) -> None:
    for name, hours in (("one", 1), ("other", -2), ("one", 1)):
        set_ahead(town, x=hours * HOUR)
        machine_time.ask_witnesses(on_machine(town, name, hours * HOUR))
    assert [(row.machine, row.ahead) for row in rows(town)] == [("one", 3600), ("other", -7200)]
