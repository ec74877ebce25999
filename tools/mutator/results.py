"""Keeps what became of each change in a file, so that an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tools.console import UsageError
from tools.mutator.changes import Change
from tools.mutator.trial import CAUGHT, NOT_NEARBY, TIMED_OUT, Outcome


class Results:
    """The outcomes of a list of changes, by their number in it."""

    def __init__(self, file: Path, changes: Sequence[Change]) -> None:
        self._file = file
        self.changes = list(changes)
        self.outcomes: dict[int, Outcome] = {}

    @classmethod
    def open(cls, file: Path, changes: Sequence[Change]) -> Results:
        """Read what is there. Raises `UsageError` if the file belongs to another list."""
        results = read_results(file) if file.exists() else cls(file, changes)
        if results.changes != list(changes):
            raise UsageError(
                f"{file} holds the results of another list: name a new file with --results."
            )
        return results

    def add(self, number: int, outcome: Outcome) -> None:
        """Keep one outcome, at once."""
        self.outcomes[number] = outcome
        rows = [
            {"change": asdict(change), "outcome": asdict(outcome) if outcome else None}
            for change, outcome in ((c, self.outcomes.get(n)) for n, c in enumerate(self.changes))
        ]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_suffix(".writing")
        written.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")
        written.replace(self._file)

    def lacks(self, number: int, *, nearest: bool) -> bool:
        """Return whether a change has still to be tried; `nearest` asks for no other tests."""
        outcome = self.outcomes.get(number)
        return outcome is None or (outcome.result == NOT_NEARBY and not nearest)

    def caught(self) -> list[Change]:
        """Return the changes that a test noticed, or that made one hang."""
        return [self.changes[number] for number in sorted(self.outcomes) if self._notices(number)]

    def not_caught(self) -> list[Change]:
        """Return the changes that were tried and not noticed."""
        return [
            self.changes[number] for number in sorted(self.outcomes) if not self._notices(number)
        ]

    def timed_out(self) -> int:
        """Return how many were noticed only because a test hung."""
        return sum(outcome.result == TIMED_OUT for outcome in self.outcomes.values())

    def _notices(self, number: int) -> bool:
        return self.outcomes[number].result in {CAUGHT, TIMED_OUT}


def read_results(file: Path) -> Results:
    """Read a file of results. Raises `UsageError` if it is none."""
    try:
        rows = json.loads(file.read_text("utf-8"))
        results = Results(file, [Change(**row["change"]) for row in rows])
        for number, row in enumerate(rows):
            if row["outcome"]:
                results.outcomes[number] = Outcome(**row["outcome"])
    except OSError as problem:
        raise UsageError(f"{file} cannot be read: {problem.strerror}.") from problem
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageError(f"{file} does not hold results of the mutator.") from problem
    return results
