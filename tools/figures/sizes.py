"""Lengths of functions and files."""

from __future__ import annotations

import ast
import math
from statistics import median

from tools.figures.figure import Measurement, Tree
from tools.source import Function, Source

MOST_LINES = 50
NINE_IN_TEN = 25
LONGEST_FILE = 450


def length(source: Source, function: Function) -> int:
    """Body lines without docstring and blank lines; comments count."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    first = min(body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", [])), 10**9)
    lines = source.text.splitlines()[first - 1 : function.end_lineno]
    return sum(1 for line in lines if line.strip())


def function_lengths(sources: list[Source]) -> list[tuple[int, str]]:
    """The length of every function with its position and name, the longest first."""
    functions = ((source, function) for source in sources for function in source.functions())
    lengths = [(length(source, f), f"{source.at(f)} {f.name}") for source, f in functions]
    return sorted(lengths, reverse=True)


def nine_in_ten(tree: Tree) -> Measurement:
    """The number of lines that nine functions in ten do not exceed."""
    return nine_in_ten_of(tree.product)


def nine_in_ten_of(sources: list[Source]) -> Measurement:
    """The same of any files."""
    lengths = function_lengths(sources)
    places = [f"{at}: {lines}" for lines, at in lengths if lines > NINE_IN_TEN]
    in_order = [lines for lines, _ in reversed(lengths)] or [0]
    return Measurement(in_order[math.ceil(0.9 * len(in_order)) - 1], places)


def longest_function(tree: Tree) -> Measurement:
    """The lines of the longest function."""
    return longest_function_of(tree.product)


def longest_function_of(sources: list[Source]) -> Measurement:
    """The same of any files."""
    lengths = function_lengths(sources)
    places = [f"{at}: {lines}" for lines, at in lengths if lines > MOST_LINES]
    return Measurement(lengths[0][0] if lengths else 0, places)


def longest_file(tree: Tree) -> Measurement:
    """The lines of the longest file."""
    lines = {source.path: source.text.count("\n") for source in tree.product}
    places = [f"{path}: {number}" for path, number in lines.items() if number > LONGEST_FILE]
    return Measurement(max(lines.values(), default=0), places)


def median_file(tree: Tree) -> Measurement:
    """The median of the files that have more than three lines."""
    lines = [source.text.count("\n") for source in tree.without("demo", "sandbox")]
    return Measurement(median([number for number in lines if number > 3] or [0]))
