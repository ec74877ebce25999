"""Files of officers and heads: what they would do, row by row, and what they do."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from commands.register_messages import row_line
from publisher.database.session import Database
from publisher.models.departments import DepartmentChange, RegisterKind
from publisher.models.people import Appointment, Department, Person, ServiceClass
from publisher.people.department_orders import DepartmentOrder
from publisher.people.departments import find_departments, load_register
from publisher.people.permissions import COMMAND
from publisher.register.carry_out import RowsRefused, carry_out, plan_sheet
from publisher.register.columns import BadColumns, Column, find_layout, guess, keep
from publisher.register.plan import RegisterPlan, RowOutcome
from publisher.register.sheet import FileTable, SheetRow, read_sheet
from publisher.states import AppointmentState
from publisher.working_time import local_day
from tests.support.city_people import NOON

EXPORTS = Path(__file__).with_name("exports")
HEADS = RegisterKind.HEADS
OFFICERS = RegisterKind.OFFICERS
NEW, SAME, CHANGES = RowOutcome.NEW, RowOutcome.SAME, RowOutcome.CHANGES
REPLACED, REFUSED = RowOutcome.REPLACED, RowOutcome.REFUSED
SINGLE = ("विभाग", "नाव", "मोबाईल", "ई-मेल")
PAIRED = ("विभाग", "नाव १", "मोबाईल १", "ईमेल १", "नाव २", "मोबाईल २", "ईमेल २")


@pytest.fixture
def register(database: Database) -> Database:
    with database.transaction() as session:
        load_register(session, now=NOON)
    return database


def table(headings: Sequence[str], *rows: Sequence[str]) -> FileTable:
    padded = [(*row, *[""] * (len(headings) - len(row))) for row in rows]
    return FileTable(tuple(headings), tuple(SheetRow(at, row) for at, row in enumerate(padded, 2)))


def planned(
    session: Session,
    sheet: FileTable,
    kind: RegisterKind = OFFICERS,
    *,
    choices: Mapping[str, int] | None = None,
    confirms: bool = False,
) -> RegisterPlan:
    columns = guess(kind, sheet.headings)
    return plan_sheet(
        session, sheet, columns, kind=kind, now=NOON, choices=choices, confirms=confirms
    )


def outcomes(plan: RegisterPlan) -> list[tuple[int, RowOutcome]]:
    return [(row.answer.number, row.outcome) for row in plan.rows]


def codes(plan: RegisterPlan, number: int) -> list[tuple[str, str]]:
    row = next(row for row in plan.rows if row.answer.number == number)
    return [(problem.field, problem.code) for problem in row.problems]


def do(session: Session, plan: RegisterPlan, *, skips_refused: bool = False) -> list[Appointment]:
    return carry_out(session, plan, actor=COMMAND, now=NOON, skips_refused=skips_refused)


def officers(session: Session) -> set[tuple[str, str, AppointmentState]]:
    rows = session.scalars(select(Appointment)).all()
    return {(row.department.code, row.person.name_mr, row.state) for row in rows}


def export(name: str) -> FileTable:
    return read_sheet((EXPORTS / name).read_bytes())


def test_the_marathi_export_is_planned_row_by_row(register: Database) -> None:
    with register.transaction() as session:
        plan = planned(session, export("paired-marathi.csv"))
        assert outcomes(plan) == [
            *((2, NEW), (3, REPLACED), (4, NEW), (5, REFUSED), (6, REFUSED)),
        ]
        assert plan.rows[1].by_row == 4
        assert codes(plan, 5) == [("department_id", "unknown_department")]
        assert next(row.code for row in plan.rows[3].near) == "garden"
        assert codes(plan, 6) == [("mobile", "landline")]
        with pytest.raises(RowsRefused):
            do(session, plan)
        assert session.scalar(select(func.count()).select_from(Person)) == 0
        do(session, plan, skips_refused=True)
    with register.transaction() as session:
        recorded = AppointmentState.RECORDED
        assert officers(session) == {
            ("water", "मेधा सातपुते", recorded),
            ("water", "नितीन घोलप", recorded),
            ("roads", "शैलजा कुदळे", recorded),
            ("roads", "समीर बोऱ्हाडे", recorded),
        }
        medha = session.scalars(select(Appointment).order_by(Appointment.id)).first()
        assert medha is not None
        assert (medha.person.mobile, medha.person.mail) == ("+919822012345", "medha.s@pmc.example")
        assert (medha.rank, medha.order_number) == (1, "पापु/आस्था/८८")
        assert medha.service_class is ServiceClass.OFFICIAL
        assert f"{local_day(medha.from_at)}" == "2026-06-15"
        assert medha.recorded_by_id is None
        again = planned(session, export("paired-marathi.csv"))
        assert [row.outcome for row in again.rows] == [SAME, REPLACED, SAME, REFUSED, REFUSED]
        assert do(session, again, skips_refused=True) == []


def test_the_english_export_names_one_person_for_two_departments(register: Database) -> None:
    with register.transaction() as session:
        plan = planned(session, export("paired-english.csv"))
        assert outcomes(plan) == [(2, NEW), (3, REPLACED), (4, NEW)]
        assert plan.rows[1].by_row == 2, "its answer came earlier, by its time"
        do(session, plan)
    with register.transaction() as session:
        query = select(func.count()).select_from(Person)
        assert session.scalar(query) == 3
        names = {(code, name) for code, name, _state in officers(session)}
        assert names >= {("water", "मेधा सातपुते"), ("fire", "मेधा सातपुते"), ("fire", "Ravi Kale")}


def test_an_export_with_one_officer_a_row_counts_the_later_row(register: Database) -> None:
    with register.transaction() as session:
        plan = planned(session, export("single.csv"))
        assert outcomes(plan) == [(2, REPLACED), (3, NEW), (4, NEW), (5, REFUSED), (6, REFUSED)]
        assert codes(plan, 5) == [("name_mr", "formula")]
        assert codes(plan, 6) == [("department_id", "missing")]


def test_confirmed_officers_are_not_active_before_they_take_the_office_up(
    register: Database,
) -> None:
    sheet = table(SINGLE, ("fire", "मेधा सातपुते", "9822012345"))
    origin = {"command": "register import", "user": "root"}
    with register.transaction() as session:
        do(session, planned(session, sheet))
    with register.transaction() as session:
        plan = planned(session, sheet, confirms=True)
        assert outcomes(plan) == [(2, CHANGES)], "what waits is confirmed by a second run"
        carry_out(session, plan, actor=COMMAND, now=NOON, origin=origin, confirms=True)
    with register.transaction() as session:
        (officer,) = session.scalars(select(Appointment))
        assert officer.state is AppointmentState.CONFIRMED
        assert officer.taken_up_at is None
        assert officer.told_at is None, "admins, head and oversight are told by the clock"
        assert outcomes(planned(session, sheet, confirms=True)) == [(2, SAME)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("fire", "मेधा", "020 2550 1000"), ("mobile", "landline")),
        (("fire", "मेधा"), ("mail", "missing")),
        (("fire", "", "9822012345"), ("name_mr", "missing")),
        (("fire",), ("name_mr", "missing")),
        (("fire", "क" * 121, "9822012345"), ("name_mr", "too_long")),
        (("fire", "मेधा", "9822012345", "no mail"), ("mail", "unreadable")),
        (
            ("fire", "मेधा", "9822012345", "", "नितीन", "98220-12345"),
            ("mobile", "one_mobile"),
        ),
        (
            ("fire", "मेधा", "", "m@pmc.example", "नितीन", "", "M@pmc.example"),
            ("mail", "one_mail"),
        ),
        (("no such", "मेधा", "9822012345"), ("department_id", "unknown_department")),
    ],
)
def test_a_bad_row_is_refused_at_its_place(
    register: Database, row: tuple[str, ...], problem: tuple[str, str]
) -> None:
    good = ("water", "शैलजा", "9822012399")
    with register.transaction() as session:
        plan = planned(session, table(PAIRED, good, row))
        assert [row.outcome for row in plan.rows] == [NEW, REFUSED]
        assert codes(plan, 3)[0] == problem


@pytest.mark.parametrize(
    ("row", "officer"),
    [
        (("fire", "मेधा", "9822012345", "", "नितीन", "020 2550 1000"), "नितीन"),
        (("fire", "मेधा", "020 2550 1000", "", "नितीन", "9822012346"), "मेधा"),
        (("fire", "मेधा", "9822012345", "", "", "9822012346"), "9822012346"),
        (("fire", "मेधा", "9822012345", "", "दुसरा", "9822012350"), "दुसरा"),
        (("water", "मेधा", "9822012345", "", "विजय राणे", "9822012350"), "विजय राणे"),
    ],
    ids=["second's number", "first's number", "no name", "another's number", "the head"],
)
def test_a_refusal_says_which_of_the_two_officers_it_is_about(
    register: Database, row: tuple[str, ...], officer: str
) -> None:
    heads = table(("खाते", "नाव", "मोबाइल"), ("water", "विजय राणे", "9822012350"))
    with register.transaction() as session:
        do(session, planned(session, heads, HEADS))
    with register.transaction() as session:
        (refused,) = planned(session, table(PAIRED, row)).rows
        assert [problem.officer for problem in refused.problems] == [officer]
        assert row_line(refused).count(f"; {officer}: ") == 1


@pytest.mark.parametrize("name", ["क" * 120, "شہناز شیخ", "श्री. शर्\u200dयत पाटील"])
def test_a_long_name_one_in_urdu_and_one_with_a_joiner_are_kept(
    register: Database, name: str
) -> None:
    with register.transaction() as session:
        do(session, planned(session, table(SINGLE, ("fire", name, "9822012345"))))
    with register.transaction() as session:
        assert session.scalars(select(Person.name_mr)).one() == name


def test_what_the_register_has_otherwise_is_refused_and_blanks_are_filled(
    register: Database,
) -> None:
    first = table(SINGLE, ("fire", "मेधा", "9822012345"), ("fire", "नितीन", "9822012346"))
    heads = table(("खाते", "नाव", "मोबाइल"), ("water", "विजय राणे", "9822012350"))
    with register.transaction() as session:
        do(session, planned(session, first))
        do(session, planned(session, heads, HEADS))
    headings = (*SINGLE, "पदनाम")
    with register.transaction() as session:
        plan = planned(
            session,
            table(
                headings,
                ("fire", "मेधा", "9822012345", "", "लिपिक"),
                ("roads", "दुसरी", "9822012346"),
                ("tree", "मेधा", "9822012346"),
                ("water", "विजय राणे", "9822012350"),
            ),
        )
        assert [row.outcome for row in plan.rows] == [CHANGES, REFUSED, REFUSED, REFUSED]
        assert codes(plan, 3) == codes(plan, 4) == [("name_mr", "differs")]
        assert codes(plan, 5) == [("role", "is_head")]
        third = planned(session, table(SINGLE, ("fire", "तिसरा", "9822012377")))
        assert codes(third, 2) == [("role", "two_officers")]


def test_heads_are_recorded_and_departments_report_to_the_offices_above(
    register: Database,
) -> None:
    headings = ("खाते", "खातेप्रमुखाचे नाव", "पदनाम", "ई-मेल", "मोबाइल", "वरिष्ठ कार्यालय")
    sheet = table(
        headings,
        ("fire", "विजय राणे", "प्रमुख", "v@pmc.example", "9822012350", "amc-estate"),
        ("पथ विभाग", "सुधा जोग", "प्रमुख", "", "9822012351", "अतिरिक्त महापालिका आयुक्त (जनरल) कार्यालय"),
    )
    order = DepartmentOrder("आस्था/१", local_day(NOON))
    with register.transaction() as session:
        plan = planned(session, sheet, HEADS)
        assert [row.outcome for row in plan.rows] == [NEW, NEW]
        carry_out(session, plan, actor=COMMAND, now=NOON, order=order)
    with register.transaction() as session:
        rows = session.scalars(select(Appointment)).all()
        assert {(row.department.code, row.role, row.state) for row in rows} == {
            ("fire", Role.HEAD, AppointmentState.RECORDED),
            ("roads", Role.HEAD, AppointmentState.RECORDED),
        }
        fire = find_departments(session, "fire")[0]
        assert fire.reports_to is not None
        assert fire.reports_to.code == "amc-estate"
        change = session.scalars(select(DepartmentChange)).first()
        assert change is not None
        assert change.order_number == "आस्था/१"
        assert [row.outcome for row in planned(session, sheet, HEADS).rows] == [SAME, SAME]
        ring = table(headings, ("amc-estate", "नवा", "", "", "9822012360", "fire"))
        assert codes(planned(session, ring, HEADS), 2) == [("other_id", "ring")]


def test_the_meaning_of_columns_is_kept_for_the_next_file(register: Database) -> None:
    headings = ("कोण", "कुठे", "फोन")
    columns = [Column.FIRST_NAME, Column.DEPARTMENT, Column.FIRST_MOBILE]
    sheet = table(headings, ("मेधा", "fire", "9822012345"))
    with register.transaction() as session:
        with pytest.raises(BadColumns):
            planned(session, sheet)
        keep(session, OFFICERS, headings, columns, actor=COMMAND, now=NOON)
        layout = find_layout(session, OFFICERS, (" कोण", "कुठे", "फोन "))
        assert layout is not None
        assert layout.columns == [column.value for column in columns]
        assert find_layout(session, HEADS, headings) is None
        chosen = plan_sheet(session, sheet, columns, kind=OFFICERS, now=NOON)
        assert outcomes(chosen) == [(2, NEW)]


def test_a_chosen_department_stands_for_its_spelling(register: Database) -> None:
    with register.transaction() as session:
        fire = session.scalars(select(Department.id).where(Department.code == "fire")).one()
        sheet = table(SINGLE, ("आगीचा विभाग", "मेधा", "9822012345"))
        assert codes(planned(session, sheet), 2) == [("department_id", "unknown_department")]
        plan = planned(session, sheet, choices={"आगीचा  विभाग.": fire})
        assert outcomes(plan) == [(2, NEW)]


@pytest.mark.ci
@pytest.mark.twin
def test_five_thousand_rows_are_planned_in_seconds_and_little_memory(
    register: Database,
) -> None:
    with register.transaction() as session:
        known = session.scalars(select(Department.name_mr)).all()
        rows = [
            (
                known[number % len(known)] if number % 3 else f"विभाग क्र. {number}",
                f"व्यक्ती {number}",
                f"98{number:08}",
                f"p{number}@pmc.example",
            )
            for number in range(5_000)
        ]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.monotonic()
        plan = planned(session, table(SINGLE, *rows))
        assert time.monotonic() - began < 60
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"
        assert plan.count(NEW) == 2 * len(known)
        assert plan.count(REFUSED) == 1_667
        do(session, plan, skips_refused=True)
