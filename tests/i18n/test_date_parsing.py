"""Parsing what people type into date and time fields."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.i18n.date_parsing import BadWhen, WhenProblem, parse_day, parse_time
from publisher.i18n.dates import clock_time
from publisher.working_time import from_local
from tests.support.tables import each


@each(
    "text",
    [
        "2026-11-27",
        "27/11/2026",
        "27-11-2026",
        "27.11.2026",
        "27/11/26",
        " 27/11/2026 ",
        "२७/११/२०२६",
        "२०२६-११-२७",
        "27/११/2026",
    ],
)
def test_a_day_is_read_in_every_usual_form(text: str) -> None:
    assert parse_day(text) == date(2026, 11, 27)


@each(
    "text, code",
    [
        ("", WhenProblem.DATE_MISSING),
        ("  ", WhenProblem.DATE_MISSING),
        ("30/02/2026", WhenProblem.DATE_DOES_NOT_EXIST),
        ("2026-02-30", WhenProblem.DATE_DOES_NOT_EXIST),
        ("29/02/2027", WhenProblem.DATE_DOES_NOT_EXIST),
        ("11/27/2026", WhenProblem.DATE_DOES_NOT_EXIST),
        ("00/11/2026", WhenProblem.DATE_DOES_NOT_EXIST),
        ("0026-11-27", WhenProblem.DATE_OUT_OF_RANGE),
        ("27/11/2126", WhenProblem.DATE_OUT_OF_RANGE),
        ("tomorrow", WhenProblem.DATE_UNREADABLE),
        ("27/11-2026", WhenProblem.DATE_UNREADABLE),
        ("27/11", WhenProblem.DATE_UNREADABLE),
        ("27/11/2026 18:00", WhenProblem.DATE_UNREADABLE),
        ("27\x00/11/2026", WhenProblem.DATE_UNREADABLE),
    ],
)
def test_a_day_that_cannot_be_read_says_why(text: str, code: WhenProblem) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_day(text)
    assert (caught.value.code, caught.value.text) == (code, text)


@each(
    "text",
    [
        "18:05",
        "18:05:00",
        "18.05",
        "6:05 pm",
        "6.05PM",
        "6:05 p.m.",
        "सायं. ६:०५",
        "सायंकाळी ६:०५",
        "संध्याकाळी 6:05 वाजता",
        "शाम 6:05 बजे",
        "सायं. 18:05",
    ],
)
def test_a_time_is_read_in_every_usual_form(text: str) -> None:
    assert parse_time(text) == time(18, 5)


@each(
    "text, hour",
    [
        ("9 am", 9),
        ("सकाळी ९", 9),
        ("दुपारी १२", 12),
        ("दु. 1", 13),
        ("रात्री १२", 0),
        ("रात्री ११", 23),
        ("रात्री २", 2),
        ("रात 2 बजे", 2),
        ("मध्यरात्री १२", 0),
        ("म.रा. १२", 0),
        ("आधी रात 12 बजे", 0),
        ("पहाटे १", 1),
        ("पहाटे ३", 3),
        ("तड़के 3 बजे", 3),
        ("पहाटे ५", 5),
        ("12 am", 0),
        ("12 pm", 12),
        ("0:00", 0),
        ("9", 9),
        ("९ वा.", 9),
        ("0900", 9),
        ("06:00", 6),
        ("सकाळी 5", 5),
        ("रात्री 7", 19),
        ("शाम 8", 20),
        ("12 noon", 12),
        ("evening 9", 21),
    ],
)
def test_the_part_of_the_day_decides_the_hour(text: str, hour: int) -> None:
    assert parse_time(text) == time(hour, 0)


@each(
    "text, code",
    [
        ("", WhenProblem.TIME_MISSING),
        ("24:00", WhenProblem.TIME_DOES_NOT_EXIST),
        ("12:60", WhenProblem.TIME_DOES_NOT_EXIST),
        ("13:00 am", WhenProblem.TIME_DOES_NOT_EXIST),
        ("दुपारी ९:००", WhenProblem.TIME_DOES_NOT_EXIST),
        ("रात्री ४", WhenProblem.TIME_DOES_NOT_EXIST),
        ("soon", WhenProblem.TIME_UNREADABLE),
        ("18:5", WhenProblem.TIME_UNREADABLE),
        ("6:00 or 7:00", WhenProblem.TIME_UNREADABLE),
        ("6:00 maybe", WhenProblem.TIME_UNREADABLE),
        (" " * 30 + "x" * 100_000, WhenProblem.TIME_UNREADABLE),
    ],
)
def test_a_time_that_cannot_be_read_says_why(text: str, code: WhenProblem) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_time(text)
    assert (caught.value.code, caught.value.text) == (code, text)


@pytest.mark.parametrize("text", ["6", "६", "6:00", "6.00", "600", "६ वाजता", "6 बजे"])
def test_six_without_its_part_of_the_day_is_asked(text: str) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_time(text)
    assert caught.value.code is WhenProblem.TIME_AMBIGUOUS
    assert caught.value.values == {"first": time(6), "second": time(18)}


@given(clock=st.times(), short=st.booleans(), locale=st.sampled_from(["mr", "en", "hi"]))
def test_every_time_that_we_write_can_be_typed_back(clock: time, short: bool, locale: str) -> None:
    to_the_minute = clock.replace(second=0, microsecond=0, fold=0)
    at = from_local(date(2026, 11, 27), to_the_minute)
    assert parse_time(clock_time(at, locale, short=short)) == to_the_minute


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    for read in (parse_day, parse_time):
        with suppress(BadWhen):
            assert read(text) is not None
