"""The long run can be stopped and killed, continues where it was, and writes its table."""

from __future__ import annotations

import random
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from publisher.models.deliveries import Account
from publisher.settings import environment
from publisher.states import AccountState
from tests.crash.__main__ import ParallelRounds, StopCondition
from tests.crash.clock_installation import ClockInstallation
from tests.crash.goals import GOALS, REAL_TIMES, SCALED_TIMES, Goals
from tests.crash.rounds import Round
from tests.crash.tallies import BEGIN, END, POINTS, Tally, TallyStore
from tests.crash.timings import REAL, SCALED
from tests.crash.verdict import Judgement
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import REGISTRY, Run, wait_until

ROUND = Tally(
    kills=80,
    at_work=50,
    seconds=90.0,
    points={"publish.claimed": 3, "look.read": 1},
    found=Judgement(posts=1_480, published=1_478, held=2),
)
ONCE_AT_EACH_POINT = dict.fromkeys(POINTS, 1)


@pytest.fixture
def records(tmp_path: Path) -> TallyStore:
    """Create an empty store of counts, with a page for its table."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    return TallyStore(tmp_path / "kept", page)


@pytest.mark.parametrize(
    "line", ['{"kills": 80, "at_', '{"kills": 80, "at_a_point": 2, "found": {"posts": 3}}']
)
def test_rounds_are_summed_and_half_a_line_or_one_of_another_form_is_none(
    records: TallyStore, line: str
) -> None:
    records.finish("sqlite", ROUND)
    records.finish("sqlite", ROUND)
    with (records.folder / "sqlite.jsonl").open("a") as lines:
        lines.write(line)
    total = records.counted("sqlite")
    assert total == ROUND + ROUND
    assert (total.kills, total.at_a_point, total.at_random, total.posts) == (160, 8, 152, 2_960)
    assert total.points == {"publish.claimed": 6, "look.read": 2}
    assert records.counted("postgresql") == Tally()


def test_what_is_under_way_is_done_and_not_yet_counted(records: TallyStore) -> None:
    records.finish("sqlite", ROUND)
    tally, other = Tally(), Tally()
    with records.count_running("sqlite", tally):
        with records.count_running("sqlite", other):
            other.kills = 4
            assert records.done("sqlite").kills == 84
            other.kills = 0  # both tallies are equal again, and one of the rounds ends
        tally.kills = 3
        assert records.done("sqlite").kills == 83
        assert (records.counted("sqlite"), records.done("postgresql")) == (ROUND, Tally())
    assert records.done("sqlite") == ROUND


def test_the_table_stands_between_its_marks_and_nothing_else_changes(records: TallyStore) -> None:
    records.finish("sqlite", ROUND)
    records.write_table()
    lines = records.page.read_text().splitlines()
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("before", BEGIN, END, "after")
    assert lines[2] == "|  | PostgreSQL | SQLite |"
    assert "| clocks killed (SIGKILL) | 0 | 80 |" in lines
    assert "| … which had reached a named point | 0 | 4 |" in lines
    assert "| … at each of the 17 points at least | 0 | 0 |" in lines
    assert "| PostgreSQL restarted in immediate mode | 0 | – |" in lines
    assert "| posts | 0 | 1,480 |" in lines
    assert "| held for a person | 0 | 2 |" in lines
    assert "| **duplicates** | 0 | 0 |" in lines
    assert "| minutes of all rounds | 0 | 2 |" in lines


def test_real_times_have_a_column_of_their_own_once_they_were_tried(records: TallyStore) -> None:
    records.finish("sqlite", ROUND)
    records.finish("sqlite-real", replace(ROUND, kills=7))
    page = records.page.read_text()
    assert "|  | PostgreSQL | SQLite | SQLite, real times |" in page
    assert "| clocks killed (SIGKILL) | 0 | 80 | 7 |" in page


# Goals


def test_the_run_ends_when_the_last_of_its_numbers_is_reached() -> None:
    goals = Goals({"kills": 100, "restarts": 10}, at_each_point=2)
    done = Tally(kills=50, restarts=10, points=dict.fromkeys(POINTS, 2))
    assert goals.progress(done) == 0.5
    assert goals.progress(replace(done, kills=100)) == 1
    assert goals.progress(replace(done, kills=100, restarts=3)) == 0.3


def test_many_kills_at_one_point_make_up_for_none_at_another() -> None:
    goals = Goals({"kills": 100}, at_each_point=2)
    uneven = dict.fromkeys(POINTS, 2) | {"look.read": 0, "publish.claimed": 40}
    done = Tally(kills=100, points=uneven)
    assert goals.progress(done) < 1
    assert goals.missing_at_points(done) == {"look.read": 2}


def test_disruptions_are_chosen_by_what_is_still_missing() -> None:
    goals = Goals(
        {"kills": 100, "at_random": 60, "stood_still": 20, "restarts": 10, "cuts": 10, "locks": 4},
        at_each_point=2,
    )
    assert goals.disruptions(Tally()) == {
        "kill": 22,
        "kill_at_work": 44,
        "kill_at_point": 34,
        "suspend": 20,
        "restart_server": 10,
        "cut_connections": 2,
        "lock_sqlite": 4,
    }
    done = Tally(
        kills=100, stood_still=18, restarts=12, cuts=10, locks=4, points=ONCE_AT_EACH_POINT
    )
    assert goals.disruptions(done) == {"kill_at_point": 17, "suspend": 2}
    done.stood_still, done.points = 20, dict.fromkeys(POINTS, 2)
    assert goals.disruptions(done) == {"kill_at_work": 1}, "only posts can be missing now"


def test_of_a_tenth_one_is_left_of_everything() -> None:
    tenth = Goals({"kills": 1_000, "locks": 4, "commits": 11}, at_each_point=7).tenth()
    assert tenth == Goals({"kills": 100, "locks": 1, "commits": 2}, at_each_point=1)
    assert GOALS["postgresql-real"] == GOALS["postgresql"].tenth()


@pytest.mark.parametrize("kind", GOALS)
def test_every_disruption_that_a_goal_needs_exists(kind: str) -> None:
    disruptions = GOALS[kind].disruptions(Tally())
    assert all(hasattr(Round, f"_{disruption}") for disruption in disruptions)
    impossible = (
        {"lock_sqlite"}
        if kind.startswith("postgresql")
        else {"restart_server", "cut_connections", "cut_during_commit"}
    )
    assert not impossible & set(disruptions)


def test_real_times_are_those_of_the_settings(tmp_path: Path) -> None:
    assert REAL.delivery == environment.load({}, folder=tmp_path).delivery
    assert "options" not in REAL.address("postgresql+psycopg://u@/db?host=/there")
    assert SCALED.delivery.lease < REAL.delivery.lease
    assert REAL_TIMES.timings is REAL
    assert SCALED_TIMES.timings is SCALED
    assert {*REAL_TIMES.lanes, *SCALED_TIMES.lanes} == set(GOALS)


# Counts


def _round(installation: ClockInstallation, *, except_point: str = "") -> Round:
    """Return a round on SQLite in which only a kill at that point is missing."""
    tally = Tally()
    reached = {point: 1 for point in POINTS if point != except_point}
    before = Tally(kills=len(reached), points=reached)
    goals = Goals({}, at_each_point=1)
    return Round(
        *(installation, None, random.Random(3), goals), done=lambda: before + tally, tally=tally
    )


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_round_ends_once_the_point_that_was_wanting_was_reached(
    installation: ClockInstallation,
) -> None:
    one_round = _round(installation, except_point="publish.claimed")
    tally = one_round.run(is_over=lambda: False)
    assert tally.points == {"publish.claimed": tally.kills}
    assert tally.at_work > 0
    assert tally.found.is_clean
    assert tally.posts > 0


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_clock_that_is_killed_on_its_way_to_a_point_is_not_counted_there(
    installation: ClockInstallation,
) -> None:
    one_round = _round(installation, except_point="look.stored")
    one_round.disrupt("kill")
    assert (one_round.tally.kills, one_round.tally.points) == (1, {})


@pytest.mark.proof
@pytest.mark.timeout(300)
@pytest.mark.parametrize("has_work", [True, False], ids=["with something in hand", "with nothing"])
def test_a_clock_that_stood_still_is_counted_if_it_had_something_in_hand(
    installation: ClockInstallation, has_work: bool
) -> None:
    one_round = _round(installation)
    if not has_work:
        with installation.database.transaction() as session:
            session.execute(update(Account).values(state=AccountState.PAUSED))
    one_round.disrupt("suspend")
    assert one_round.tally.stood_still == has_work
    assert one_round.tally.kills == 0


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_lost_responses_are_counted_and_faults_that_nobody_met_are_not(
    installation: ClockInstallation,
) -> None:
    traffic = _round(installation).traffic
    traffic.add_faults()
    fault_count = len(traffic.fault_ids)
    traffic.clear_faults()
    assert (fault_count > 0, traffic.tally.lost_answers) == (True, 0)
    traffic.add_faults()
    fault_count = len(traffic.fault_ids)
    traffic.add_due_posts()
    installation.drain()
    traffic.clear_faults()
    assert traffic.tally.lost_answers == fault_count


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lane_that_fails_ends_the_others_and_the_run(records: TallyStore, tmp_path: Path) -> None:
    ending = StopCondition(deadline=float("inf"))
    lanes = ParallelRounds(SCALED_TIMES, Run(tmp_path / "gone"), None, records, ending)
    lanes.run_all(["sqlite"])
    assert not lanes.is_clean
    assert ending()
    assert records.counted("sqlite") == Tally()


@dataclass
class LongRun:
    """Starts the long run on SQLite repeatedly."""

    start: Starter
    records: TallyStore
    registry: Path

    def start_run(self) -> RunningCommand:
        """Start the long run, and wait until it kills clocks."""
        call = [sys.executable, "-m", "tests.crash", "--only", "sqlite"]
        call += ["--kept", str(self.records.folder), "--docs", str(self.records.page)]
        old = self._clocks()
        began = self.start(call, environment={REGISTRY: str(self.registry)})
        if not wait_until(lambda: len(self._clocks() - old) > 3, within=120):
            raise AssertionError(began.written_output())
        return began

    def _clocks(self) -> set[Path]:
        return set(self.registry.glob("*/*/clock-*.txt"))


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_long_run_ends_when_asked_and_goes_on_after_a_kill(
    start: Starter, run: Run, records: TallyStore, tmp_path: Path
) -> None:
    registry = run.folder / tmp_path.name
    registry.mkdir()
    long = LongRun(start, records, registry)
    assert long.start_run().stop(signal.SIGINT, within=200) == 0
    first = records.counted("sqlite")
    assert first.kills > 0
    assert first.found.is_clean

    long.start_run().kill()
    assert records.counted("sqlite") == first
    (path,) = registry.iterdir()

    assert long.start_run().stop(signal.SIGTERM, within=200) == 0
    assert not path.exists(), "the next run cleans up after the killed one"
    assert records.counted("sqlite").kills > first.kills
    row = f"| clocks killed (SIGKILL) | 0 | {records.counted('sqlite').kills} |"
    assert row in records.page.read_text()
