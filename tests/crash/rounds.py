"""One round of the long run: posts come, platforms misbehave, and clocks die at any moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import func, select

from publisher.lifecycle import DeliveryState
from publisher.models.deliveries import Delivery
from tests.crash import points
from tests.crash.counting import Tally
from tests.crash.house import LEASE, PATIENCE, House, freeze, wake
from tests.crash.judging import judge
from tests.crash.servers import OwnServer
from tests.support.processes import Started
from tests.support.runs import wait_until

POSTS = 6
"""What falls due before each stroke: one post in three languages on two platforms."""

SLOW = 0.1
"""Seconds that the platforms take over a publication, so that there is a midst of work."""

FAULTS = ("reset_after", "hang_after", "error_after", "truncated", "no_id")
ON_X = (*FAULTS, "rate_limit")
"""A limit of Facebook's ends after minutes, and a round would wait for it."""

POINTS = (*points.PUBLISHING, *points.LOOKING)
IN_HAND = (DeliveryState.CLAIMED, DeliveryState.SENDING)
STROKES = {"kill": 30, "strike": 50, "point": 14, "still": 4}
ON_A_SERVER = {"restart": 2, "cut": 4}
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'clock' AND random() < 0.5"
)


@dataclass
class Round:
    """A house, as many clocks as it may have, and its own server where it has one."""

    standing: House
    server: OwnServer | None
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    sleepers: dict[int, tuple[Started, float]] = field(default_factory=dict)

    def play(self, kills: int, *, is_over: Callable[[], bool]) -> Tally:
        """Strike until so many were killed or it has to be over, let all of it drain, and judge."""
        began = time.monotonic()
        while self.tally.kills < kills and not is_over():
            self._fill_up()
            self._lay_faults()
            strokes = STROKES | (ON_A_SERVER if self.server else {})
            (chosen,) = self.chance.choices([*strokes], [*strokes.values()])
            getattr(self, f"_{chosen}")()
            self._wake_sleepers()
        self._come_to_rest()
        self.tally.found = judge(self.standing)
        self.tally.seconds = round(time.monotonic() - began, 1)
        return self.tally

    def _fill_up(self) -> None:
        """On PostgreSQL three clocks run, on SQLite there can be one.

        One that found no database when it started has ended, as it should; none may end later.
        """
        for clock in [one for one in self.standing.clocks if not one.is_running()]:
            _check_it_never_ran(clock)
            self.standing.clocks.remove(clock)
        for _ in range((3 if self.server else 1) - len(self.standing.clocks)):
            self.standing.clock()

    def _lay_faults(self) -> None:
        self.standing.clear_faults()
        for platform, faults in (("x", ON_X), ("facebook", FAULTS)):
            kind = self.chance.choice(faults)
            self.standing.fault(platform, "publish", kind, count=1, seconds=2)
        self.standing.slow(SLOW)

    def _work(self) -> None:
        """Something falls due, and some of it is under way."""
        self.standing.posts(POSTS)
        time.sleep(self.chance.uniform(0, 0.3))

    # What strikes

    def _kill(self) -> None:
        """SIGKILL to any of the clocks, at any moment."""
        self._work()
        self._end(self.chance.choice(self.standing.clocks))

    def _strike(self) -> None:
        """SIGKILL to a clock that has something in hand, at any moment of its having it."""
        self.standing.posts(POSTS)
        wait_until(lambda: bool(self._busy()), within=2)
        time.sleep(self.chance.uniform(0, SLOW))
        self._end(self.chance.choice(self._busy() or self.standing.clocks))

    def _busy(self) -> list[Started]:
        """The clocks that have claimed something, or are sending it."""
        query = select(Delivery.claimed_by).where(Delivery.state.in_(IN_HAND)).distinct()
        with self.standing.database.reading() as session:
            names = list(session.scalars(query))
        return [
            one for one in self.standing.clocks if any(f"-{one.pid}-" in name for name in names)
        ]

    def _end(self, clock: Started) -> None:
        was_running = clock.is_running()
        clock.kill()
        self.standing.clocks.remove(clock)
        if was_running:
            self._count(clock)
        else:
            _check_it_never_ran(clock)

    def _count(self, clock: Started) -> None:
        self.tally.kills += 1
        self.tally.at_work += self._left_by(clock) > 0

    def _left_by(self, clock: Started) -> int:
        """How much a clock held when it died; it names itself by its pid among other things."""
        query = select(func.count()).where(
            Delivery.state.in_(IN_HAND),
            Delivery.claimed_by.like(f"%-{clock.pid}-%"),
        )
        with self.standing.database.reading() as session:
            return session.execute(query).scalar_one()

    def _point(self) -> None:
        """A clock that kills itself at a named point; if it does not come to it, it is killed."""
        if not self.server:  # which takes a second clock only when the first is gone
            self._kill()
        name = self.chance.choice(POINTS)
        reached = self.standing.reached(name)
        reached.unlink(missing_ok=True)
        clock = self.standing.clock(dies_at=name)
        wait_until(lambda: "runs" in clock.said() or not clock.is_running(), within=PATIENCE)
        self._work()
        wait_until(lambda: not clock.is_running(), within=2)
        if not reached.exists():
            self._end(clock)
            return
        clock.popen.wait(PATIENCE)
        self.standing.clocks.remove(clock)
        self.tally.at_a_point += 1
        self._count(clock)

    def _still(self) -> None:
        """SIGSTOP; it wakes when its lease is long over, and is killed before long."""
        self._work()
        clock = self.chance.choice(self.standing.clocks)
        freeze(clock)
        self.standing.clocks.remove(clock)
        self.tally.stood_still += 1
        self.sleepers[clock.pid] = (clock, time.monotonic() + 2 * LEASE)
        if not self.server:  # it keeps everybody out as long as it stands
            self._wake_sleepers(all_of_them=True)

    def _wake_sleepers(self, *, all_of_them: bool = False) -> None:
        for pid, (clock, at) in list(self.sleepers.items()):
            if all_of_them:
                time.sleep(max(0.0, at - time.monotonic()))
            if time.monotonic() >= at:
                wake(clock)
                del self.sleepers[pid]
                self.standing.clocks.append(clock)

    def _restart(self) -> None:
        """PostgreSQL ends as in a crash, and comes back after a moment."""
        assert self.server is not None
        self._work()
        self.server.stop()
        time.sleep(self.chance.uniform(0, 2))
        self.server.start_again()
        self.standing.reconnect()
        self.tally.restarts += 1

    def _cut(self) -> None:
        """Half of the clocks' connections end, whatever they were doing."""
        assert self.server is not None
        self._work()
        url = self.standing.database.url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as killer:
            row = killer.execute(CUT).fetchone()
            self.tally.cuts += row[0] if row else 0

    def _come_to_rest(self) -> None:
        self._wake_sleepers(all_of_them=True)
        self.standing.end_clocks()
        self.standing.clear_faults()
        self.standing.drain(within=10 * PATIENCE)


def _check_it_never_ran(clock: Started) -> None:
    if "runs" in clock.said():
        raise AssertionError(f"a clock ended by itself:\n{clock.said()}")
