"""SQL on several lines: a clause on each, subqueries indented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_LITERAL = r"'(?:[^']|'')*'"
_CLAUSE = (
    r"\b(?:SELECT|(?<!DISTINCT )FROM|(?:LEFT OUTER )?JOIN|WHERE|AND|OR|GROUP BY|ORDER BY|LIMIT"
    r"|UNION(?: ALL)?|FOR (?:NO KEY )?UPDATE|FOR (?:KEY )?SHARE|INSERT INTO|VALUES|ON CONFLICT"
    r"|UPDATE|SET|DELETE FROM|RETURNING)\b"
)
_TOKEN = re.compile(rf"{_LITERAL}|DO UPDATE SET|(?P<clause>{_CLAUSE})|[()]|[^\s()']+")
_WORD = re.compile(rf"(?:{_LITERAL}|[^\s'])+")
_QUERY_IN_PARENTHESES = re.compile(r"\((?=SELECT|INSERT|UPDATE|DELETE)")
_HOLDS_CONDITIONS = re.compile(r"(?:WHERE|AND|OR|(?:LEFT OUTER )?JOIN)\b")
_STARTS_PART = {"ON", "AND", "OR", "WHEN", "ELSE", ""}
_INDENT = "  "


def without_spaces(sql: str) -> str:
    """Return the SQL without white space outside of literals, to compare it."""
    return "".join(_WORD.findall(sql))


def on_one_line(sql: str) -> str:
    """Return the SQL with single spaces, but with literals as they are."""
    return " ".join(_WORD.findall(sql))


def lay_out(sql: str, width: int, indent: str = "") -> list[str]:
    """Return the SQL as lines of at most this width, unless a single word is longer.

    What fits on one line stays on one line.
    """
    if len(indent + sql) <= width:
        return [indent + sql]
    lines = []
    for clause in filter(None, _clauses(sql)):
        own_indent = indent + _INDENT * clause.startswith(("AND ", "OR "))
        lines += _lay_out_clause(clause, width, own_indent, own_indent + _INDENT * 2)
    return lines


def _clauses(sql: str) -> Iterator[str]:
    """Split a query at its clauses and conditions, not at those inside of parentheses."""
    start = depth = 0
    for token in _TOKEN.finditer(sql):
        depth += (token[0] == "(") - (token[0] == ")")
        is_operator = token[0] in {"AND", "OR"}
        if depth or not token["clause"]:
            continue
        if not is_operator or _HOLDS_CONDITIONS.match(sql, start):
            yield sql[start : token.start()].strip()
            start = token.start()
    yield sql[start:]


def _lay_out_clause(clause: str, width: int, indent: str, further: str) -> list[str]:
    """Lay out a clause whose first line has one indentation, and its further lines another."""
    subquery = _subquery(clause)
    if subquery is None or len(indent + clause) <= width:
        return _wrap(clause, width, indent, further)
    start, end = subquery
    lines = _wrap(clause[:start], width, indent, further)
    last_indent = lines[-1][: -len(lines[-1].lstrip())]
    lines += lay_out(clause[start:end], width, last_indent + _INDENT)
    return lines + _lay_out_clause(clause[end:], width, last_indent, further)


def _subquery(clause: str) -> tuple[int, int] | None:
    """Return where the first query in parentheses starts and ends, without them."""
    start = depth = 0
    for token in _TOKEN.finditer(clause):
        if not depth and not _QUERY_IN_PARENTHESES.match(clause, token.start()):
            continue
        start = start or token.end()
        depth += (token[0] == "(") - (token[0] == ")")
        if not depth:
            return start, token.start()
    return None


def _wrap(clause: str, width: int, indent: str, further: str) -> list[str]:
    """Break a clause after commas and before some words; a part that is too long, anywhere."""
    lines, line = [], ""
    for part in _parts(_WORD.findall(clause), width - len(further)):
        longer = f"{line} {part}" if line else indent + part
        if line and len(longer) > width:
            lines.append(line)
            longer = further + part
        line = longer
    return [*lines, line]


def _parts(words: Sequence[str], width: int) -> Iterator[str]:
    part: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        part.append(word)
        if word.endswith(",") or following in _STARTS_PART:
            text = " ".join(part)
            yield from [text] if len(text) <= width else part
            part = []
