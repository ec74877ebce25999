"""Orders the test files for one change: those that most likely notice it come first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from tools.mutator.changes import Change
from tools.mutator.draw import PLACES, python_paths

# These assert on the text of the source: they would notice any change, and not what it does.
READ_THE_SOURCE = ("tests/house/", "tests/tools/")
SOURCES = (
    *("approvals", "publisher", "web", "demo", "sandbox", "commands", "migrations"),
    *("cli.py", "scheduler.py", "bench", "tests"),
)
FAR = 1_000_000
NEAREST = "nearest"


@dataclass(frozen=True)
class Stage:
    """Test files that run together, in this order."""

    name: str
    files: tuple[str, ...]


class TestFiles:
    """The test files of a checkout, and what each imports."""

    __test__ = False  # pytest must not collect it

    def __init__(self, checkout: Path) -> None:
        sources = python_paths(checkout, *SOURCES)
        self._importers: dict[str, set[str]] = {path: set() for path in sources}
        for path in sources:
            for imported in self._imports(path, (checkout / path).read_text("utf-8")):
                self._importers[imported].add(path)
        self._tests = [path for path in sources if _is_test(path)]

    def stages(self, change: Change) -> list[Stage]:
        """Return the nearest tests, then those that import the module, then all others."""
        distances = self._distances(change.path)
        ordered = sorted(self._tests, key=lambda path: (distances.get(path, FAR), path))
        nearest = next(place.tests for place in PLACES if place.name == change.place)
        near = [path for path in ordered if _lies_in(path, nearest)]
        others = [path for path in ordered if path not in near]
        importing = [path for path in others if path in distances]
        rest = [path for path in others if path not in distances]
        named = {NEAREST: near, "importing": importing, "rest": rest}
        return [Stage(name, tuple(files)) for name, files in named.items() if files]

    def _distances(self, path: str) -> dict[str, int]:
        """Return by how many imports each file is away from this module."""
        distances, latest = {path: 0}, {path}
        while latest:
            latest = {importer for file in latest for importer in self._importers.get(file, ())}
            latest -= set(distances)
            distances |= dict.fromkeys(latest, max(distances.values()) + 1)
        return distances

    def _imports(self, path: str, text: str) -> Iterator[str]:
        modules = [name for node in ast.walk(ast.parse(text)) for name in _imported(node)]
        files = [name.replace(".", "/") for name in modules]
        if PurePath(path).name.startswith("test_"):  # fixtures come without an import
            files += [str(folder / "conftest") for folder in PurePath(path).parents]
        for file in files:
            for written in (f"{file}.py", f"{file}/__init__.py"):
                if written in self._importers and written != path:
                    yield written


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_test(path: str) -> bool:
    file = PurePath(path)
    return file.name.startswith("test_") and not path.startswith(READ_THE_SOURCE)


def _lies_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == parent or path.startswith(f"{parent}/") for parent in places)
