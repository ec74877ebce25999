"""Finds the small changes that a module of the product allows, and makes them in its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tools.console import UsageError

COMPARISON = "comparison turned"
CONDITION = "condition dropped"
CALL = "call left out"

OPERATOR = re.compile(r"\bnot\s+in\b|\bis\s+not\b|\bin\b|\bis\b|[<>=!]=|<|>")
TURNED: dict[type[ast.cmpop], str] = {
    ast.Lt: ">=",
    ast.GtE: "<",
    ast.Gt: "<=",
    ast.LtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
# The calls that take several conditions, each with the fewest that it must keep.
TAKES_CONDITIONS = {"where": 0, "and_": 1, "or_": 1}
# Calls that no test of behaviour can miss: logs, points for the crash tests, dead branches.
NEVER_LEFT_OUT = {"log", "logger", "logging", "checkpoints", "failpoints", "reach", "assert_never"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A text at one position of a file, and the text that replaces it."""

    place: str
    path: str
    line: int
    column: int
    kind: str
    before: str
    after: str
    source: str
    """The whole line, so that a list that no longer fits the file is noticed."""

    @property
    def title(self) -> str:
        """Return where it is and what it does, on one line."""
        before, after = (_shorten(text) for text in (self.before, self.after))
        return f"{self.path}:{self.line} {self.kind}: {before} → {after}"

    def apply(self, text: str) -> str:
        """Return the file's text with the change. Raises `UsageError` if its line differs."""
        lines = text.splitlines(keepends=True)
        start = sum(map(len, lines[: self.line - 1])) + self.column
        reads = lines[self.line - 1].rstrip("\n") if self.line <= len(lines) else ""
        if reads != self.source or not text.startswith(self.before, start):
            raise UsageError(
                f"{self.path}:{self.line} no longer reads {self.source.strip()!r}: "
                "mend the list by hand, or draw another with --list."
            )
        return text[:start] + self.after + text[start + len(self.before) :]


def _shorten(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 60 else f"{joined[:59]}…"


def find_changes(place: str, path: str, text: str) -> list[Change]:
    """Return every change that the text of one module allows, from its top to its end."""
    module = _Module(place, path, text)
    nodes = list(_walk(ast.parse(text)))
    return [change for node in nodes for find in FINDERS for change in find(module, node)]


class _Module:
    """The text of one module, whose syntax tree counts in lines and bytes."""

    def __init__(self, place: str, path: str, text: str) -> None:
        self.place, self.path, self.text = place, path, text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0, *accumulate(map(len, self.lines))]

    def start(self, node: ast.expr) -> int:
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr) -> int:
        return self._offset(node.end_lineno or 0, node.end_col_offset or 0)

    def _offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def change(self, kind: str, start: int, end: int, after: str) -> Change:
        line = self.text.count("\n", 0, start) + 1
        return Change(
            place=self.place,
            path=self.path,
            line=line,
            column=start - self.starts[line - 1],
            kind=kind,
            before=self.text[start:end],
            after=after,
            source=self.lines[line - 1].rstrip("\n"),
        )

    def replace(self, kind: str, node: ast.expr, after: str) -> Change:
        return self.change(kind, self.start(node), self.end(node), after)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that a change may touch.

    Positions inside f-strings differ between versions of Python, and an assertion fails by itself.
    """
    if isinstance(node, ast.JoinedStr | ast.Assert) or _is_for_types_only(node):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _turn_comparisons(module: _Module, node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Compare):
        return
    operands = [node.left, *node.comparators]
    for operand, operator, right in zip(operands, node.ops, node.comparators, strict=False):
        between = module.end(operand)
        written = OPERATOR.search(module.text, between, module.start(right))
        if written:
            yield module.change(COMPARISON, *written.span(), TURNED[type(operator)])


def _drop_operands(module: _Module, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        for operand, others in _each_left_out(node.values):
            if not _binds(operand):
                remaining = others[0] if len(others) == 1 else ast.BoolOp(node.op, others)
                yield module.replace(CONDITION, node, f"({ast.unparse(remaining)})")


def _pass_tests(module: _Module, node: ast.AST) -> Iterator[Change]:
    """Make the test of an `if` true, in statements and in comprehensions."""
    tests = node.ifs if isinstance(node, ast.comprehension) else []
    tests = [node.test] if isinstance(node, ast.If) else tests
    for test in tests:
        if not _binds(test):
            yield module.replace(CONDITION, test, "True")


def _drop_arguments(module: _Module, node: ast.AST) -> Iterator[Change]:
    """Leave one condition out of a statement's `where`, or of `and_` and `or_`."""
    if not isinstance(node, ast.Call) or node.keywords:
        return
    fewest = TAKES_CONDITIONS.get(_names(node.func)[-1])
    if fewest is not None and len(node.args) > fewest:
        for _, others in _each_left_out(node.args):
            after = ", ".join(ast.unparse(argument) for argument in others)
            yield module.change(CONDITION, module.end(node.func), module.end(node), f"({after})")


def _leave_out_calls(module: _Module, node: ast.AST) -> Iterator[Change]:
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and NEVER_LEFT_OUT.isdisjoint(_names(call.func)):
        yield module.replace(CALL, call, "pass")


FINDERS = (_turn_comparisons, _drop_operands, _pass_tests, _drop_arguments, _leave_out_calls)


def _each_left_out(nodes: Sequence[ast.expr]) -> Iterator[tuple[ast.expr, list[ast.expr]]]:
    for number, node in enumerate(nodes):
        yield node, [*nodes[:number], *nodes[number + 1 :]]


def _binds(node: ast.expr) -> bool:
    """Return whether it gives a name that the code after it needs (`:=`)."""
    return any(isinstance(part, ast.NamedExpr) for part in ast.walk(node))


def _names(function: ast.expr) -> list[str]:
    """Return the names in a dotted path: ["self", "log", "warning"]; of a call's, its own."""
    if isinstance(function, ast.Attribute):
        return [*_names(function.value), function.attr]
    return [function.id] if isinstance(function, ast.Name) else [""]
