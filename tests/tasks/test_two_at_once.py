"""Two transactions refresh one department at once, in both orders, on PostgreSQL.

One is held open between its last statement and its commit until the other waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.inbox import reply, routing
from publisher.models.people import Appointment
from publisher.people import absences
from publisher.people.appointments import end_appointment
from publisher.people.permissions import COMMAND
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.tasks import before_commit
from publisher.tasks.check import wrong_tasks
from publisher.tasks.tick import tick_tasks
from publisher.working_time import local_day
from tests.support.city import City, city
from tests.support.city_people import MINUTE
from tests.tasks.open_tasks import change_numbers, open_tasks

Act = Callable[[Session], object]
WAITERS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

LOCKED = text("SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def town(database: Database, tmp_path: Path) -> City:
    return city(database, tmp_path)


def one_after_the_other(town: City, first: Act, second: Callable[[], object]) -> bool:
    """Let the second begin while the first has done all but commit; return if it had to wait.

    Both have to commit in the end.
    """
    has_refreshed, may_commit = Event(), Event()

    def hold(_session: Session) -> None:
        has_refreshed.set()
        assert may_commit.wait(30)

    def run_first() -> None:
        with holding.transaction() as session:
            first(session)

    holding = before_commit.register(Database(town.database.url))
    holding.register_before_commit(hold)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(run_first)
        assert has_refreshed.wait(30)
        other = pool.submit(second)
        _wait_until_locked_or_done(town.database, other)
        had_to_wait = not other.done()
        may_commit.set()
        one.result(30)
        other.result(30)
    holding.dispose()
    return had_to_wait


def _wait_until_locked_or_done(database: Database, other: Future[object]) -> None:
    with database.engine.connect() as connection:
        for _ in range(3_000):
            if other.done() or connection.execute(WAITERS).scalar():
                return
            connection.rollback()
    raise AssertionError("it neither waits nor ends")


def running(town: City, act: Act) -> Callable[[], None]:
    def run() -> None:
        with town.write() as session:
            act(session)

    return run


def assigning(town: City, comment_id: int) -> Act:
    return lambda session: routing.assign(
        session,
        actor=town.actor("clerk"),
        now=town.now,
        comment_id=comment_id,
        department_id=town.departments["water"],
    )


def ending(town: City, name: str) -> Act:
    def end(session: Session) -> None:
        appointment = session.get_one(Appointment, town.appointments[name])
        end_appointment(session, actor=COMMAND, appointment=appointment, now=town.now)

    return end


def answering(town: City, comment_id: int, by: str) -> Act:
    return lambda session: reply.answer(
        session, actor=town.actor(by), now=town.now, comment_id=comment_id, text="उद्या येईल."
    )


def leaving(town: City, name: str) -> Act:
    today = local_day(town.now)
    return lambda session: absences.record(
        session,
        actor=town.actor("clerk"),
        now=town.now,
        person_id=town.people[name],
        from_on=today,
        until_on=today,
    )


in_both_orders = pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])


def race(town: City, one: Act, other: Act, *, turned: bool) -> None:
    first, second = (other, one) if turned else (one, other)
    one_after_the_other(town, first, running(town, second))


@in_both_orders
def test_a_comment_is_routed_while_its_officer_ends(town: City, turned: bool) -> None:
    comment_id = town.comment()
    race(town, assigning(town, comment_id), ending(town, "first"), turned=turned)
    assert open_tasks(town) == [("comment", comment_id, "second")]


@in_both_orders
def test_a_comment_is_routed_while_its_officer_goes_away(town: City, turned: bool) -> None:
    comment_id = town.comment()
    race(town, assigning(town, comment_id), leaving(town, "first"), turned=turned)
    assert open_tasks(town) == [("comment", comment_id, "first"), ("comment", comment_id, "second")]


@in_both_orders
def test_an_officer_answers_while_another_ends(town: City, turned: bool) -> None:
    (delivery_id,) = town.live()
    answered, other = (town.comment(under=delivery_id) for _ in range(2))
    race(town, answering(town, answered, "second"), ending(town, "first"), turned=turned)
    assert open_tasks(town) == [("comment", other, "second")]


@in_both_orders
def test_both_officers_end(town: City, turned: bool) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    race(town, ending(town, "first"), ending(town, "second"), turned=turned)
    assert open_tasks(town) == [("comment", comment_id, "head")]


def test_a_review_locks_all_departments_that_it_asks(town: City) -> None:
    """Each of them works out the whole post, from the officers of the others too."""
    town.add_department("lamps")
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], asked_departments=["water", "lamps"])
    town.send(post_id)
    locked_ids: set[int] = set()
    recording = before_commit.register(Database(town.database.url))
    recording.register_before_commit(lambda session: locked_ids.update(session.scalars(LOCKED)))
    with recording.transaction() as session:
        ending(town, "first")(session)
    recording.dispose()
    assert {town.departments["water"], town.departments["lamps"]} <= locked_ids


def test_a_page_of_comments_is_stored_while_the_officer_ends(town: City) -> None:
    (delivery_id,) = town.live()
    platform_id = town.platform_id(delivery_id)
    town.listen()
    for number in range(3):
        town.platform("x").citizen_says(f"टिप्पणी {number}", parent_id=platform_id)
    town.clock.move(timedelta(minutes=10))
    assert one_after_the_other(town, ending(town, "first"), town.listen)
    assert [who for _kind, _id, who in open_tasks(town)] == ["second"] * 3


def test_what_a_refused_act_had_locked_is_passed_on_by_the_next_tick(
    town: City,
) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    with Session(town.database.engine) as refused:  # it locks, and rolls back
        routing.lock_comment(refused, comment_id, actor=town.actor("first"))
        town.end("first")
    with town.read() as session:
        assert [task.fault for task in wrong_tasks(session, now=town.now)] == ["unsettled"]
    tick_tasks(town.database, now=town.clock)
    assert open_tasks(town) == [("comment", comment_id, "second")]


def test_a_late_settlement_takes_the_failed_answer_from_the_cell_too(town: City) -> None:
    comment_id = town.comment()
    town.assign(comment_id, "road")
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.answer(comment_id, by="road_officer")
    town.tick_dispatch(MINUTE)
    assert [kind for kind, _id, _who in open_tasks(town, "deliveries")] == ["delivery_failed"]
    with Session(town.database.engine) as refused:
        routing.lock_comment(refused, comment_id, actor=town.actor("road_officer"))
        town.end("road_officer")
    tick_tasks(town.database, now=town.clock)
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]
    assert open_tasks(town, "deliveries") == []


def test_numbers_of_changes_become_visible_in_their_order(town: City) -> None:
    """Whoever has seen 102 has seen 101, although both transactions ran at once."""
    first, second = (town.comment() for _ in range(2))
    before = change_numbers(town)[-1]
    road = town.departments["road"]

    def to_road(session: Session) -> None:
        actor = town.actor("clerk")
        routing.assign(session, actor=actor, now=town.now, comment_id=second, department_id=road)

    assert one_after_the_other(town, assigning(town, first), running(town, to_road))
    assert change_numbers(town)[-1] == before + 2
