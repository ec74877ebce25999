"""What the long run is to come to, and which stroke is wanted most on the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from tests.crash.paces import REAL, SCALED, Pace
from tests.crash.tallies import POINTS, Tally

CUT_AT_ONCE = 5
"""About as many connections end by one stroke that cuts half of them."""


@dataclass(frozen=True)
class Wanted:
    """Numbers of a tally by their names, and how often each named point is to be died at."""

    numbers: Mapping[str, int]
    at_each_point: int

    def share(self, done: Tally) -> float:
        """How much of it has been done, by what is farthest behind; 1 and more is enough."""
        at_points = [min(done.points.get(point, 0), self.at_each_point) for point in POINTS]
        reached = sum(at_points) / (self.at_each_point * len(POINTS))
        shares = [float(getattr(done, name)) / number for name, number in self.numbers.items()]
        # Once every point has been reached often enough, only the others can be behind.
        return min(shares, default=1.0) if reached == 1 else min([reached, *shares])

    def points(self, done: Tally) -> dict[str, int]:
        """How many kills are wanting still at each named point; those with enough are left out."""
        lacking = {point: self.at_each_point - done.points.get(point, 0) for point in POINTS}
        return {kind: number for kind, number in lacking.items() if number > 0}

    def kills(self, done: Tally) -> int:
        """How many kills are wanting still besides those at points."""
        others = self._lacks("kills", done) - sum(self.points(done).values())
        return max(others, self._lacks("at_random", done))

    def strokes(self, done: Tally) -> dict[str, int]:
        """How often each stroke is wanting still; where all were enough, one that kills."""
        kills = self.kills(done)
        counts = {
            "kill": kills // 3,
            "strike": kills - kills // 3,
            "point": sum(self.points(done).values()),
            "still": self._lacks("stood_still", done),
            "restart": self._lacks("restarts", done),
            "cut": ceil(self._lacks("cuts", done) / CUT_AT_ONCE),
            "commit": self._lacks("commits", done),
            "lock": self._lacks("locks", done),
        }
        return {kind: number for kind, number in counts.items() if number} or {"strike": 1}

    def tenth(self) -> Wanted:
        """A tenth of it, and at least one of each."""
        numbers = {name: ceil(number / 10) for name, number in self.numbers.items()}
        return Wanted(numbers, ceil(self.at_each_point / 10))

    def _lacks(self, name: str, done: Tally) -> int:
        return max(0, self.numbers.get(name, 0) - int(getattr(done, name)))


@dataclass(frozen=True)
class Form:
    """A form of the long run.

    `lanes` are the rounds that go on side by side, each on the database of its kind. A round
    strikes for so many `seconds` at most, and rests for `pause` after each stroke.
    """

    pace: Pace
    lanes: tuple[str, ...]
    seconds: float
    pause: float = 0.0


SHORTENED = Form(SCALED, ("postgresql", "sqlite"), seconds=180)
IN_EARNEST = Form(
    REAL,
    ("postgresql-real", "sqlite-real", "sqlite-real", "sqlite-real"),
    seconds=600,
    pause=1.0,
)
"""On SQLite who stands still for two leases keeps all others out, so there are more of them. A
round comes to rest a quarter of an hour after its last stroke: that is when the last look is.
"""

_SHORTENED: Mapping[str, Wanted] = {
    "postgresql": Wanted(
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
    "sqlite": Wanted(
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
WANTED: Mapping[str, Wanted] = {
    **_SHORTENED,
    **{f"{kind}-real": goals.tenth() for kind, goals in _SHORTENED.items()},
}
"""After so much a database has had enough; of real times it is a tenth, for most is waiting."""
