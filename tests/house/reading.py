"""The house's own source, read as syntax trees, for rules to look at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.support.runs import CHECKOUT

PRODUCT = (
    *("approvals", "publisher", "web", "demo", "sandbox", "commands"),
    *("scheduler.py", "cli.py"),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file, at a path relative to the checkout."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        """The folder or file at the top that it belongs to, without its ending."""
        return self.path.split("/")[0].removesuffix(".py")

    def is_in(self, *places: str) -> bool:
        """Whether it is one of these modules ("publisher.now") or lies inside one."""
        dotted = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return any(dotted == place or dotted.startswith(f"{place}.") for place in places)

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as editors take it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def functions(self) -> Iterator[Function]:
        """Every function and method, inner ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each imported name stands for: {"dt": "datetime.datetime"}."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    first = name.name.split(".")[0]
                    found[name.asname or first] = name.name if name.asname else first
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for name in node.names:
                    found[name.asname or name.name] = f"{node.module}.{name.name}"
        return found

    def full_name(self, node: ast.expr) -> str:
        """What an expression names, through its imports: "datetime.datetime.now", or ""."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.full_name(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call, with the full name of what is called (or "")."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, self.full_name(node.func)


@cache
def python_files(*places: str) -> list[Source]:
    """The Python files at or below these paths of the checkout."""
    found: list[Path] = []
    for place in places:
        path = CHECKOUT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [Source(str(path.relative_to(CHECKOUT)), path.read_text("utf-8")) for path in found]


def product() -> list[Source]:
    """The product's own source, without tests, benches and migrations."""
    return python_files(*PRODUCT)


@cache
def everything() -> list[Source]:
    """All Python of the checkout."""
    return [Source(name, read(name)) for name in tracked() if name.endswith(".py")]


def read(name: str) -> str:
    """The text of a file of the checkout."""
    return (CHECKOUT / name).read_text("utf-8")


def tracked() -> list[str]:
    """Every file that git keeps, or would keep (one that is not ignored)."""
    call = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(call, cwd=CHECKOUT, capture_output=True, check=True, text=True)
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    return [name for name in names if (CHECKOUT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Every such file that is text, with its text."""
    found = []
    for name in tracked():
        content = (CHECKOUT / name).read_bytes()
        if b"\0" not in content:
            found.append((name, content.decode("utf-8", "replace")))
    return found


def expect_none(complaints: Iterable[str]) -> None:
    """Fail with every complaint on a line of its own."""
    found = sorted(complaints)
    assert not found, "\n".join(["", *found])
