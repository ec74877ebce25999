"""Draws changes by a seed, evenly over the places, and keeps the draw as a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from random import Random

from tools.console import UsageError
from tools.mutator.changes import Change, find_changes


@dataclass(frozen=True)
class Place:
    """A part of the product, and the tests that lie nearest to it; not every path must exist."""

    name: str
    paths: tuple[str, ...]
    tests: tuple[str, ...]


PLACES = (
    Place("rules", ("approvals",), ("tests/approvals",)),
    Place(
        "transitions",
        ("publisher/states.py", "publisher/transitions.py"),
        ("tests/test_states.py", "tests/test_transitions.py"),
    ),
    Place("delivery", ("publisher/delivery",), ("tests/delivery",)),
    Place("inbox", ("publisher/inbox",), ("tests/inbox",)),
)


def python_paths(checkout: Path, *paths: str) -> list[str]:
    """Return the Python files at or below these paths, those that exist, by name."""
    files: set[Path] = set()
    for path in paths:
        folder = checkout / path
        files |= set(folder.rglob("*.py")) if folder.is_dir() else {folder}
    return sorted(str(file.relative_to(checkout)) for file in files if file.is_file())


def all_changes(checkout: Path) -> list[Change]:
    """Return every change that the places allow."""
    return [
        change
        for place in PLACES
        for path in python_paths(checkout, *place.paths)
        for change in find_changes(place.name, path, (checkout / path).read_text("utf-8"))
    ]


def draw(changes: Sequence[Change], seed: int, count: int) -> list[Change]:
    """Draw from each place in turn, first the kind and then the change.

    A large place has many more changes than a small one, and comparisons outnumber calls:
    drawn from one heap, most would be of one sort.
    """
    if not 0 < count <= len(changes):
        raise UsageError(f"--count must be between 1 and {len(changes)}, the changes there are.")
    random = Random(seed)  # noqa: S311  its draw must repeat, it protects nothing
    pools: dict[str, dict[str, list[Change]]] = {}
    for change in changes:
        pools.setdefault(change.place, {}).setdefault(change.kind, []).append(change)
    drawn: list[Change] = []
    for kinds in cycle(pools.values()):
        kind = random.choice(sorted(kinds)) if kinds else None
        if kind:
            drawn.append(kinds[kind].pop(random.randrange(len(kinds[kind]))))
            if not kinds[kind]:
                del kinds[kind]
        if len(drawn) == count:
            break
    return drawn


def save_list(file: Path, changes: Sequence[Change]) -> None:
    """Write the list that `read_list` reads."""
    text = json.dumps([asdict(change) for change in changes], ensure_ascii=False, indent=1)
    file.write_text(text + "\n", "utf-8")


def read_list(file: Path, checkout: Path) -> list[Change]:
    """Read a saved list. Raises `UsageError` if it is none, or if a line of the product differs."""
    try:
        changes = [Change(**fields) for fields in json.loads(file.read_text("utf-8"))]
    except OSError as problem:
        raise UsageError(f"{file} cannot be read: {problem.strerror}.") from problem
    except (ValueError, TypeError) as problem:
        raise UsageError(f"{file} is not a list that --list has written.") from problem
    for change in changes:
        path = checkout / change.path
        change.apply(path.read_text("utf-8") if path.is_file() else "")
    return changes
