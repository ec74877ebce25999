"""People, ticks, faults and time act in any order, and the invariants hold after each step.

The digest of the code is the seed: what is red is red again until the code changes, and then by the
command that the failure prints. The long form runs 1,000 examples of sixty steps on PostgreSQL and
a third of them on SQLite, with another seed each time:
`make proof ARGS="-k whatever_people --hypothesis-profile long"`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from secrets import randbits
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import MultipleResults, run_state_machine_as_test

from publisher.database.session import migrate
from publisher.models.comments import AnswerKind
from tests.delivery.machine.appointment_rules import AppointmentRules
from tests.delivery.machine.city_machine import BOTH
from tests.delivery.machine.emergency_rules import EmergencyRules
from tests.delivery.machine.restore_rules import RestoreRules
from tests.delivery.machine.submission_rules import SubmissionRules
from tests.delivery.machine.undo_rules import BRAKES
from tests.support import sqlite
from tests.support.database_pool import DatabasePool
from tests.support.runs import Run
from tests.support.tree_seed import tree_seed

IS_LONG = settings.get_current_profile_name() == "long"
HOURS = 12 if IS_LONG else 0.5

pytestmark = [pytest.mark.proof, pytest.mark.timeout(HOURS * 3_600)]

REQUIRED = {
    "at the desk": ("schedule", "publish_now", "approve", "revise", "withdraw_approval", "give_up"),
    "what is out": ("correct", "take_back", "done_edit", "done_delete", "cancel"),
    "undo": ("stop_publishing", "undo_cancel", "undo_routing", "undo_end"),
    "submissions": ("decline", "merge"),
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
"""The actions that have to succeed at least once, since otherwise nothing is proved about them."""

REQUIRED_COUNTS: Mapping[str, int] = {
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
"""How often the actions of the risky day have to succeed."""

FREQUENT: tuple[str, ...] = (
    "schedule",
    "approve",
    "revise",
    "correct",
    "take_back",
    "done_delete",
)
FREQUENT += (
    "stop_publishing",
    "undo_cancel",
    "undo_routing",
    "decline",
    "merge",
    "undo_end",
    "answer",
    "approve_answer",
    "hide",
    "done_hide",
    "warn",
    "tamper",
    "restore",
    "shut_out",
)


class DeliveryMachine(RestoreRules, SubmissionRules, AppointmentRules, EmergencyRules):
    """All rules and invariants together."""


@pytest.fixture
def machine_seed(pytestconfig: pytest.Config) -> int:
    """Return the seed that is asked for, else that of the tree; a new one in the long form."""
    if asked := pytestconfig.getoption("--hypothesis-seed"):
        return int(asked)
    return randbits(64) if IS_LONG else tree_seed()


def run_machine(machine: type[DeliveryMachine], number: int, *, short: int, long: int) -> None:
    """Run this many examples of thirty steps from a seed, or of sixty in the long form."""
    profile = " --hypothesis-profile long" if IS_LONG else ""
    replay = f'make proof ARGS="-k whatever_people --hypothesis-seed {number}{profile}"'
    sys.stdout.write(f"The same examples again, on any tree: {replay}\n")  # shown if this fails
    machine_settings = settings(
        max_examples=long if IS_LONG else short,
        stateful_step_count=60 if IS_LONG else 30,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(machine), settings=machine_settings)


@pytest.fixture
def on_sqlite(run: Run) -> type[DeliveryMachine]:
    """The machine on SQLite, with a file for each example."""
    template = sqlite.template(run, migrate)

    class OnSqlite(DeliveryMachine):
        counts: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def create_database(_file: Path) -> str:
            return sqlite.copy(template, _file)

    return OnSqlite


@pytest.fixture
def on_postgres(database_pool: DatabasePool) -> type[DeliveryMachine]:
    """The machine on PostgreSQL, with an emptied database for each example."""

    class OnPostgres(DeliveryMachine):
        counts: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def create_database(_file: Path) -> str:
            return database_pool.acquire()

    return OnPostgres


def test_whatever_people_clocks_and_platforms_do_the_promises_hold(
    on_sqlite: type[DeliveryMachine], machine_seed: int
) -> None:
    """Almost all frequent actions succeed in any 27 examples, and all of them in the long form."""
    run_machine(on_sqlite, machine_seed, short=27, long=333)
    counts = on_sqlite.counts
    rare = [action for action in FREQUENT if counts[action] < (3 if IS_LONG else 1)]
    assert len(rare) <= (0 if IS_LONG else 3), counts


def test_everything_that_may_happen_comes_to_something(on_sqlite: type[DeliveryMachine]) -> None:
    """A fixed sequence of steps reaches what random examples seldom reach."""
    run_steps(on_sqlite(), varied_day)
    missing = [name for names in REQUIRED.values() for name in names if not on_sqlite.counts[name]]
    assert missing == [], on_sqlite.counts


def test_what_is_asked_in_one_place_alone_is_asked(on_sqlite: type[DeliveryMachine]) -> None:
    """A second sequence would break an invariant if a single check were missing."""
    run_risky_day(on_sqlite)


def test_what_is_asked_in_one_place_alone_is_asked_on_postgresql_too(
    on_postgres: type[DeliveryMachine],
) -> None:
    """PostgreSQL takes other locks."""
    run_risky_day(on_postgres)


def run_risky_day(machine: type[DeliveryMachine]) -> None:
    """Run the second sequence, and check that its actions succeeded."""
    run_steps(machine(), risky_day)
    counts = machine.counts
    missing = {name: least for name, least in REQUIRED_COUNTS.items() if counts[name] < least}
    assert missing == {}, counts


def run_steps(city: DeliveryMachine, steps: Callable[[DeliveryMachine], Iterator[object]]) -> None:
    """Check the invariants after each step, and finish all deliveries at the end."""
    for step in steps(city):
        assert step is None or isinstance(step, MultipleResults)
        city.check_all()
    city.teardown()


def varied_day(city: DeliveryMachine) -> Iterator[object]:
    """Take a step of every kind."""
    final = AnswerKind.FINAL
    scheduled, live = city.begin().values
    yield city.revise(scheduled, is_reviewed=True)
    for brake in BRAKES:
        for seconds in (30, 31):
            yield city.hold_back(city.write(BOTH, None), brake, "clerk", seconds)
    for seconds in (29, 30, 31):
        for act in city.take_back_publishing(seconds, True, "lead", None).values:
            yield city.undo(act, 0, None)
    yield city.publish_by_hand(scheduled)
    unseen = city.write(BOTH, None)
    yield city.lose_response(unseen, "facebook", True, 600, False)
    yield city.publish_by_hand(unseen)
    yield city.correct(live, 1)
    yield city.comment("x", False, 900)
    yield city.answer("officer", final, 60)
    yield city.close_or_hide("close", 1, True)
    (reply,) = city.answer("both", final, 60).values
    yield city.delete_answer(reply, 60)
    yield city.close_or_hide("hide", 60, True)
    yield city.assign_or_transfer("")
    yield city.assign_or_transfer("")
    for is_transfer, seconds in ((False, 30), (True, 30), (True, 31)):
        yield city.route(is_transfer, "lead", seconds)
    yield city.take_back(live, BOTH, True, 60)
    for word in ("ratify", "refuse", "fall and stand"):
        yield city.warn(1, word)
    yield city.stop_or_freeze(False, 5)
    yield city.tick_deliveries(300)
    for is_kept in (False, True):
        yield city.lose_response(city.write(BOTH, None), "x", is_kept, 100_000, True)
    for how in ("claimed", "sending", "sent"):
        yield city.kill_clock(city.write(BOTH, None), "x", 0, False, how)
        yield city.tick_everything(300)
    yield city.resume_clock()
    yield city.stop_or_freeze(True, 0)
    yield city.schedule(city.write(BOTH, None), 3_700, None)
    yield city.stop_or_freeze(True, 0)
    yield city.restore(60, True)
    yield city.stop_or_freeze(True, 0)
    yield city.schedule(city.write(BOTH, None), 20, None)
    yield city.restore(60, False)
    yield city.check_again("x")
    yield city.tamper(city.write(BOTH, None), BOTH)
    yield city.end_appointment(False, True)
    yield city.end_appointment(True, True)
    for seconds in (29, 30, 31):
        for is_merger in (False, True):
            yield city.end_submission(is_merger, True, "clerk", seconds)


def risky_day(city: DeliveryMachine) -> Iterator[object]:
    """Tamper with approved texts, stop after a claim, and restore old backups."""
    _, live = city.begin().values
    yield city.tamper(city.write(BOTH, None), BOTH)
    yield from suspend_clock(city, city.write(BOTH, None), is_stop=False)
    yield city.tick_everything(900)
    post = city.write(BOTH, None)
    yield from suspend_clock(city, post, is_stop=True)
    for _ in range(2):
        yield city.tick_everything(3_700)
    yield city.stop_or_freeze(True, 0)
    yield city.publish_by_hand(post)
    yield city.schedule(city.write(BOTH, None), 3_700, None)
    yield city.restore(60, True)
    yield city.tick_everything(300)
    yield city.stop_or_freeze(True, 0)
    yield city.tick_deliveries(3_700)
    yield city.take_back(live, BOTH, True, None)
    yield city.schedule(city.write(BOTH, None), 20, None)
    yield city.restore(60, False)
    yield city.tick_everything(300)
    yield city.stop_or_freeze(True, 0)
    yield city.tick_everything(300)


def suspend_clock(
    city: DeliveryMachine, waits: int | MultipleResults[int], *, is_stop: bool
) -> Iterator[object]:
    """Suspend a clock after its claim, stop or freeze, then resume it or publish by hand."""
    yield city.kill_clock(waits, "x", 0, False, "claimed")
    yield city.stop_or_freeze(is_stop, 5)
    yield city.resume_clock()
    yield city.publish_by_hand(waits)


def test_whatever_people_clocks_and_platforms_do_on_postgresql_too(
    on_postgres: type[DeliveryMachine], machine_seed: int
) -> None:
    """There are six examples on PostgreSQL."""
    run_machine(on_postgres, machine_seed, short=6, long=1_000)
    assert on_postgres.counts["drained"] >= 6
