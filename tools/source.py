"""The project's own source, read as syntax trees, for figures and rules."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tools.environment import ROOT

PRODUCT = (
    *("approvals", "publisher", "web", "demo", "sandbox", "commands"),
    *("scheduler.py", "cli.py"),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A Python file, at a path relative to the checkout."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @property
    def root(self) -> str:
        """The top-level folder or file it belongs to, without the ending."""
        return self.path.split("/")[0].removesuffix(".py")

    @property
    def module(self) -> str:
        """The dotted name, which for an `__init__` is its package's."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self) -> bool:
        """True for the `__init__` of a package."""
        return self.path.endswith("__init__.py")

    def is_in(self, *modules: str) -> bool:
        """True if it is one of these modules ("publisher.now") or lies inside one."""
        return any(self.module == name or self.module.startswith(f"{name}.") for name in modules)

    def at(self, node: ast.AST) -> str:
        """The position of a node, in the form editors open."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def functions(self) -> Iterator[Function]:
        """Every function and method, inner ones too."""
        for node in self.nodes:
            if isinstance(node, Function):
                yield node

    @cached_property
    def imported(self) -> dict[str, str]:
        """The full name behind each imported name: {"dt": "datetime.datetime"}."""
        full_names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    first = name.name.split(".")[0]
                    full_names[name.asname or first] = name.name if name.asname else first
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for name in node.names:
                    full_names[name.asname or name.name] = f"{node.module}.{name.name}"
        return full_names

    def full_name(self, node: ast.expr) -> str:
        """The name of an expression through its imports: "datetime.datetime.now", or ""."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.full_name(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call, with the full name of the function (or "")."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield node, self.full_name(node.func)


@cache
def read_source(name: str) -> Source:
    """A Python file of the checkout, whose tree is parsed once for all who look at it."""
    return Source(name, read(name))


@cache
def python_files(*names: str) -> list[Source]:
    """The Python files at or below these paths of the checkout; a path may be missing."""
    files: list[Path] = []
    for name in names:
        path = ROOT / name
        files += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [read_source(str(file.relative_to(ROOT))) for file in files]


def product() -> list[Source]:
    """The product's own source, without tests, benches, tools and migrations."""
    return python_files(*PRODUCT)


@cache
def everything() -> list[Source]:
    """All Python of the checkout."""
    return [read_source(name) for name in tracked() if name.endswith(".py")]


def read(name: str) -> str:
    """The text of a file of the checkout."""
    return (ROOT / name).read_text("utf-8")


def tracked() -> list[str]:
    """Every file that git has or would add: those that are not ignored."""
    call = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(call, cwd=ROOT, capture_output=True, check=True, text=True)
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    return [name for name in names if (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Every such file that is text, with its text."""
    contents = ((name, (ROOT / name).read_bytes()) for name in tracked())
    return [(name, text.decode("utf-8", "replace")) for name, text in contents if b"\0" not in text]
