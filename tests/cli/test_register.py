"""`nagarvani register` prints the annex, and imports officers and heads from files."""

from __future__ import annotations

import csv
import getpass
import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from cli import nagarvani
from publisher.database.session import Database
from publisher.i18n.languages import digits
from publisher.models.departments import RegisterLayout
from publisher.models.history import Event
from publisher.models.people import Appointment
from publisher.now import now
from publisher.people import register_data
from publisher.people.departments import load_register
from publisher.states import AppointmentState
from tests.cli.command_line import Workspace, make_workspace
from tests.papers import reading
from tests.support.spreadsheets import merged_workbook


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


def test_the_annex_on_paper_is_the_circulars_number_by_number(workspace: Workspace) -> None:
    arguments = ["register", "annex", "--on", "2021-07-14", "--format", "pdf"]
    result = CliRunner().invoke(nagarvani, arguments, env=workspace.environment())
    assert result.exit_code == 0, result.stderr
    text = reading.whole(result.stdout_bytes)
    assert "विभाग दि. १४ जुलै २०२१ पर्यंत" in text
    for row in register_data.load():
        number = f"{digits(str(row.annex_no), 'mr')} {row.name_mr}"
        assert (number in text) is (row.annex_no is not None), number


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


EXPORT = Path(__file__).parents[1] / "register" / "exports" / "paired-marathi.csv"


def states(database: Database) -> list[tuple[str, AppointmentState]]:
    with database.reading() as session:
        rows = session.scalars(select(Appointment).order_by(Appointment.id))
        return [(row.person.name_mr, row.state) for row in rows]


def test_a_workbook_of_all_cells_merged_is_refused_in_words(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "list.xlsx").write_bytes(merged_workbook())
    output = workspace.run_in_process("register", "import", "list.xlsx")
    assert output.code == 1
    assert "Cells are merged far beyond the table" in output.err


def test_a_file_is_shown_row_by_row_and_nothing_is_done_unasked(
    workspace: Workspace, database: Database
) -> None:
    output = workspace.run_in_process("register", "import", str(EXPORT))
    assert output.code == 0, output.err
    assert "column 3: विभागाचे नाव = department" in output.lines
    assert "row 2: new: पाणीपुरवठा विभाग, मेधा सातपुते, नितीन घोलप" in output.lines
    assert "row 3: a later row counts: पथ विभाग (row 4)" in output.lines
    assert any("perhaps garden (उद्यान विभाग)" in line for line in output.lines)
    assert any("the number is a landline" in line for line in output.lines)
    assert output.lines[-1] == "Nothing was changed: repeat it with --do."
    assert states(database) == []
    refused = workspace.run_in_process("register", "import", str(EXPORT), "--do")
    assert refused.code == 1
    assert "rows are refused (2)" in refused.err
    assert states(database) == []


def test_a_file_is_carried_out_whole_and_a_second_run_changes_nothing(
    workspace: Workspace, database: Database
) -> None:
    call = ("register", "import", str(EXPORT), "--do", "--skip-refused")
    choice = ("--department", "उद्यान विभग=garden")
    output = workspace.run_in_process(*call, *choice)
    assert output.code == 0, output.err
    assert len(states(database)) == 6
    assert {state for _name, state in states(database)} == {AppointmentState.RECORDED}
    with database.reading() as session:
        event = session.scalars(select(Event).where(Event.verb == "record_officer")).first()
        assert event is not None
        assert event.details["command"] == "register import"
        assert event.details["user"] == getpass.getuser()
        assert session.scalar(select(func.count()).select_from(RegisterLayout)) == 1
    before = states(database)
    assert "the same already" in workspace.run_in_process(*call, *choice).out
    assert states(database) == before
    confirmed = workspace.run_in_process(*call, *choice, "--confirmed")
    assert confirmed.code == 0, confirmed.err
    assert {state for _name, state in states(database)} == {AppointmentState.CONFIRMED}


def test_columns_that_nobody_can_guess_are_listed_and_kept_once_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "file.csv").write_text("कोण,कुठे,फोन\nमेधा,fire,9822012345\n")
    output = workspace.run_in_process("register", "import", "file.csv")
    assert output.code == 1
    assert "No column is department" in output.err
    assert "  1 कोण" in output.err
    named = ("--column", "1=first_name", "--column", "2=department")
    assert workspace.run_in_process("register", "import", "file.csv", *named, "--do").code == 0
    assert workspace.run_in_process("register", "import", "file.csv").code == 0


def test_heads_report_to_offices_above_by_an_order_alone(
    workspace: Workspace, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "heads.csv").write_text(
        "खाते,नाव,मोबाइल,वरिष्ठ कार्यालय\nfire,विजय राणे,9822012350,amc-estate\n"
    )
    call = ("register", "import", "heads.csv", "--heads", "--do")
    refused = workspace.run_in_process(*call)
    assert "--order is needed" in refused.err
    assert states(database) == []
    output = workspace.run_in_process(*call, "--order", "आस्था/१")
    assert output.code == 0, output.err
    assert "reports to अतिरिक्त महापालिका आयुक्त (इस्टेट) कार्यालय" in output.out
    assert states(database) == [("विजय राणे", AppointmentState.RECORDED)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"\xd0\xcf\x11\xe0", "old Excel file"),
        (b"a,b\n\xff\xfa", "save it as CSV UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_one_sentence(
    workspace: Workspace, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "file.csv").write_bytes(content)
    output = workspace.run_in_process("register", "import", "file.csv")
    assert output.code == 1
    assert says in output.err
