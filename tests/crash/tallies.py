"""The counts of the long run: a line for each round in var/crash/, and the table in the docs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

from tests.crash import points
from tests.crash.verdict import Judgement
from tests.support.runs import CHECKOUT

COUNTS = CHECKOUT / "var" / "crash"
TABLE = CHECKOUT / "docs" / "reliability.md"
BEGIN, END = "<!-- the long run -->", "<!-- its end -->"
POINTS = (*points.PUBLISHING, *points.IN_TWO_STEPS, *points.LOOKING)

KINDS: Mapping[str, str] = {
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "postgresql-real": "PostgreSQL, real times",
    "sqlite-real": "SQLite, real times",
}
"""The kinds of rounds, which are counted separately, and their column titles."""


@dataclass
class Tally:
    """The numbers of disruptions in a round, and the verdict on its deliveries.

    `at_work` are the kills of a clock that held claims, `points` the kills at each named point;
    both are among the `kills`. `stood_still` are the clocks that were suspended while they held
    claims, and resumed long after.
    """

    kills: int = 0
    at_work: int = 0
    stood_still: int = 0
    restarts: int = 0
    cuts: int = 0
    commits: int = 0
    locks: int = 0
    lost_answers: int = 0
    seconds: float = 0.0
    points: dict[str, int] = field(default_factory=dict)
    found: Judgement = field(default_factory=Judgement)

    def __add__(self, other: Tally) -> Tally:
        summed = {field.name: _plus(self, other, field.name) for field in fields(self)}
        return Tally(**summed)

    @property
    def at_a_point(self) -> int:
        """The number of kills at any named point."""
        return sum(self.points.values())

    @property
    def at_random(self) -> int:
        """The number of kills at random moments."""
        return self.kills - self.at_a_point

    @property
    def at_each_point(self) -> int:
        """The number of kills at the named point that was reached least."""
        return min(self.points.get(point, 0) for point in POINTS)

    @property
    def posts(self) -> int:
        """The number of deliveries that were approved and fell due."""
        return self.found.posts


def _plus(tally: Tally, other: Tally, name: str) -> Any:  # noqa: ANN401  as the field's own
    first, second = getattr(tally, name), getattr(other, name)
    if isinstance(first, dict):
        return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}
    return first + second


ROWS: tuple[tuple[str, str], ...] = (
    ("clocks killed (SIGKILL)", "kills"),
    ("… which was handling a delivery", "at_work"),
    ("… which had reached a named point", "at_a_point"),
    (f"… at each of the {len(POINTS)} points at least", "at_each_point"),
    (
        "clocks stopped (SIGSTOP) while handling a delivery, continued after two leases",
        "stood_still",
    ),
    ("PostgreSQL restarted in immediate mode", "restarts"),
    ("connections cut at a random moment", "cuts"),
    ("connections cut during COMMIT", "commits"),
    ("SQLite locked by another writer for 0.1 to 30 s", "locks"),
    ("posts accepted whose response was lost or malformed", "lost_answers"),
    ("posts", "posts"),
    ("… with a picture", "found.pictured"),
    ("published", "found.published"),
    ("held for a person", "found.held"),
    ("… which the platform shows", "found.held_live"),
    ("**duplicates**", "found.duplicates"),
    ("**losses**", "found.losses"),
    ("**unapproved**", "found.unapproved"),
    ("minutes of all rounds", "minutes"),
)
"""The rows of the table: the label, and the name of the number."""

NOT_COUNTED = {"postgresql": ("locks",), "sqlite": ("restarts", "cuts", "commits")}
"""The numbers that do not exist on a database."""


@dataclass
class TallyStore:
    """Stores the counts in a folder and their table in a page; several rounds may share it.

    `running` are the tallies of rounds that are not finished.
    """

    folder: Path = COUNTS
    page: Path = TABLE
    running: list[tuple[str, Tally]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def count_running(self, kind: str, tally: Tally) -> Iterator[None]:
        """Include a round's tally in `done` for the length of the block."""
        self.running.append((kind, tally))
        try:
            yield
        finally:
            self.running = [running for running in self.running if running[1] is not tally]

    def finish(self, kind: str, tally: Tally) -> None:
        """Append the line of a finished round, and write the table."""
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"{kind}.jsonl").open("a") as lines:
                lines.write(json.dumps(asdict(tally)) + "\n")
            self.write_table()

    def report(self, kind: str, line: str) -> None:
        """Append a problem to a file beside the counts, and print it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{kind}-found.txt").open("a") as report:
            report.write(line + "\n\n")
        sys.stdout.write(line + "\n")

    def counted(self, kind: str) -> Tally:
        """Return the sum of all finished rounds.

        Lines that were cut off by a kill, or have other fields, are ignored.
        """
        total, path = Tally(), self.folder / f"{kind}.jsonl"
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                record = json.loads(line)
                total += Tally(**{**record, "found": Judgement(**record["found"])})
            except (json.JSONDecodeError, TypeError):
                continue
        return total

    def done(self, kind: str) -> Tally:
        """Return the sum of the finished rounds, and of the running rounds so far."""
        total = self.counted(kind)
        for tally_kind, tally in list(self.running):
            if tally_kind == kind:
                total += tally
        return total

    def write_table(self) -> None:
        """Write the table between its two marks, without columns of real times that are empty."""
        totals = {kind: self.counted(kind) for kind in KINDS}
        kinds = [kind for kind in KINDS if totals[kind].kills or not kind.endswith("-real")]
        rows = [["", *(KINDS[kind] for kind in kinds)], ["---", *("---:" for _ in kinds)]]
        rows += [
            [label, *(_cell(kind, totals[kind], name) for kind in kinds)] for label, name in ROWS
        ]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        before, _, rest = self.page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        self.page.write_text(before + "\n".join([BEGIN, *lines, END]) + after)


def _cell(kind: str, total: Tally, name: str) -> str:
    if name in NOT_COUNTED[kind.removesuffix("-real")]:
        return "–"
    if name == "minutes":
        return f"{total.seconds / 60:,.0f}"
    counts = total.found if name.startswith("found.") else total
    return f"{getattr(counts, name.removeprefix('found.')):,}"
