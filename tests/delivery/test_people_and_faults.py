"""People's actions, ticks, faults and time in any order; the promises are asked after each step.

The long form, of 1,000 stories of sixty steps on PostgreSQL and a third of them on SQLite, each
time others: `make proof ARGS="-k whatever_people --hypothesis-profile long"`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import MultipleResults, run_state_machine_as_test

from publisher.database.session import migrate
from publisher.models.comments import AnswerKind
from tests.delivery.machine.desk import AtTheDesk
from tests.delivery.machine.lane import InTheLane
from tests.delivery.machine.offices import InOffice
from tests.delivery.machine.restoring import Restored
from tests.delivery.machine.scene import BOTH
from tests.support import sqlite
from tests.support.database_pool import DatabasePool
from tests.support.runs import Run

IS_LONG = settings.get_current_profile_name() == "long"
HOURS = 12 if IS_LONG else 0.5

pytestmark = [pytest.mark.proof, pytest.mark.timeout(HOURS * 3_600)]

COME = {
    "at the desk": ("schedule", "publish_now", "approve", "revise", "withdraw_approval", "give_up"),
    "what is out": ("correct", "take_back", "done_edit", "done_delete", "cancel"),
    "by hand": ("by_hand", "not_shown_yet"),
    "emergencies": ("warn", "ratify_warning", "refuse_warning", "template_falls"),
    "offices": ("office_ends", "shut_out", "somebody_is_named", "tamper"),
    "the inbox": ("answer", "answer_for_officer", "approve_answer", "answer_live", "pass_on"),
    "orders about comments": ("hide", "show_again", "done_hide", "done_unhide", "reopen"),
    "answers that go": ("take_answer_back", "close", "assign"),
    "clocks": ("die_claimed", "die_sending", "die_sent", "wake", "send_again", "it_is_live"),
    "brakes": ("stop", "release", "freeze", "check_again"),
    "a backup": ("restore", "restored_in_doubt", "seek", "move_forward"),
    "all three kinds": ("rests_on_approved", "rests_on_own_hand", "rests_on_emergency"),
}
"""What has to have come to something once: what nobody met proves nothing."""

TEMPTED: Mapping[str, int] = {
    "tamper": 1,
    "die_claimed": 2,
    "freeze": 1,
    "stop": 1,
    "wake": 2,
    "restore": 2,
    "move_forward": 2,
    "restored_in_doubt": 4,
    "seek": 2,
    "release": 3,
    "by_hand": 2,
}
"""How often what tempts has to have come to something."""

OFTEN: tuple[str, ...] = (
    "schedule",
    "approve",
    "revise",
    "correct",
    "take_back",
    "done_edit",
    "done_delete",
)
OFTEN += ("answer", "approve_answer", "hide", "done_hide", "warn", "tamper", "restore", "shut_out")


class TheCity(Restored, AtTheDesk, InOffice, InTheLane):
    """All of it at once."""


def tell(machine: type[TheCity], *, short: int, long: int) -> None:
    """Tell so many stories of thirty steps, the same ones each time; in the long form of sixty."""
    chosen = settings(
        max_examples=long if IS_LONG else short,
        stateful_step_count=60 if IS_LONG else 30,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture
def on_sqlite(run: Run) -> type[TheCity]:
    """The machine on SQLite, a file for each story."""
    template = sqlite.template(run, migrate)

    class OnSqlite(TheCity):
        came: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def lend(_file: Path) -> str:
            return sqlite.copy(template, _file)

    return OnSqlite


@pytest.fixture
def on_postgres(database_pool: DatabasePool) -> type[TheCity]:
    """The machine on PostgreSQL, in one database after the other."""

    class OnPostgres(TheCity):
        came: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def lend(_file: Path) -> str:
            return database_pool.acquire()

    return OnPostgres


def test_whatever_people_clocks_and_platforms_do_the_promises_hold(
    on_sqlite: type[TheCity],
) -> None:
    """A hundred stories, in which what happens often came to something often."""
    tell(on_sqlite, short=100, long=333)
    came = on_sqlite.came
    assert {deed: came[deed] for deed in OFTEN if came[deed] < 5} == {}, came


def test_everything_that_may_happen_comes_to_something(on_sqlite: type[TheCity]) -> None:
    """One story told by hand: what stories told at random seldom meet is met here."""
    tell_by_hand(on_sqlite(), a_long_day)
    missing = [name for names in COME.values() for name in names if not on_sqlite.came[name]]
    assert missing == [], on_sqlite.came


def test_what_is_asked_in_one_place_alone_is_asked(on_sqlite: type[TheCity]) -> None:
    """Another one: what would be done wrongly if a single question were forgotten."""
    tempt(on_sqlite)


def test_what_is_asked_in_one_place_alone_is_asked_on_postgresql_too(
    on_postgres: type[TheCity],
) -> None:
    """The same there, where other locks are taken."""
    tempt(on_postgres)


def tempt(machine: type[TheCity]) -> None:
    """Tell the second story, and see that what tempts in it came to something."""
    tell_by_hand(machine(), a_day_of_temptations)
    missing = {deed: most for deed, most in TEMPTED.items() if machine.came[deed] < most}
    assert missing == {}, machine.came


def tell_by_hand(city: TheCity, story: Callable[[TheCity], Iterator[object]]) -> None:
    """Ask for the promises after each step of it, and drain what is left."""
    for step in story(city):
        assert step is None or isinstance(step, MultipleResults)
        city.the_promises_hold()
    city.teardown()


def a_long_day(city: TheCity) -> Iterator[object]:
    """The steps of it, one by one."""
    final = AnswerKind.FINAL
    todo_kinds, live = city.begin().values
    yield city.revise(todo_kinds, is_reviewed=True)
    yield city.hold_back(todo_kinds, "cancel")
    yield city.hold_back(todo_kinds, "withdraw_approval")
    yield city.review_again(todo_kinds, None)
    yield city.publish_by_hand(todo_kinds)
    unseen = city.write(BOTH, None)
    yield city.lose(unseen, "facebook", True, 600, False)
    yield city.publish_by_hand(unseen)
    yield city.correct(live, 1)
    yield city.a_citizen_speaks("x", False, 900)
    yield city.answer("officer", final, 60)
    yield city.settle("close", 1, True)
    (reply,) = city.answer("both", final, 60).values
    yield city.take_answer_back(reply, 60)
    yield city.settle("hide", 60, True)
    yield city.pass_on("")
    yield city.pass_on("")
    yield city.take_back(live, BOTH, True, 60)
    for word in ("ratify", "refuse", "fall and stand"):
        yield city.warn(1, word)
    yield city.brake(False, 5)
    yield city.press(300)
    for is_kept in (False, True):
        yield city.lose(city.write(BOTH, None), "x", is_kept, 100_000, True)
    for how in ("claimed", "sending", "sent"):
        yield city.die(city.write(BOTH, None), "x", 0, False, how)
        yield city.all_tick(300)
    yield city.wake()
    yield city.brake(True, 0)
    yield city.schedule(city.write(BOTH, None), 3_700, None)
    yield city.brake(True, 0)
    yield city.restore(60, True)
    yield city.brake(True, 0)
    yield city.schedule(city.write(BOTH, None), 20, None)
    yield city.restore(60, False)
    yield city.check_again("x")
    yield city.tamper(city.write(BOTH, None), BOTH)
    yield city.hold_back(city.write(BOTH, None), "give_up")
    yield city.an_office_ends(False, True)
    yield city.an_office_ends(True, True)


def a_day_of_temptations(city: TheCity) -> Iterator[object]:
    """Words changed after their approval, brakes that come after a claim, a house of yesterday."""
    _, live = city.begin().values
    yield city.tamper(city.write(BOTH, None), BOTH)
    yield from a_clock_sleeps(city, city.write(BOTH, None), is_stop=False)
    yield city.all_tick(900)
    todo_kinds = city.write(BOTH, None)
    yield from a_clock_sleeps(city, todo_kinds, is_stop=True)
    for _ in range(2):
        yield city.all_tick(3_700)
    yield city.brake(True, 0)
    yield city.publish_by_hand(todo_kinds)
    yield city.schedule(city.write(BOTH, None), 3_700, None)
    yield city.restore(60, True)
    yield city.all_tick(300)
    yield city.brake(True, 0)
    yield city.press(3_700)
    yield city.take_back(live, BOTH, True, None)
    yield city.schedule(city.write(BOTH, None), 20, None)
    yield city.restore(60, False)
    yield city.all_tick(300)
    yield city.brake(True, 0)
    yield city.all_tick(300)


def a_clock_sleeps(
    city: TheCity, waits: int | MultipleResults[int], *, is_stop: bool
) -> Iterator[object]:
    """It has claimed; then a brake is laid, and it wakes. Nor may a person do it in its place."""
    yield city.die(waits, "x", 0, False, "claimed")
    yield city.brake(is_stop, 5)
    yield city.wake()
    yield city.publish_by_hand(waits)


def test_whatever_people_clocks_and_platforms_do_on_postgresql_too(
    on_postgres: type[TheCity],
) -> None:
    """Twenty stories on PostgreSQL."""
    tell(on_postgres, short=20, long=1_000)
    assert on_postgres.came["drained"] >= 20
