"""What the long run has counted: a line for each round in var/crash/, and the table in the docs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from tests.crash.judging import Judgement
from tests.support.runs import CHECKOUT

KEPT = CHECKOUT / "var" / "crash"
TABLE = CHECKOUT / "docs" / "reliability.md"
BEGIN, END = "<!-- the long run -->", "<!-- its end -->"
WANTED = {"postgresql": (1_000, 5_000), "sqlite": (300, 1_500)}
"""Kills and posts after which a database has had enough."""

HEADS = (
    *("database", "kills", "at work", "at a point", "stood still", "restarts", "cuts"),
    *("posts", "published", "duplicates", "losses", "unapproved", "held", "live"),
    "minutes",
)


@dataclass
class Tally:
    """What was done to the clocks of a round, and what came of it.

    `at_work` are the kills that struck a clock which had claimed something or was sending it,
    `at_a_point` those by a clock's own hand at a named point; both are among the `kills`.
    """

    kills: int = 0
    at_work: int = 0
    at_a_point: int = 0
    stood_still: int = 0
    restarts: int = 0
    cuts: int = 0
    seconds: float = 0.0
    found: Judgement = field(default_factory=Judgement)

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True)
class Kept:
    """The folder of the counts, and the page with their table."""

    folder: Path = KEPT
    page: Path = TABLE

    def add(self, kind: str, tally: Tally) -> None:
        """Add the line of a finished round."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{kind}.jsonl").open("a") as kept:
            kept.write(json.dumps(asdict(tally)) + "\n")

    def tell(self, kind: str, words: str) -> None:
        """Keep what went wrong beside what was counted, and say it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{kind}-found.txt").open("a") as kept:
            kept.write(words + "\n\n")
        sys.stdout.write(words + "\n")

    def counted(self, kind: str) -> Tally:
        """The sum of all finished rounds; a line that was cut short by a kill is none."""
        total, kept = Tally(), self.folder / f"{kind}.jsonl"
        for line in kept.read_text().splitlines() if kept.exists() else ():
            try:
                one = json.loads(line)
            except json.JSONDecodeError:
                continue
            total += Tally(**{**one, "found": Judgement(**one["found"])})
        return total

    def share(self, kind: str) -> float:
        """How much of what is wanted has been done; 1 and more is enough."""
        total = self.counted(kind)
        kills, posts = WANTED[kind]
        return min(total.kills / kills, total.found.posts / posts)

    def write_table(self) -> None:
        """Write the table between its two marks."""
        rows = [HEADS, ("---",) * len(HEADS), *(self._cells(kind) for kind in WANTED)]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        before, _, rest = self.page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        self.page.write_text(before + "\n".join([BEGIN, *lines, END]) + after)

    def _cells(self, kind: str) -> tuple[str, ...]:
        total = self.counted(kind)
        did = (
            *(total.kills, total.at_work, total.at_a_point, total.stood_still),
            *(total.restarts, total.cuts),
        )
        figures = (*did, *asdict(total.found).values(), round(total.seconds / 60))
        return (kind, *(f"{one:,}" for one in figures))
