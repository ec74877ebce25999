"""A round of the long run: posts fall due, platforms misbehave, and clocks die at any moment."""

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
from sqlalchemy import select

from publisher import failpoints
from publisher.models.deliveries import Delivery
from tests.crash import points
from tests.crash.clock_installation import AT_WORK, TIMEOUT, ClockInstallation, resume, suspend
from tests.crash.connection_cuts import WRITES_RECEIPTS, WRITES_SENDING, cut_commits
from tests.crash.goals import Goals
from tests.crash.servers import OwnServer
from tests.crash.tallies import Tally
from tests.crash.traffic import PUBLICATION_SECONDS, Traffic
from tests.crash.verdict import judge
from tests.support.processes import RunningCommand
from tests.support.runs import wait_until

LOCK_SECONDS = (0.1, 1, 6, 30)
"""Seconds for which another writer locks SQLite; a clock waits ten seconds."""

STEP_CHANGE_CHANCE = 0.1
"""How often a disruption is followed by a new choice whether Facebook takes posts in two steps."""

RESUMED_SECONDS = 1.0
"""Seconds that a resumed clock has to finish its work before it can be killed."""

TERMINATE_HALF = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'clock' AND random() < 0.5"
)


@dataclass
class SuspendedClock:
    """A clock suspended until a time; `had_work` is whether it held claims."""

    clock: RunningCommand
    until: float
    had_work: bool
    is_awake: bool = False


@dataclass
class Round:
    """An installation with as many clocks as possible, and its own PostgreSQL server if any.

    `done` returns the tally of all rounds, this one included. `checkpoints` are the named points at
    which clocks are to die, by their pids, with the file that a clock writes when it gets there.
    """

    installation: ClockInstallation
    server: OwnServer | None
    rng: random.Random
    goals: Goals
    done: Callable[[], Tally]
    tally: Tally
    pause: float = 0.0
    suspended: list[SuspendedClock] = field(default_factory=list)
    checkpoints: dict[int, tuple[str, Path]] = field(default_factory=dict)
    clock_count: int = 0
    traffic: Traffic = field(init=False)

    def __post_init__(self) -> None:
        self.traffic = Traffic(self.installation, self.rng, self.tally)

    def run(self, *, is_over: Callable[[], bool]) -> Tally:
        """Disrupt until the goals are reached or `is_over`, then drain and judge."""
        began = time.monotonic()
        self._choose_steps()
        while not is_over() and self.goals.progress(self.done()) < 1:
            disruptions = self.goals.disruptions(self.done())
            (disruption,) = self.rng.choices([*disruptions], [*disruptions.values()])
            self.disrupt(disruption)
            if self.rng.random() < STEP_CHANGE_CHANCE:
                self._choose_steps()
            time.sleep(self.pause)
        self._finish_deliveries()
        self.tally.found = judge(self.installation)
        self.tally.seconds = round(time.monotonic() - began, 1)
        return self.tally

    def disrupt(self, name: str) -> None:
        """Start missing clocks, add faults, and cause this disruption."""
        self._start_missing_clocks()
        self.traffic.add_faults()
        getattr(self, f"_{name}")()
        self._resume_clocks()

    def _choose_steps(self) -> None:
        """Let Facebook's page take its posts in two steps for about half of the time.

        If only the points of the two steps are missing, it takes all posts in two steps.
        """
        lacking = self.goals.missing_at_points(self.done())
        by_two = sum(lacking.get(in_two_step, 0) for in_two_step in points.IN_TWO_STEPS)
        share = by_two / sum(lacking.values()) if lacking else 0
        self.traffic.set_two_steps(two_steps=self.rng.random() < max(0.5, share))

    # Starting and removing clocks

    def _start_missing_clocks(self) -> None:
        """Start clocks until three run on PostgreSQL, or one on SQLite."""
        self._remove_ended_clocks()
        for _ in range((3 if self.server else 1) - len(self.installation.clocks)):
            self._start(self._choose_point())

    def _remove_ended_clocks(self) -> None:
        for clock in [clock for clock in self.installation.clocks if not clock.is_running()]:
            self._remove_clock(clock, was_killed=False)

    def _choose_point(self) -> str:
        """Return a point at which the next clock is to die, or "", weighted by what is missing.

        Points weigh twice, since clocks are often killed before they reach theirs.
        """
        done = self.done()
        lacking = {"": self.goals.missing_kills(done)}
        lacking |= {point: 2 * number for point, number in self._reachable_points().items()}
        if not sum(lacking.values()):
            return ""
        return self.rng.choices([*lacking], [*lacking.values()])[0]

    def _reachable_points(self) -> dict[str, int]:
        """Return the number of missing kills at each of the points that can be reached now."""
        lacking = self.goals.missing_at_points(self.done())
        unreachable = () if self.traffic.has_two_steps else points.IN_TWO_STEPS
        return {point: number for point, number in lacking.items() if point not in unreachable}

    def _start(self, name: str = "") -> None:
        self.clock_count += 1
        if not name:
            self.installation.start_clock()
            return
        log = self.installation.folder / f"reached-{self.clock_count}"
        clock = self.installation.start_clock(**{failpoints.ARMED: name, failpoints.LOG: str(log)})
        self.checkpoints[clock.pid] = (name, log)

    def _kill_clock(self, clock: RunningCommand) -> None:
        was_running = clock.is_running()
        clock.kill()
        self._remove_clock(clock, was_killed=was_running)

    def _remove_clock(self, clock: RunningCommand, *, was_killed: bool) -> None:
        """Remove an ended clock and count it, as killed at a point only if it logged that point.

        A clock ends by itself if it finds no database at its start, but not later.
        """
        self.installation.clocks.remove(clock)
        name, log = self.checkpoints.pop(clock.pid, ("", Path()))
        if name and log.exists():
            self.tally.points[name] = self.tally.points.get(name, 0) + 1
        elif not was_killed:
            _assert_never_ran(clock)
            return
        self.tally.kills += 1
        self.tally.at_work += self.installation.claimed_count(clock) > 0

    def _busy_clocks(self) -> list[RunningCommand]:
        """Return the clocks that have claimed deliveries, or are sending them."""
        query = select(Delivery.claimed_by).where(Delivery.state.in_(AT_WORK)).distinct()
        with self.installation.database.reading() as session:
            names = list(session.scalars(query))
        return [
            clock
            for clock in self.installation.clocks
            if any(f"-{clock.pid}-" in name for name in names)
        ]

    # Disruptions

    def _create_work(self) -> None:
        """Add due posts, and let the clocks begin to send them."""
        self.traffic.add_due_posts()
        time.sleep(self.rng.uniform(0, 0.3))

    def _wait_for_busy_clock(self) -> RunningCommand:
        """Return a clock that holds claims, at a random moment, or any clock after two seconds."""
        self.traffic.add_due_posts()
        wait_until(lambda: bool(self._busy_clocks()), within=2)
        time.sleep(self.rng.uniform(0, PUBLICATION_SECONDS))
        return self._choose_clock(self._busy_clocks() or self.installation.clocks)

    def _choose_clock(self, clocks: list[RunningCommand]) -> RunningCommand:
        """Return a random clock, if possible one that is not to die at a point."""
        return self.rng.choice(
            [clock for clock in clocks if clock.pid not in self.checkpoints] or clocks
        )

    # Disruptions

    def _kill(self) -> None:
        """Kill a random clock at a random moment."""
        self._create_work()
        self._kill_clock(self._choose_clock(self.installation.clocks))

    def _kill_at_work(self) -> None:
        """Kill a clock that holds claims, at a random moment."""
        self._kill_clock(self._wait_for_busy_clock())

    def _kill_at_point(self) -> None:
        """Give the clocks time to reach their points; at least one of them has a point."""
        lacking = self._reachable_points()
        if lacking and not any(clock.pid in self.checkpoints for clock in self.installation.clocks):
            if not self.server:  # SQLite admits a second clock only when the first is gone
                self._kill()
            self._start(self.rng.choices([*lacking], [*lacking.values()])[0])
        self._create_work()
        clocks = list(self.installation.clocks)
        within = 1 if self.server else 4  # on SQLite no other clock can reach its point earlier
        wait_until(lambda: any(not clock.is_running() for clock in clocks), within=within)

    def _suspend(self) -> None:
        """Suspend a clock that holds claims by SIGSTOP, until long after its lease."""
        clock = self._wait_for_busy_clock()
        _send_to([clock], suspend)
        if not clock.is_running():
            return
        until = time.monotonic() + 2 * self.installation.timings.delivery.lease
        self.suspended.append(
            SuspendedClock(clock, until, had_work=self.installation.claimed_count(clock) > 0)
        )
        self.installation.clocks.remove(clock)
        if not self.server:  # a suspended clock blocks all others
            self._resume_clocks(all_of_them=True)

    def _resume_clocks(self, *, all_of_them: bool = False) -> None:
        for sleeper in list(self.suspended):
            if all_of_them:
                time.sleep(max(0.0, sleeper.until - time.monotonic()))
            if not sleeper.is_awake and time.monotonic() >= sleeper.until:
                # A clock that was just dying at its point was not really suspended.
                self.tally.stood_still += sleeper.had_work and sleeper.clock.is_running()
                _send_to([sleeper.clock], resume)
                sleeper.is_awake, sleeper.until = True, time.monotonic() + RESUMED_SECONDS
            if all_of_them:
                time.sleep(max(0.0, sleeper.until - time.monotonic()))
            if sleeper.is_awake and time.monotonic() >= sleeper.until:
                self.suspended.remove(sleeper)
                self.installation.clocks.append(sleeper.clock)

    def _restart_server(self) -> None:
        """Stop PostgreSQL as in a crash, and start it again after a moment."""
        assert self.server is not None
        self._create_work()
        self.server.stop()
        time.sleep(self.rng.uniform(0, 0.5))
        self.server.start_again()
        self.installation.reconnect()
        self.tally.restarts += 1

    def _cut_connections(self) -> None:
        """Terminate half of the clocks' connections at a random moment."""
        self._create_work()
        url = self.installation.database.url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as killer:
            row = killer.execute(TERMINATE_HALF).fetchone()
            self.tally.cuts += row[0] if row else 0

    def _cut_during_commit(self) -> None:
        """Cut a clock's connection inside an important COMMIT, then kill the clock."""
        statement = self.rng.choice((WRITES_SENDING, WRITES_RECEIPTS))
        lets_through = self.rng.random() < 0.5
        url = self.installation.database.url
        with (
            TemporaryDirectory(prefix="nagarvani-") as folder,  # a socket's path must be short
            cut_commits(url, Path(folder), statement, lets_through=lets_through, most=1) as cutter,
        ):
            address = self.installation.timings.address(cutter.own_url)
            clock = self.installation.start_clock(NAGARVANI_DATABASE_URL=address)
            wait_until(lambda: "runs" in clock.written_output(), within=5)
            with self._suspend_others(clock):
                self.traffic.add_due_posts()
                wait_until(lambda: cutter.cut_count > 0, within=2)
            self.tally.commits += cutter.cut_count
            self._kill_clock(clock)

    @contextmanager
    def _suspend_others(self, clock: RunningCommand) -> Iterator[None]:
        """Suspend the other clocks, so that this clock gets all due posts."""
        others = [running for running in self.installation.clocks if running is not clock]
        _send_to(others, suspend)
        try:
            yield
        finally:
            _send_to(others, resume)

    def _lock_sqlite(self) -> None:
        """Lock SQLite by another writer for some seconds."""
        self._create_work()
        seconds = LOCK_SECONDS[self.done().locks % len(LOCK_SECONDS)]
        file = self.installation.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None, timeout=TIMEOUT)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            writer.execute("ROLLBACK")
        self.tally.locks += 1

    def _finish_deliveries(self) -> None:
        self._resume_clocks(all_of_them=True)
        self._remove_ended_clocks()
        self.installation.kill_clocks()
        self.traffic.clear_faults()
        within = 10 * TIMEOUT + max(self.installation.timings.delivery.looks)
        self.installation.drain(within=within)


def _send_to(clocks: Iterable[RunningCommand], send: Callable[[RunningCommand], None]) -> None:
    for clock in clocks:
        with suppress(ProcessLookupError):  # the clock may just have died at its point
            send(clock)


def _assert_never_ran(clock: RunningCommand) -> None:
    if "runs" in clock.written_output():
        raise AssertionError(f"a clock ended by itself:\n{clock.written_output()}")
