"""Dates are found in running text in three languages, but not in other numbers."""

from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest

from publisher.i18n.dates_in_text import WrittenDate, find_dates
from tests.support.tables import each

TODAY = date(2026, 11, 25)  # a Wednesday
SATURDAY, SUNDAY = 5, 6


def only_date(text: str, today: date = TODAY) -> WrittenDate:
    """Return the only date of a text."""
    (written,) = find_dates(text, today=today)
    return written


@each(
    "text, day",
    [
        ("दि. २८ नोव्हेंबर २०२६ रोजी पाणी बंद.", date(2026, 11, 28)),
        ("दि. २८ नोव्हेंबर रोजी", date(2026, 11, 28)),
        ("येत्या २८ नोव्हेंबरला", date(2026, 11, 28)),
        ("३० नोव्हेंबरपर्यंत अर्ज करा", date(2026, 11, 30)),
        ("५ मे २०२७", date(2027, 5, 5)),
        ("28 नवंबर को", date(2026, 11, 28)),
        ("२८ नवंबर 2026", date(2026, 11, 28)),
        ("on 28 November 2026", date(2026, 11, 28)),
        ("on 28th Nov.", date(2026, 11, 28)),
        ("28 nov 2026", date(2026, 11, 28)),
        ("28 NOV", date(2026, 11, 28)),
        ("November 28, 2026", date(2026, 11, 28)),
        ("the 1st of December", date(2026, 12, 1)),
        ("२८.११.२०२६", date(2026, 11, 28)),
        ("28/11/2026", date(2026, 11, 28)),
        ("28-11-26", date(2026, 11, 28)),
        ("2026-11-28", date(2026, 11, 28)),
        ("28/11", date(2026, 11, 28)),
        ("दि. ५/१२ रोजी", date(2026, 12, 5)),
        ("दिनांक: ५.१२ रोजी", date(2026, 12, 5)),
        ("१५ जानेवारी", date(2027, 1, 15)),
        ("20 October", date(2026, 10, 20)),
    ],
)
def test_a_date_is_read_in_each_way_people_write_it(text: str, day: date) -> None:
    assert only_date(text).day == day


@each(
    "text",
    [
        "Helpline 24/7",
        "सकाळी ९.३० ते ११.१५",
        "सकाळी ७ वाजून १५ मिनिटांनी",
        "1/2 teaspoon",
        "जावक क्र. आरोग्य/९६२",
        "PMC/2026/000412",
        "10-12 जण",
        "२५ मेळावे",
        "5 may attend",
        "020-5550-0145",
        "३० फेब्रुवारी",
        "32/11/2026",
        "नोव्हेंबर २०२६",
        "version 1.2.3.4",
        "http://pmc.example/28/11/20261",
        "₹ 12.50",
    ],
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert find_dates(text, today=TODAY) == []


@each(
    "text, weekday",
    [
        ("रविवार दि. २८ नोव्हेंबर", SUNDAY),
        ("शनिवारी, दि. २८ नोव्हेंबर २०२६ रोजी", SATURDAY),
        ("Saturday, 28 November", SATURDAY),
        ("Sat 28 Nov", SATURDAY),
        ("28 November (Saturday)", SATURDAY),
        ("२८ नोव्हेंबर २०२६ रोजी (शनिवार)", SATURDAY),
        ("रविवार, 28 नवंबर", SUNDAY),
        ("28/11/2026, Saturday", SATURDAY),
        ("दि. २८ नोव्हेंबर", None),
        ("28 November 2026", None),
    ],
)
def test_a_weekday_beside_the_date_belongs_to_it(text: str, weekday: int | None) -> None:
    assert only_date(text).weekday == weekday


def test_the_span_holds_the_weekday_and_the_date_as_written() -> None:
    text = "शिबीर : रविवार दि. २८ नोव्हेंबर, सकाळी ९"
    written = only_date(text)
    assert text[written.start : written.end] == "रविवार दि. २८ नोव्हेंबर"


@pytest.mark.parametrize(
    "text",
    ["२५ ते २७ नोव्हेंबर", "25-27 November 2026", "25 to 27 Nov", "दि. २५ व २७ नोव्हेंबर"],
)
def test_a_range_has_a_first_and_a_last_day(text: str) -> None:
    written = only_date(text)
    assert (written.day, written.last) == (date(2026, 11, 25), date(2026, 11, 27))


@pytest.mark.parametrize(
    "text",
    [
        "From 23 November 2026 to 1 December 2026",
        "दि. २३ नोव्हेंबर २०२६ ते दि. १ डिसेंबर २०२६ या काळात",
        "23/11/2026 - 01/12/2026",
        "२३ नवंबर से १ दिसंबर तक",
    ],
)
def test_a_date_goes_on_to_the_next_where_the_text_says_so(text: str) -> None:
    first, second = find_dates(text, today=TODAY)
    assert (first.day, first.last) == (date(2026, 11, 23), date(2026, 12, 1))
    assert (second.day, second.last) == (date(2026, 12, 1), date(2026, 12, 1))


def test_dates_that_only_stand_beside_each_other_do_not_go_on() -> None:
    first, _second = find_dates("23 November and 1 December", today=TODAY)
    assert first.last == first.day


def test_a_year_that_is_not_written_is_the_nearest_one() -> None:
    written = only_date("२ जानेवारी", date(2026, 12, 30))
    assert (written.day, written.has_year) == (date(2027, 1, 2), False)
    assert only_date("३० डिसेंबर", date(2027, 1, 2)).day == date(2026, 12, 30)
    assert only_date("29 February", date(2027, 10, 1)).day == date(2028, 2, 29)


def test_several_dates_come_in_order() -> None:
    text = "अर्ज १/१२/२०२६ पर्यंत; सोडत ५ डिसेंबर, निकाल 2026-12-09"
    assert [written.day.day for written in find_dates(text, today=TODAY)] == [1, 5, 9]


def test_a_very_long_text_is_read_in_time() -> None:
    text = ("२५ " * 30_000) + ("रविवार " * 30_000) + "1" * 100_000
    begun = perf_counter()
    assert find_dates(text, today=TODAY) == []
    assert perf_counter() - begun < 3
