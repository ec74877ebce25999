"""The comment above each statement is its SQL, as `python -m tools.sql_comments` writes it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.complaints import expect_none
from tools.source import Source, read
from tools.sql_comments import (
    complaints,
    complaints_of_product,
    main,
    rewritten,
)
from tools.sql_layout import lay_out, without_spaces

IMPORTS = """
from functools import cache
from sqlalchemy import bindparam, column, insert, select, table, update
from sqlalchemy.dialects import postgresql
from publisher.database.bulk import insert_for, rows_from_json
from publisher.models.content_checks import CheckedLink
from publisher.models.submissions import Counter

posts = table("posts", column("id"), column("state"))

"""
STATEMENT = 'NEWEST = select(posts.c.id).where(posts.c.id > bindparam("id"))\n'
SQL = "#: PostgreSQL:\n#:   SELECT posts.id FROM posts WHERE posts.id > :id\n"
WRITE = "run `python -m tools.sql_comments --write`"


class Example:
    """A module of an invented product, with this code below the imports."""

    def __init__(self, folder: Path, code: str) -> None:
        self.imports = IMPORTS.count("\n")
        self.source = Source("publisher/example.py", IMPORTS + code)
        self.module = _load(folder / "example.py", self.source.text)

    def complaints(self) -> list[str]:
        return list(complaints(self.source, self.module))

    def rewritten(self) -> str:
        return rewritten(self.source, self.module).removeprefix(IMPORTS)

    def path(self, line: int) -> str:
        return f"publisher/example.py:{self.imports + line}"


def _load(path: Path, text: str) -> ModuleType:
    path.write_text(text, "utf-8")
    spec = spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_statement_has_the_sql_that_is_sent_above_it() -> None:
    expect_none(complaints_of_product())


def test_the_tool_finds_nothing_to_mend_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.strip() == ""


def test_statements_of_the_product_are_found_without_a_list_of_them() -> None:
    path = "publisher/delivery/sending.py"
    lines = [line for line in read(path).splitlines() if not line.startswith("#:")]
    source, module = (
        Source(path, "\n".join(lines)),
        import_module("publisher.delivery.sending"),
    )
    sentences = list(complaints(source, module))
    assert len(sentences) == 2
    assert f"_LOCK_POST has no SQL above it: {WRITE}" in sentences[0]


def test_a_statement_without_its_sql_is_found_and_mended(tmp_path: Path) -> None:
    example = Example(tmp_path, f"# The newest post.\n{STATEMENT}")
    assert example.complaints() == [f"{example.path(2)} NEWEST has no SQL above it: {WRITE}"]
    assert example.rewritten() == f"# The newest post.\n{SQL}{STATEMENT}"


def test_a_statement_with_other_sql_is_found_and_mended(tmp_path: Path) -> None:
    example = Example(tmp_path, SQL.replace(">", "<") + STATEMENT)
    sentence = f"{example.path(3)} NEWEST has other SQL above it than is sent: {WRITE}"
    assert example.complaints() == [sentence]
    assert example.rewritten() == SQL + STATEMENT


@pytest.mark.parametrize("sql", [SQL, SQL.replace(" FROM", "\n#:   FROM")])
def test_a_statement_with_its_sql_passes_whatever_its_lines(tmp_path: Path, sql: str) -> None:
    assert Example(tmp_path, sql + STATEMENT).complaints() == []


def test_constants_are_shown_by_value_and_parameters_by_name(tmp_path: Path) -> None:
    code = (
        """CLOSE = update(posts).where(posts.c.id.in_([1, 2]), posts.c.state != "it's  open")"""
        """.values(state=bindparam("state"))\n"""
    )
    (_heading, sql, _code) = Example(tmp_path, code).rewritten().splitlines()
    where = "WHERE posts.id IN (1, 2) AND posts.state != 'it''s  open'"
    assert sql == f"#:   UPDATE posts SET state=:state {where}"


def test_a_default_that_python_computes_is_shown_as_a_parameter(tmp_path: Path) -> None:
    code = "RETRY = insert(CheckedLink).values(digest='a', url='b')\n"
    sql = Example(tmp_path, code).rewritten()
    assert ":tries, :landed_on, :title, :picture_sha256" in sql


def test_the_sql_of_a_function_by_dialect_is_postgresqls(tmp_path: Path) -> None:
    code = (
        "@cache\n"
        "def _count(dialect: str) -> object:\n"
        "    insertion = insert_for(dialect, Counter).values(series='a', value=1)\n"
        "    return insertion.on_conflict_do_nothing()\n"
    )
    example = Example(tmp_path, code)
    assert example.complaints() == [f"{example.path(1)} _count has no SQL above it: {WRITE}"]
    sql = "INSERT INTO counters (series, value) VALUES ('a', 1) ON CONFLICT DO NOTHING"
    assert example.rewritten() == f"#: PostgreSQL:\n#:   {sql}\n{code}"


@pytest.mark.parametrize(
    "code",
    [
        "ALL = {1: select(posts.c.id), 2: select(posts)}\n",
        "ONE, TWO = select(posts.c.id), select(posts)\n",
    ],
)
def test_statements_have_to_be_defined_one_by_one(tmp_path: Path, code: str) -> None:
    example = Example(tmp_path, code)
    (sentence,) = example.complaints()
    assert "holds several statements: define each by itself, below its SQL" in sentence
    assert example.rewritten() == code


@pytest.mark.parametrize(
    "call",
    [
        "postgresql.insert(posts)",
        "insert_for(session.dialect, Counter)",
        "select(rows_from_json(session.dialect, {}))",
    ],
)
def test_a_statement_built_for_a_dialect_inside_of_a_function_is_found(
    tmp_path: Path, call: str
) -> None:
    example = Example(tmp_path, f"def store(session):\n    session.execute({call})\n")
    (sentence,) = example.complaints()
    assert sentence.startswith(f"{example.path(1)} store builds a statement for a dialect: build")


def test_sql_that_is_left_without_its_statement_is_found(tmp_path: Path) -> None:
    example = Example(tmp_path, f"{SQL}\nLIMIT = 5\n")
    assert example.complaints() == [
        f"{example.path(1)} SQL stands above no statement: remove the comment"
    ]


def test_parts_of_statements_need_no_sql(tmp_path: Path) -> None:
    code = "IDS = select(posts.c.id).scalar_subquery()\nIS_NEW = posts.c.id > 5\n"
    assert Example(tmp_path, code).complaints() == []


def test_long_sql_has_a_line_for_each_clause_and_condition() -> None:
    sql = (
        "SELECT a.id, a.name FROM a JOIN b ON b.id = a.b_id "
        "WHERE a.name = 'from AND  where' AND (a.x OR a.y) "
        "AND EXISTS (SELECT b.id FROM b WHERE b.a_id = a.id AND b.name != :name) ORDER BY a.id"
    )
    lines = lay_out(sql, 40)
    assert lines == [
        "SELECT a.id, a.name",
        "FROM a",
        "JOIN b ON b.id = a.b_id",
        "WHERE a.name = 'from AND  where'",
        "  AND (a.x OR a.y)",
        "  AND EXISTS (",
        "    SELECT b.id",
        "    FROM b",
        "    WHERE b.a_id = a.id",
        "      AND b.name != :name",
        "  )",
        "ORDER BY a.id",
    ]
    assert without_spaces("\n".join(lines)) == without_spaces(sql)


def test_a_clause_that_is_too_long_is_broken_after_commas_or_at_a_space() -> None:
    assert lay_out("SELECT first, second, third FROM a", 20) == [
        "SELECT first,",
        "    second, third",
        "FROM a",
    ]
    assert lay_out("SELECT first + second + third", 20) == [
        "SELECT first +",
        "    second + third",
    ]
