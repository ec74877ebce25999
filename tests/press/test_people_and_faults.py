"""People's actions, ticks, faults and time in any order; the promises are asked after each step.

The long form, of 1,000 stories of sixty steps on PostgreSQL and a third of them on SQLite, each
time others: `make proof ARGS="-k whatever_people --hypothesis-profile long"`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import MultipleResults, run_state_machine_as_test

from publisher.database import migrate
from publisher.models.comments import AnswerKind
from tests.press.machine.desk import AtTheDesk
from tests.press.machine.lane import InTheLane
from tests.press.machine.offices import InOffice
from tests.press.machine.restoring import Restored
from tests.press.machine.scene import BOTH
from tests.support import sqlite
from tests.support.lending import Lender
from tests.support.runs import Run

IS_LONG = settings.get_current_profile_name() == "long"
HOURS = 12 if IS_LONG else 0.5

pytestmark = [pytest.mark.proof, pytest.mark.timeout(HOURS * 3_600)]

COME = {
    "at the desk": ("schedule", "publish_now", "approve", "revise", "withdraw_approval", "give_up"),
    "what is out": ("correct", "take_back", "by_hand", "done_edit", "done_delete", "cancel"),
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


def test_whatever_people_clocks_and_platforms_do_the_promises_hold(
    on_sqlite: type[TheCity],
) -> None:
    """A hundred stories, in which what happens often came to something often."""
    tell(on_sqlite, short=100, long=333)
    came = on_sqlite.came
    assert {one: came[one] for one in OFTEN if came[one] < 5} == {}, came


def test_everything_that_may_happen_comes_to_something(on_sqlite: type[TheCity]) -> None:
    """One story told by hand: what stories told at random seldom meet is met here."""
    machine = on_sqlite()
    for step in a_long_day(machine):
        assert step is None or isinstance(step, MultipleResults)
        machine.the_promises_hold()
    machine.teardown()
    missing = [one for names in COME.values() for one in names if not on_sqlite.came[one]]
    assert missing == [], on_sqlite.came


def a_long_day(city: TheCity) -> Iterator[object]:
    """The steps of it, one by one."""
    final = AnswerKind.FINAL
    waits, live = city.begin().values
    yield city.revise(waits, is_reviewed=True)
    yield city.hold_back(waits, "cancel")
    yield city.hold_back(waits, "withdraw_approval")
    yield city.review_again(waits, None)
    yield city.publish_by_hand(waits)
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
    yield city.tamper(city.write(BOTH, None))
    yield city.hold_back(city.write(BOTH, None), "give_up")
    yield city.an_office_ends(False, True)
    yield city.an_office_ends(True, True)


def test_whatever_people_clocks_and_platforms_do_on_postgresql_too(lender: Lender) -> None:
    """Twenty stories on PostgreSQL."""

    class OnPostgres(TheCity):
        came: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def lend(_file: Path) -> str:
            return lender.lend()

    tell(OnPostgres, short=20, long=1_000)
    assert OnPostgres.came["drained"] >= 20
