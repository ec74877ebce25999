"""What the long run has counted: a line for each round in var/crash/, and the table in the docs."""

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

KEPT = CHECKOUT / "var" / "crash"
TABLE = CHECKOUT / "docs" / "reliability.md"
BEGIN, END = "<!-- the long run -->", "<!-- its end -->"
POINTS = (*points.PUBLISHING, *points.IN_TWO_STEPS, *points.LOOKING)

KINDS: Mapping[str, str] = {
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "postgresql-real": "PostgreSQL, real times",
    "sqlite-real": "SQLite, real times",
}
"""What is counted apart, and how it is called."""


@dataclass
class Tally:
    """What was done to the clocks of a round, and what came of it.

    `at_work` are the kills that struck a clock which had claimed something or was sending it,
    `points` those by a clock's own hand, by the point it had come to; both are among the `kills`.
    `stood_still` are the clocks that were stopped with something in hand and woke long after.
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
        """Kills at any of the named points."""
        return sum(self.points.values())

    @property
    def at_random(self) -> int:
        """Kills at no point that was chosen beforehand."""
        return self.kills - self.at_a_point

    @property
    def at_each_point(self) -> int:
        """Kills at that named point which was reached least."""
        return min(self.points.get(point, 0) for point in POINTS)

    @property
    def posts(self) -> int:
        """What was approved and fell due, each text on each platform."""
        return self.found.posts


def _plus(tally: Tally, other: Tally, name: str) -> Any:  # noqa: ANN401  as the field's own
    mine, theirs = getattr(tally, name), getattr(other, name)
    if isinstance(mine, dict):
        return {name: mine.get(name, 0) + theirs.get(name, 0) for name in {**mine, **theirs}}
    return mine + theirs


LINES: tuple[tuple[str, str], ...] = (
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
"""The lines of the table: what stands in front, and what is counted there."""

NOWHERE = {"postgresql": ("locks",), "sqlite": ("restarts", "cuts", "commits")}
"""What there is not to count on a database."""


@dataclass
class Kept:
    """The folder of the counts, and the page with their table; several rounds may use it at once.

    `under_way` are the tallies of rounds that are not finished.
    """

    folder: Path = KEPT
    page: Path = TABLE
    under_way: list[tuple[str, Tally]] = field(default_factory=list)
    _alone: Lock = field(default_factory=Lock)

    @contextmanager
    def begun(self, kind: str, tally: Tally) -> Iterator[None]:
        """Have a round's tally counted among what is `done` as long as the block lasts."""
        self.under_way.append((kind, tally))
        try:
            yield
        finally:
            self.under_way = [running for running in self.under_way if running[1] is not tally]

    def finish(self, kind: str, tally: Tally) -> None:
        """Add the line of a finished round, and write the table."""
        with self._alone:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"{kind}.jsonl").open("a") as lines:
                lines.write(json.dumps(asdict(tally)) + "\n")
            self.write_table()

    def tell(self, kind: str, line: str) -> None:
        """Keep what went wrong beside what was counted, and say it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{kind}-found.txt").open("a") as report:
            report.write(line + "\n\n")
        sys.stdout.write(line + "\n")

    def counted(self, kind: str) -> Tally:
        """The sum of all finished rounds.

        A line that was cut short by a kill, or was written by another form of the run, is none.
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
        """What is counted, and what the rounds under way have done so far."""
        total = self.counted(kind)
        for tally_kind, tally in list(self.under_way):
            if tally_kind == kind:
                total += tally
        return total

    def write_table(self) -> None:
        """Write the table between its two marks; of real times only what has been counted."""
        totals = {kind: self.counted(kind) for kind in KINDS}
        kinds = [kind for kind in KINDS if totals[kind].kills or not kind.endswith("-real")]
        rows = [["", *(KINDS[kind] for kind in kinds)], ["---", *("---:" for _ in kinds)]]
        rows += [
            [label, *(_cell(kind, totals[kind], name) for kind in kinds)] for label, name in LINES
        ]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        before, _, rest = self.page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        self.page.write_text(before + "\n".join([BEGIN, *lines, END]) + after)


def _cell(kind: str, total: Tally, name: str) -> str:
    if name in NOWHERE[kind.removesuffix("-real")]:
        return "–"
    if name == "minutes":
        return f"{total.seconds / 60:,.0f}"
    of = total.found if name.startswith("found.") else total
    return f"{getattr(of, name.removeprefix('found.')):,}"
