"""`nagarvani register` prints the annex, and imports officers and heads from files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.now import now
from publisher.people import register_data
from publisher.people.departments import load_register
from tests.cli.command_line import Workspace, make_workspace


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, database: Database) -> Workspace:
    """Create a workspace with departments, but without people."""
    with database.transaction() as session:
        load_register(session, now=now())
    return make_workspace(tmp_path, database_url)


def test_the_annex_of_the_circulars_day_is_printed_as_the_circular(workspace: Workspace) -> None:
    output = workspace.run_in_process("register", "annex", "--on", "2021-07-14", "--format", "csv")
    assert output.code == 0, output.err
    rows = list(csv.reader(io.StringIO(output.out)))
    listed = [row for row in register_data.load() if row.annex_no is not None]
    assert rows[0] == ["अ. क्र.", "विभाग / खाते", "code"]
    assert [row[1:] for row in rows[1:]] == [[row.name_mr, row.code] for row in listed]
    assert (rows[1][0], rows[61][0]) == ("१", "६१")


@pytest.mark.parametrize(
    ("on", "says"),
    [
        ("1990-01-01", "before 14 July 2021 nothing is recorded"),
        ("2021-07-13", "before 14 July 2021 nothing is recorded"),
        ("tomorrow", "has not come yet"),
        ("2021-06-31", "does not exist"),
        ("soon", "write a day such as 2021-07-14"),
    ],
)
def test_a_day_without_an_annex_is_one_sentence(workspace: Workspace, on: str, says: str) -> None:
    output = workspace.run_in_process("register", "annex", "--on", on)
    assert output.code == 1
    assert says in output.err
    assert not output.out
