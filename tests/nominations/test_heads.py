"""Heads typed or pasted as a list: each row says what is wrong, and all or none are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from approvals.errors import WrongRole
from publisher.models.people import Department
from publisher.nominations import heads, progress
from publisher.nominations.heads import BadHeads, CheckedHead, HeadRow
from publisher.people.department_orders import DepartmentOrder
from tests.nominations.steps import Calls

ORDER = DepartmentOrder("साप्रवि/४५", date(2026, 11, 20))
GARDEN = HeadRow("garden", "चारुता", "उद्यान अधीक्षक", "charuta@pmc.example", "98000 00001", "water")


def check(calls: Calls, *rows: HeadRow, by: str = "lead") -> Sequence[CheckedHead]:
    with calls.city.write() as session:
        actor = calls.city.actor(by)
        return heads.check_heads(session, actor=actor, rows=rows, order=ORDER, now=calls.city.now)


def record(calls: Calls, *rows: HeadRow) -> None:
    with calls.city.write() as session:
        actor = calls.city.actor("lead")
        heads.record_heads(session, actor=actor, rows=rows, order=ORDER, now=calls.city.now)


def codes(checked: Sequence[CheckedHead]) -> list[dict[str, str]]:
    return [{column: bad.code for column, bad in row.problems.items()} for row in checked]


def unreached(calls: Calls) -> dict[str, bool]:
    with calls.city.read() as session:
        offices = progress.list_unreached_offices(session, now=calls.city.now)
        return {row.department.code: row.head is not None for row in offices}


def test_a_list_is_recorded_waits_and_says_who_is_above(calls: Calls) -> None:
    road = HeadRow("पथ विभाग", "बाळ", "अधीक्षक अभियंता", "bal@pmc.example", "", "")
    assert unreached(calls) == {"garden": False, "information-technology": False, "road": False}
    assert codes(check(calls, GARDEN, road)) == [{}, {}]
    assert unreached(calls)["garden"] is False
    record(calls, GARDEN, road)
    assert unreached(calls) == {"garden": True, "information-technology": False, "road": True}
    with calls.city.read() as session:
        garden = session.get_one(Department, calls.city.departments["garden"])
        assert garden.reports_to_id == calls.city.departments["water"]
    assert calls.city.verbs("departments", calls.city.departments["garden"])[-1] == (
        "place_department"
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (HeadRow("nowhere", "अ", "", "a@pmc.example"), {"department": "unknown_name"}),
        (HeadRow("water", "अ", "", "a@pmc.example"), {"department": "head_exists"}),
        (HeadRow("garden", "", "", "a@pmc.example"), {"name_mr": "missing"}),
        (HeadRow("garden", "अ", "", "", ""), {"mail": "missing"}),
        (HeadRow("garden", "अ", "", "", "020-25501000"), {"mobile": "landline"}),
        (HeadRow("garden", "", "", "a", "1"), dict.fromkeys(("mail", "mobile"), "unreadable")),
        (HeadRow("garden", "अ", "", "first@pmc.example"), {"name_mr": "differs"}),
        (HeadRow("garden", "अ", "", "a@pmc.example", "", "x"), {"office_above": "unknown_name"}),
        (HeadRow("garden", "अ", "", "a@pmc.example", "", "garden"), {"office_above": "ring"}),
    ],
)
def test_each_row_says_what_is_wrong_at_its_column(
    calls: Calls, row: HeadRow, expected: dict[str, str]
) -> None:
    (checked,) = codes(check(calls, row))
    assert expected.items() <= checked.items()
    with pytest.raises(BadHeads):
        record(calls, row)


def test_a_row_of_an_unknown_department_says_at_once_what_else_is_wrong(calls: Calls) -> None:
    row = HeadRow("nowhere", "अ", "", "अ at pmc", "020-25501000")
    assert codes(check(calls, row)) == [
        {"department": "unknown_name", "mail": "unreadable", "mobile": "landline"}
    ]


def test_one_wrong_row_keeps_all_from_being_recorded(calls: Calls) -> None:
    with pytest.raises(BadHeads) as refused:
        record(calls, GARDEN, HeadRow("nowhere", "अ", "", "a@pmc.example"))
    assert [bool(row.problems) for row in refused.value.checked] == [False, True]
    assert unreached(calls)["garden"] is False


def test_a_department_or_a_number_that_stands_twice_is_found(calls: Calls) -> None:
    other = HeadRow("road", "दुसरे", "", "", GARDEN.mobile)
    twice = HeadRow("garden", "तिसरे", "", "c@pmc.example")
    assert codes(check(calls, GARDEN, other, twice)) == [
        {},
        {"name_mr": "differs"},
        {"department": "head_exists"},
    ]


@pytest.mark.parametrize("mark", ["\t", ";", ","])
def test_a_pasted_list_is_read_as_spreadsheets_write_it(mark: str) -> None:
    garden = ("garden", "चारुता", f'"अधीक्षक{mark} उद्यान"', "c@pmc.example", "98000 00001", "water")
    road = ("road", "बाळ", "", "b@pmc.example")
    assert heads.read_lines(f"{mark.join(garden)}\n\n{mark.join(road)}\n") == [
        HeadRow("garden", "चारुता", f"अधीक्षक{mark} उद्यान", *garden[3:]),
        HeadRow(*road),
    ]


def test_a_head_records_no_list(calls: Calls) -> None:
    with pytest.raises(WrongRole):
        check(calls, GARDEN, by="head")
