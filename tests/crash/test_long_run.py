"""The long run can be stopped and killed, goes on where it was, and writes its table."""

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
from tests.crash.__main__ import Ending, Lanes
from tests.crash.goals import IN_EARNEST, SHORTENED, WANTED, Wanted
from tests.crash.house import House
from tests.crash.paces import REAL, SCALED
from tests.crash.rounds import Round
from tests.crash.tallies import BEGIN, END, POINTS, Kept, Tally
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
EVERYWHERE = dict.fromkeys(POINTS, 1)


@pytest.fixture
def records(tmp_path: Path) -> Kept:
    """Nothing counted yet, and a page that waits for its table."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    return Kept(tmp_path / "kept", page)


@pytest.mark.parametrize(
    "line", ['{"kills": 80, "at_', '{"kills": 80, "at_a_point": 2, "found": {"posts": 3}}']
)
def test_rounds_are_summed_and_half_a_line_or_one_of_another_form_is_none(
    records: Kept, line: str
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


def test_what_is_under_way_is_done_and_not_yet_counted(records: Kept) -> None:
    records.finish("sqlite", ROUND)
    tally, other = Tally(), Tally()
    with records.begun("sqlite", tally):
        with records.begun("sqlite", other):
            other.kills = 4
            assert records.done("sqlite").kills == 84
            other.kills = 0  # the two are alike again, and one of them ends
        tally.kills = 3
        assert records.done("sqlite").kills == 83
        assert (records.counted("sqlite"), records.done("postgresql")) == (ROUND, Tally())
    assert records.done("sqlite") == ROUND


def test_the_table_stands_between_its_marks_and_nothing_else_changes(records: Kept) -> None:
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


def test_real_times_have_a_column_of_their_own_once_they_were_tried(records: Kept) -> None:
    records.finish("sqlite", ROUND)
    records.finish("sqlite-real", replace(ROUND, kills=7))
    page = records.page.read_text()
    assert "|  | PostgreSQL | SQLite | SQLite, real times |" in page
    assert "| clocks killed (SIGKILL) | 0 | 80 | 7 |" in page


# What is wanting


def test_the_run_ends_when_the_last_of_its_numbers_is_reached() -> None:
    goals = Wanted({"kills": 100, "restarts": 10}, at_each_point=2)
    done = Tally(kills=50, restarts=10, points=dict.fromkeys(POINTS, 2))
    assert goals.share(done) == 0.5
    assert goals.share(replace(done, kills=100)) == 1
    assert goals.share(replace(done, kills=100, restarts=3)) == 0.3


def test_many_kills_at_one_point_make_up_for_none_at_another() -> None:
    goals = Wanted({"kills": 100}, at_each_point=2)
    uneven = dict.fromkeys(POINTS, 2) | {"look.read": 0, "publish.claimed": 40}
    done = Tally(kills=100, points=uneven)
    assert goals.share(done) < 1
    assert goals.points(done) == {"look.read": 2}


def test_strokes_are_chosen_by_what_is_wanting_still() -> None:
    goals = Wanted(
        {"kills": 100, "at_random": 60, "stood_still": 20, "restarts": 10, "cuts": 10, "locks": 4},
        at_each_point=2,
    )
    assert goals.strokes(Tally()) == {
        "kill": 22,
        "strike": 44,
        "point": 34,
        "still": 20,
        "restart": 10,
        "cut": 2,
        "lock": 4,
    }
    done = Tally(kills=100, stood_still=18, restarts=12, cuts=10, locks=4, points=EVERYWHERE)
    assert goals.strokes(done) == {"point": 17, "still": 2}
    done.stood_still, done.points = 20, dict.fromkeys(POINTS, 2)
    assert goals.strokes(done) == {"strike": 1}, "only posts can be wanting now"


def test_of_a_tenth_one_is_left_of_everything() -> None:
    tenth = Wanted({"kills": 1_000, "locks": 4, "commits": 11}, at_each_point=7).tenth()
    assert tenth == Wanted({"kills": 100, "locks": 1, "commits": 2}, at_each_point=1)
    assert WANTED["postgresql-real"] == WANTED["postgresql"].tenth()


@pytest.mark.parametrize("kind", WANTED)
def test_every_stroke_that_a_number_needs_exists(kind: str) -> None:
    strokes = WANTED[kind].strokes(Tally())
    assert all(hasattr(Round, f"_{stroke}") for stroke in strokes)
    of_others = {"lock"} if kind.startswith("postgresql") else {"restart", "cut", "commit"}
    assert not of_others & set(strokes)


def test_real_times_are_those_of_the_settings(tmp_path: Path) -> None:
    assert REAL.press == environment.load({}, folder=tmp_path).delivery
    assert "options" not in REAL.address("postgresql+psycopg://u@/db?host=/there")
    assert SCALED.press.lease < REAL.press.lease
    assert IN_EARNEST.pace is REAL
    assert SHORTENED.pace is SCALED
    assert {*IN_EARNEST.lanes, *SHORTENED.lanes} == set(WANTED)


# What is counted


def _round(installation: House, *, but: str = "") -> Round:
    """A round with one clock, in which nothing is wanting but one kill at that point."""
    tally = Tally()
    reached = {point: 1 for point in POINTS if point != but}
    before = Tally(kills=len(reached), points=reached)
    goals = Wanted({}, at_each_point=1)
    return Round(
        *(installation, None, random.Random(3), goals), done=lambda: before + tally, tally=tally
    )


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_round_ends_once_the_point_that_was_wanting_was_reached(installation: House) -> None:
    playing = _round(installation, but="publish.claimed")
    tally = playing.play(is_over=lambda: False)
    assert tally.points == {"publish.claimed": tally.kills}
    assert tally.at_work > 0
    assert tally.found.is_clean
    assert tally.posts > 0


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_clock_that_is_killed_on_its_way_to_a_point_is_not_counted_there(
    installation: House,
) -> None:
    playing = _round(installation, but="look.stored")
    playing.stroke("kill")
    assert (playing.tally.kills, playing.tally.points) == (1, {})


@pytest.mark.proof
@pytest.mark.timeout(300)
@pytest.mark.parametrize("has_work", [True, False], ids=["with something in hand", "with nothing"])
def test_a_clock_that_stood_still_is_counted_if_it_had_something_in_hand(
    installation: House, has_work: bool
) -> None:
    playing = _round(installation)
    if not has_work:
        with installation.database.transaction() as session:
            session.execute(update(Account).values(state=AccountState.PAUSED))
    playing.stroke("still")
    assert playing.tally.stood_still == has_work
    assert playing.tally.kills == 0


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_lost_responses_are_counted_and_faults_that_nobody_met_are_not(
    installation: House,
) -> None:
    traffic = _round(installation).traffic
    traffic.lay_faults()
    laid = len(traffic.laid)
    traffic.clear()
    assert (laid > 0, traffic.tally.lost_answers) == (True, 0)
    traffic.lay_faults()
    laid = len(traffic.laid)
    traffic.fall_due()
    installation.drain()
    traffic.clear()
    assert traffic.tally.lost_answers == laid


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lane_that_fails_ends_the_others_and_the_run(records: Kept, tmp_path: Path) -> None:
    ending = Ending(at=float("inf"))
    lanes = Lanes(SHORTENED, Run(tmp_path / "gone"), None, records, ending)
    lanes.go_on(["sqlite"])
    assert not lanes.is_clean
    assert ending()
    assert records.counted("sqlite") == Tally()


@dataclass
class Long:
    """Starts the long run, on SQLite alone, as often as it is wanted."""

    start: Starter
    records: Kept
    registry: Path

    def begin(self) -> RunningCommand:
        """Start it, and wait until it kills clocks."""
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
    start: Starter, run: Run, records: Kept, tmp_path: Path
) -> None:
    registry = run.folder / tmp_path.name
    registry.mkdir()
    long = Long(start, records, registry)
    assert long.begin().stop(signal.SIGINT, within=200) == 0
    first = records.counted("sqlite")
    assert first.kills > 0
    assert first.found.is_clean

    long.begin().kill()
    assert records.counted("sqlite") == first
    (path,) = registry.iterdir()

    assert long.begin().stop(signal.SIGTERM, within=200) == 0
    assert not path.exists(), "what the kill left is ended by the next"
    assert records.counted("sqlite").kills > first.kills
    row = f"| clocks killed (SIGKILL) | 0 | {records.counted('sqlite').kills} |"
    assert row in records.page.read_text()
