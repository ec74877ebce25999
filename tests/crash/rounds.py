"""One round of the long run: posts come, platforms misbehave, and clocks die at any moment."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import func, select

from publisher import failpoints
from publisher.models.deliveries import Delivery
from publisher.states import DeliveryState
from tests.crash import points
from tests.crash.connection_cuts import RECEIPTS, SENDING, cutting
from tests.crash.goals import Wanted
from tests.crash.house import PATIENCE, House, freeze, wake
from tests.crash.servers import OwnServer
from tests.crash.tallies import Tally
from tests.crash.traffic import SLOW, Traffic
from tests.crash.verdict import judge
from tests.support.processes import RunningCommand
from tests.support.runs import wait_until

LOCKS = (0.1, 1, 6, 30)
"""Seconds for which another writer has SQLite; a clock waits ten."""

ANEW = 0.1
"""How often it is chosen anew after a stroke whether Facebook's page takes posts in two steps."""

AWAKE = 1.0
"""Seconds that one who woke has for what it still had in mind, before it can be killed."""

IN_HAND = (DeliveryState.CLAIMED, DeliveryState.SENDING)
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'clock' AND random() < 0.5"
)


@dataclass
class Sleeper:
    """A clock that stands still until then; `had_work` says whether it had something in hand."""

    clock: RunningCommand
    until: float
    had_work: bool
    is_awake: bool = False


@dataclass
class Round:
    """A house, as many clocks as it may have, and its own server where it has one.

    `done` tells what was done in all, this round included. `armed` are the clocks that are to
    die at a named point, by their pids, and the file that says they came to it.
    """

    installation: House
    server: OwnServer | None
    chance: random.Random
    goals: Wanted
    done: Callable[[], Tally]
    tally: Tally
    pause: float = 0.0
    sleepers: list[Sleeper] = field(default_factory=list)
    armed: dict[int, tuple[str, Path]] = field(default_factory=dict)
    started: int = 0
    traffic: Traffic = field(init=False)

    def __post_init__(self) -> None:
        self.traffic = Traffic(self.installation, self.chance, self.tally)

    def play(self, *, is_over: Callable[[], bool]) -> Tally:
        """Strike until there was enough or it has to be over, let it all drain, and judge."""
        began = time.monotonic()
        self._choose_steps()
        while not is_over() and self.goals.share(self.done()) < 1:
            strokes = self.goals.strokes(self.done())
            (chosen,) = self.chance.choices([*strokes], [*strokes.values()])
            self.stroke(chosen)
            if self.chance.random() < ANEW:
                self._choose_steps()
            time.sleep(self.pause)
        self._come_to_rest()
        self.tally.found = judge(self.installation)
        self.tally.seconds = round(time.monotonic() - began, 1)
        return self.tally

    def stroke(self, name: str) -> None:
        """One stroke, over clocks that run and faults that lie."""
        self._fill_up()
        self.traffic.lay_faults()
        getattr(self, f"_{name}")()
        self._wake_sleepers()

    def _choose_steps(self) -> None:
        """For about half of the time Facebook's page takes its posts in two steps.

        For all of it once nothing is wanting but the points that only these come to.
        """
        lacking = self.goals.points(self.done())
        by_two = sum(lacking.get(in_two_step, 0) for in_two_step in points.IN_TWO_STEPS)
        share = by_two / sum(lacking.values()) if lacking else 0
        self.traffic.go_by(two_steps=self.chance.random() < max(0.5, share))

    # Clocks

    def _fill_up(self) -> None:
        """On PostgreSQL three clocks run, on SQLite there can be one."""
        self._bury_the_dead()
        for _ in range((3 if self.server else 1) - len(self.installation.clocks)):
            self._start(self._point_for_one())

    def _bury_the_dead(self) -> None:
        for clock in [clock for clock in self.installation.clocks if not clock.is_running()]:
            self._bury(clock, was_killed=False)

    def _point_for_one(self) -> str:
        """A named point at which the next clock is to die, or none: by what is wanting.

        What is wanting at points weighs twice, since others are killed before they come to theirs.
        """
        done = self.done()
        lacking = {"": self.goals.kills(done)}
        lacking |= {point: 2 * number for point, number in self._points().items()}
        if not sum(lacking.values()):
            return ""
        return self.chance.choices([*lacking], [*lacking.values()])[0]

    def _points(self) -> dict[str, int]:
        """How many kills are wanting at each of the points that can be reached now."""
        lacking = self.goals.points(self.done())
        far = () if self.traffic.has_two_steps else points.IN_TWO_STEPS
        return {point: number for point, number in lacking.items() if point not in far}

    def _start(self, name: str = "") -> None:
        self.started += 1
        if not name:
            self.installation.clock()
            return
        log = self.installation.folder / f"reached-{self.started}"
        clock = self.installation.clock(**{failpoints.ARMED: name, failpoints.LOG: str(log)})
        self.armed[clock.pid] = (name, log)

    def _end(self, clock: RunningCommand) -> None:
        was_running = clock.is_running()
        clock.kill()
        self._bury(clock, was_killed=was_running)

    def _bury(self, clock: RunningCommand, *, was_killed: bool) -> None:
        """Count one that is dead: at a point only if it says that it came there.

        One that found no database when it started has ended, as it should; none may end later.
        """
        self.installation.clocks.remove(clock)
        name, log = self.armed.pop(clock.pid, ("", Path()))
        if name and log.exists():
            self.tally.points[name] = self.tally.points.get(name, 0) + 1
        elif not was_killed:
            _check_it_never_ran(clock)
            return
        self.tally.kills += 1
        self.tally.at_work += self._left_by(clock) > 0

    def _left_by(self, clock: RunningCommand) -> int:
        """How much a clock holds, or held when it died; its name has its pid in it."""
        query = select(func.count()).where(
            Delivery.state.in_(IN_HAND),
            Delivery.claimed_by.like(f"%-{clock.pid}-%"),
        )
        with self.installation.database.reading() as session:
            return session.execute(query).scalar_one()

    def _busy(self) -> list[RunningCommand]:
        """The clocks that have claimed something, or are sending it."""
        query = select(Delivery.claimed_by).where(Delivery.state.in_(IN_HAND)).distinct()
        with self.installation.database.reading() as session:
            names = list(session.scalars(query))
        return [
            clock
            for clock in self.installation.clocks
            if any(f"-{clock.pid}-" in name for name in names)
        ]

    # What strikes

    def _work(self) -> None:
        """Something falls due, and some of it is under way."""
        self.traffic.fall_due()
        time.sleep(self.chance.uniform(0, 0.3))

    def _one_at_work(self) -> RunningCommand:
        """A clock at any moment of its having something in hand, if one can be found so."""
        self.traffic.fall_due()
        wait_until(lambda: bool(self._busy()), within=2)
        time.sleep(self.chance.uniform(0, SLOW))
        return self._one_of(self._busy() or self.installation.clocks)

    def _one_of(self, clocks: list[RunningCommand]) -> RunningCommand:
        """One of these by chance; where there are others, none that is to die by its own hand."""
        return self.chance.choice(
            [clock for clock in clocks if clock.pid not in self.armed] or clocks
        )

    # What strikes

    def _kill(self) -> None:
        """SIGKILL to any of the clocks, at any moment."""
        self._work()
        self._end(self._one_of(self.installation.clocks))

    def _strike(self) -> None:
        """SIGKILL to a clock that has something in hand, at any moment of its having it."""
        self._end(self._one_at_work())

    def _point(self) -> None:
        """Clocks get the time to come to their points; one at least is on the way to one."""
        lacking = self._points()
        if lacking and not any(clock.pid in self.armed for clock in self.installation.clocks):
            if not self.server:  # which takes a second clock only when the first is gone
                self._kill()
            self._start(self.chance.choices([*lacking], [*lacking.values()])[0])
        self._work()
        clocks = list(self.installation.clocks)
        within = 1 if self.server else 4  # there nobody else is killed before it comes to its own
        wait_until(lambda: any(not clock.is_running() for clock in clocks), within=within)

    def _still(self) -> None:
        """SIGSTOP; it wakes when its lease is long over, and works on."""
        clock = self._one_at_work()
        _send_to([clock], freeze)
        if not clock.is_running():
            return
        until = time.monotonic() + 2 * self.installation.pace.press.lease
        self.sleepers.append(Sleeper(clock, until, had_work=self._left_by(clock) > 0))
        self.installation.clocks.remove(clock)
        if not self.server:  # it keeps everybody out as long as it stands
            self._wake_sleepers(all_of_them=True)

    def _wake_sleepers(self, *, all_of_them: bool = False) -> None:
        for sleeper in list(self.sleepers):
            if all_of_them:
                time.sleep(max(0.0, sleeper.until - time.monotonic()))
            if not sleeper.is_awake and time.monotonic() >= sleeper.until:
                # One that was dying by its own hand as it was stopped slept no moment.
                self.tally.stood_still += sleeper.had_work and sleeper.clock.is_running()
                _send_to([sleeper.clock], wake)
                sleeper.is_awake, sleeper.until = True, time.monotonic() + AWAKE
            if all_of_them:
                time.sleep(max(0.0, sleeper.until - time.monotonic()))
            if sleeper.is_awake and time.monotonic() >= sleeper.until:
                self.sleepers.remove(sleeper)
                self.installation.clocks.append(sleeper.clock)

    def _restart(self) -> None:
        """PostgreSQL ends as in a crash, and comes back after a moment."""
        assert self.server is not None
        self._work()
        self.server.stop()
        time.sleep(self.chance.uniform(0, 0.5))
        self.server.start_again()
        self.installation.reconnect()
        self.tally.restarts += 1

    def _cut(self) -> None:
        """Half of the clocks' connections end, whatever they were doing."""
        self._work()
        url = self.installation.database.url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as killer:
            row = killer.execute(CUT).fetchone()
            self.tally.cuts += row[0] if row else 0

    def _commit(self) -> None:
        """A clock's connection ends inside a COMMIT that matters; it is killed in its trouble."""
        statement = self.chance.choice((SENDING, RECEIPTS))
        lets_through = self.chance.random() < 0.5
        url = self.installation.database.url
        with (
            TemporaryDirectory(prefix="nagarvani-") as folder,  # a socket's path may not be long
            cutting(url, Path(folder), statement, lets_through=lets_through, most=1) as cutter,
        ):
            address = self.installation.pace.address(cutter.own_url)
            clock = self.installation.clock(NAGARVANI_DATABASE_URL=address)
            wait_until(lambda: "runs" in clock.written_output(), within=5)
            with self._others_stopped(clock):
                self.traffic.fall_due()
                wait_until(lambda: cutter.cut > 0, within=2)
            self.tally.commits += cutter.cut
            self._end(clock)

    @contextmanager
    def _others_stopped(self, clock: RunningCommand) -> Iterator[None]:
        """Whatever falls due meanwhile is this clock's."""
        others = [running for running in self.installation.clocks if running is not clock]
        _send_to(others, freeze)
        try:
            yield
        finally:
            _send_to(others, wake)

    def _lock(self) -> None:
        """Another program writes to SQLite, and takes its time."""
        self._work()
        seconds = LOCKS[self.done().locks % len(LOCKS)]
        file = self.installation.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None, timeout=PATIENCE)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            writer.execute("ROLLBACK")
        self.tally.locks += 1

    def _come_to_rest(self) -> None:
        self._wake_sleepers(all_of_them=True)
        self._bury_the_dead()
        self.installation.end_clocks()
        self.traffic.clear()
        within = 10 * PATIENCE + max(self.installation.pace.press.looks)
        self.installation.drain(within=within)


def _send_to(clocks: Iterable[RunningCommand], sign: Callable[[RunningCommand], None]) -> None:
    for clock in clocks:
        with suppress(ProcessLookupError):  # it may come to its point at this very moment
            sign(clock)


def _check_it_never_ran(clock: RunningCommand) -> None:
    if "runs" in clock.written_output():
        raise AssertionError(f"a clock ended by itself:\n{clock.written_output()}")
