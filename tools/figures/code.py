"""How much code there is: lines without blank lines, comments and docstrings."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tools.figures.figure import Measurement, Tree
from tools.figures.names import package_of
from tools.source import Source, python_files, texts


def code_lines(tree: Tree) -> Measurement:
    """The lines that carry code in the product, demo and sandbox aside, by package."""
    return _sum(_installed(tree))


def tool_lines(_tree: Tree) -> Measurement:
    """The same of the tools."""
    return _sum(python_files("tools"))


def file_lines(_tree: Tree, *, ending: str) -> Measurement:
    """The lines of the product's files with this ending that are not blank."""
    roots = ("web/", "publisher/", "commands/", "demo/")
    files = [text for name, text in texts() if name.startswith(roots) and name.endswith(ending)]
    return Measurement(sum(bool(line.strip()) for text in files for line in text.splitlines()))


def lines_of_code(source: Source) -> int:
    """The number of lines of a file that carry code."""
    return len(_code_lines(source))


def private_used_once(tree: Tree) -> Measurement:
    """The share of the code that stands in private functions with a single use in their file."""
    total, once, places = 0, 0, []
    for source in _installed(tree):
        code, uses = _code_lines(source), _uses(source)
        total += len(code)
        for function in source.functions():
            name = function.name
            if name.startswith("_") and not name.endswith("__") and uses[name] == 1:
                last = function.end_lineno or function.lineno
                lines = len(code.intersection(range(function.lineno, last + 1)))
                once += lines
                places.append(f"{source.at(function)} {name}: {lines}")
    return Measurement(round(100 * once / max(total, 1), 1), places)


def _uses(source: Source) -> Counter[str]:
    names = (node.id for node in source.nodes if isinstance(node, ast.Name))
    attributes = (node.attr for node in source.nodes if isinstance(node, ast.Attribute))
    return Counter([*names, *attributes])


def _code_lines(source: Source) -> set[int]:
    lines = enumerate(source.text.splitlines(), 1)
    written = {number for number, line in lines if line.strip() and line.lstrip()[0] != "#"}
    return written.difference(_docstring_lines(source))


def _installed(tree: Tree) -> list[Source]:
    return [source for source in tree.product if source.root not in {"demo", "sandbox"}]


def _sum(sources: list[Source]) -> Measurement:
    by_package: Counter[str] = Counter()
    for source in sources:
        by_package[package_of(source)] += lines_of_code(source)
    places = [f"{package}: {lines}" for package, lines in by_package.most_common()]
    return Measurement(by_package.total(), places)


def _docstring_lines(source: Source) -> Iterator[int]:
    """Yield the lines of strings that stand alone, also below attributes."""
    for node in source.nodes:
        match node:
            case ast.Expr(value=ast.Constant(value=str()), end_lineno=int(last)):
                yield from range(node.lineno, last + 1)
