"""The SQL above the statements: `python -m tools.sql_comments`, with `--write` to write it.

Above each statement that a module defines, and above each function that builds one for a dialect,
a comment shows the SQL that PostgreSQL is sent: parameters by name and without the casts that the
driver adds, constants by value.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from psycopg.sql import Literal
from sqlalchemy import BindParameter, ClauseElement
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from tools.environment import ROOT
from tools.source import Source, product, python_files
from tools.sql_layout import lay_out, on_one_line, without_spaces

HEADING = "#: PostgreSQL:"
PREFIX = "#:   "
WIDTH = 100 - len(PREFIX)
REMEDY = "run `python -m tools.sql_comments --write`"

_DIALECT = PGDialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]  # it has no annotations
_INSERT_OF_DIALECT = re.compile(r"sqlalchemy\.dialects\.\w+\.insert")


@dataclass(frozen=True)
class Definition:
    """Code that defines statements: its name and first line (from 0)."""

    name: str
    line: int
    statements: Sequence[ClauseElement]


def complaints_of_product() -> list[str]:
    """Return a sentence for each statement of the product without the SQL that is sent."""
    modules = [(source, import_module(source.module)) for source in product()]
    return [sentence for source, module in modules for sentence in complaints(source, module)]


def complaints(source: Source, module: ModuleType) -> Iterator[str]:
    """Yield a sentence for each statement of the file without the SQL that is sent."""
    lines = source.text.splitlines()
    headings = {number for number, line in enumerate(lines) if line == HEADING}
    for definition in _definitions(source, module):
        place = f"{source.path}:{definition.line + 1} {definition.name}"
        start = _comment_start(lines, definition.line)
        headings.discard(start)
        if len(definition.statements) > 1:
            yield f"{place} holds several statements: define each by itself, below its SQL"
        elif start == definition.line:
            yield f"{place} has no SQL above it: {REMEDY}"
        elif not _is_shown(definition.statements[0], lines[start + 1 : definition.line]):
            yield f"{place} has other SQL above it than is sent: {REMEDY}"
    for number in headings:
        yield f"{source.path}:{number + 1} SQL stands above no statement: remove the comment"
    yield from _built_inside(source)


def rewritten(source: Source, module: ModuleType) -> str:
    """Return the text of the file with the SQL that is sent above each statement."""
    lines = source.text.splitlines()
    for definition in reversed(list(_definitions(source, module))):
        if len(definition.statements) == 1:
            sql = [PREFIX + line for line in lay_out(sql_of(definition.statements[0]), WIDTH)]
            start = _comment_start(lines, definition.line)
            follows_code = start and lines[start - 1] and not lines[start - 1].startswith("#")
            blank_line = [""] if follows_code else []
            lines[start : definition.line] = [*blank_line, HEADING, *sql]
    return "".join(f"{line}\n" for line in lines)


def sql_of(statement: ClauseElement) -> str:
    """Return the SQL that PostgreSQL is sent, on one line."""
    compiled = statement.compile(dialect=_DIALECT)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(statement)
    # Some parameters are written into the text only when it is sent: lists, and `literal_execute`.
    text = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r"%(\1)s", str(compiled))
    # The default of a column is computed when the statement is sent.
    defaults = {column.key for column in compiled.prefetch}
    shown = {
        name: f":{name}" if bind.required or name in defaults else _literals(bind)
        for name, bind in compiled.binds.items()
    }
    return on_one_line(text % shown)


def _literals(bind: BindParameter[object]) -> str:
    process = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    constants = bind.value if isinstance(bind.value, list | tuple) else [bind.value]
    literals = (Literal(process(each) if process else each) for each in constants)
    return ", ".join(literal.as_string() for literal in literals)


def _definitions(source: Source, module: ModuleType) -> Iterator[Definition]:
    """Yield what defines statements at the top level of a file, in its order."""
    for node in source.tree.body:
        line = node.lineno - 1
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target)]
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            statements = _statements_in([getattr(module, name, None) for name in names])
        elif isinstance(node, ast.FunctionDef) and _parameters(node) == ["dialect"]:
            names = [node.name]
            line = min([line, *(decorator.lineno - 1 for decorator in node.decorator_list)])
            statements = _statements_in(getattr(module, node.name)("postgresql"))
        else:
            continue
        if statements:
            yield Definition(", ".join(names), line, statements)


def _statements_in(candidate: object) -> list[ClauseElement]:
    if isinstance(candidate, SelectBase | UpdateBase):
        return [candidate]
    if isinstance(candidate, Mapping):
        candidate = list(candidate.values())
    if isinstance(candidate, list | tuple | set | frozenset):
        return [statement for part in candidate for statement in _statements_in(part)]
    return []


def _comment_start(lines: Sequence[str], end: int) -> int:
    """Return where the comment with SQL starts that ends before this line, or `end`."""
    start = end
    while start and lines[start - 1].startswith("#"):
        start -= 1
        if lines[start] == HEADING:
            return start
    return end


def _is_shown(statement: ClauseElement, comment: Sequence[str]) -> bool:
    shown = "\n".join(line.removeprefix("#:") for line in comment)
    return without_spaces(shown) == without_spaces(sql_of(statement))


def _built_inside(source: Source) -> Iterator[str]:
    """Yield a sentence for each function that builds a statement for a dialect inside."""
    for function in source.tree.body:
        if not isinstance(function, ast.FunctionDef) or "dialect" in _parameters(function):
            continue
        nodes = [node for node in ast.walk(function) if isinstance(node, ast.Name | ast.Attribute)]
        names = {source.full_name(node) for node in nodes}
        local_names = {f"{source.module}.{name}" for name in names}
        if (names | local_names) & _builders() or any(map(_INSERT_OF_DIALECT.match, names)):
            yield (
                f"{source.at(function)} {function.name} builds a statement for a dialect: "
                "build it in a function whose only parameter is `dialect`"
            )


@cache
def _builders() -> frozenset[str]:
    """The functions that build parts of statements for a dialect."""
    return frozenset(
        f"{source.module}.{function.name}"
        for source in product()
        for function in source.tree.body
        if isinstance(function, ast.FunctionDef)
        and _parameters(function)[:1] == ["dialect"]
        and len(_parameters(function)) > 1
    )


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)]


def main(arguments: Sequence[str]) -> int:
    """Print what is to be mended and return 1, or 0 if there is nothing."""
    parser = argparse.ArgumentParser(prog="python -m tools.sql_comments", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the SQL above the statements")
    options = parser.parse_args(arguments)
    if options.write:
        for source in product():
            text = rewritten(source, import_module(source.module))
            if text != source.text:
                (ROOT / source.path).write_text(text, "utf-8")
        python_files.cache_clear()
    sentences = complaints_of_product()
    print(*sentences, sep="\n")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
