"""The numbers that the long run has to reach, and the disruptions that are still missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from tests.crash.tallies import POINTS, Tally
from tests.crash.timings import REAL, SCALED, Timings

CONNECTIONS_PER_CUT = 5
"""About how many connections are cut at once, which is half of them."""


@dataclass(frozen=True)
class Goals:
    """The required numbers by fields of `Tally`, and the kills required at each named point."""

    numbers: Mapping[str, int]
    at_each_point: int

    def progress(self, done: Tally) -> float:
        """Return the progress of the number that is farthest behind; 1 or more is enough."""
        at_points = [min(done.points.get(point, 0), self.at_each_point) for point in POINTS]
        reached = sum(at_points) / (self.at_each_point * len(POINTS))
        shares = [float(getattr(done, name)) / number for name, number in self.numbers.items()]
        # Once every point has been reached often enough, only the other numbers can be behind.
        return min(shares, default=1.0) if reached == 1 else min([reached, *shares])

    def missing_at_points(self, done: Tally) -> dict[str, int]:
        """Return the number of missing kills at each named point that has not had enough."""
        missing = {point: self.at_each_point - done.points.get(point, 0) for point in POINTS}
        return {kind: number for kind, number in missing.items() if number > 0}

    def missing_kills(self, done: Tally) -> int:
        """Return the number of missing kills besides those at points."""
        others = self._missing("kills", done) - sum(self.missing_at_points(done).values())
        return max(others, self._missing("at_random", done))

    def disruptions(self, done: Tally) -> dict[str, int]:
        """Return how often each disruption is missing; if none is missing, one that kills."""
        kills = self.missing_kills(done)
        counts = {
            "kill": kills // 3,
            "kill_at_work": kills - kills // 3,
            "kill_at_point": sum(self.missing_at_points(done).values()),
            "suspend": self._missing("stood_still", done),
            "restart_server": self._missing("restarts", done),
            "cut_connections": ceil(self._missing("cuts", done) / CONNECTIONS_PER_CUT),
            "cut_during_commit": self._missing("commits", done),
            "lock_sqlite": self._missing("locks", done),
        }
        return {kind: number for kind, number in counts.items() if number} or {"kill_at_work": 1}

    def tenth(self) -> Goals:
        """Return a tenth of these goals, and at least 1 of each."""
        numbers = {name: ceil(number / 10) for name, number in self.numbers.items()}
        return Goals(numbers, ceil(self.at_each_point / 10))

    def _missing(self, name: str, done: Tally) -> int:
        return max(0, self.numbers.get(name, 0) - int(getattr(done, name)))


@dataclass(frozen=True)
class RunMode:
    """A mode of the long run.

    `lanes` are the kinds of the rounds that run in parallel, each on a database of its own. A round
    disrupts for at most this many `seconds`, and waits for `pause` after each disruption.
    """

    timings: Timings
    lanes: tuple[str, ...]
    seconds: float
    pause: float = 0.0


SCALED_TIMES = RunMode(SCALED, ("postgresql", "sqlite"), seconds=180)
REAL_TIMES = RunMode(
    REAL,
    ("postgresql-real", "sqlite-real", "sqlite-real", "sqlite-real"),
    seconds=600,
    pause=1.0,
)
"""On SQLite a suspended clock blocks all others for two leases, so more rounds run in parallel. A
round ends a quarter of an hour after its last disruption, with the last look-up.
"""

_SCALED_GOALS: Mapping[str, Goals] = {
    "postgresql": Goals(
        {
            "kills": 1_000,
            "at_random": 500,
            "stood_still": 200,
            "restarts": 200,
            "cuts": 200,
            "commits": 100,
            "lost_answers": 600,
            "posts": 5_000,
        },
        at_each_point=20,
    ),
    "sqlite": Goals(
        {
            "kills": 300,
            "at_random": 167,
            "stood_still": 67,
            "locks": 14,
            "lost_answers": 200,
            "posts": 1_500,
        },
        at_each_point=7,
    ),
}
GOALS: Mapping[str, Goals] = {
    **_SCALED_GOALS,
    **{f"{kind}-real": goals.tenth() for kind, goals in _SCALED_GOALS.items()},
}
"""The goals of each kind of round; with real times a tenth, since most of the time is waiting."""
