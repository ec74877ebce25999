"""Understanding moments and days as people type them, in three languages and both digits."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, WhenProblem
from publisher.i18n.languages import LANGUAGES
from publisher.i18n.moment_parsing import WholeDay, parse_moment, parse_typed_day
from publisher.working_time import from_local
from tests.support.tables import each

NOW = from_local(date(2026, 11, 29), time(11, 30))  # a Sunday


def at(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    """Return a moment by the clock of the city."""
    return from_local(date(year, month, day), time(hour, minute))


PLAIN = [
    ("सायं. ६", at(29, 18)),
    ("शाम 6", at(29, 18)),
    ("6 pm", at(29, 18)),
    ("12", at(29, 12)),
    ("दुपारी 1", at(29, 13)),
    ("रात्री 8", at(29, 20)),
    ("उद्या 10", at(30, 10)),
    ("उद्या १०", at(30, 10)),
    ("tomorrow 6 pm", at(30, 18)),
    ("Tomorrow at 10 o'clock", at(30, 10)),
    ("udya 10", at(30, 10)),
    ("कल शाम 5 बजे", at(30, 17)),
    ("कल (30 नवंबर) शाम 6:00 बजे", at(30, 18)),
    ("परवा 9.30", at(1, 9, 30, month=12)),
    ("परसों सुबह 9", at(1, 9, month=12)),
    ("day after tomorrow 10am", at(1, 10, month=12)),
    ("सोमवारी सकाळी ९", at(30, 9)),
    ("monday 9", at(30, 9)),
    ("मंगलवार 0930", at(1, 9, 30, month=12)),
    ("३०-११ ८", at(30, 8)),
    ("30/11/2026 18:00", at(30, 18)),
    ("30.11.26 9.30", at(30, 9, 30)),
    ("30 11 2026 9", at(30, 9)),
    ("2026-11-30T09:00", at(30, 9)),
    ("३० नोव्हेंबर, सायं. ६:००", at(30, 18)),
    ("30 nov 2026, 6pm", at(30, 18)),
    ("30th November 10:30 am", at(30, 10, 30)),
    ("nov 30 10:30 am", at(30, 10, 30)),
    ("सोमवार, दि. ३० नोव्हेंबर, सायं. ५:३०", at(30, 17, 30)),
    ("30 नोव्हेंबर 2026, मध्यरात्री 12:00", at(30, 0)),
]


@each("text, moment", PLAIN)
def test_a_moment_is_understood_as_people_say_it(text: str, moment: datetime) -> None:
    understood = parse_moment(text, now=NOW)
    assert (understood.at, understood.is_assumed, understood.is_past) == (moment, False, False)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("9", at(30, 9)),
        ("सकाळी १०", at(30, 10)),
        ("0930", at(30, 9, 30)),
        ("रविवार 10", at(6, 10, month=12)),
        ("Sunday 18:00", at(29, 18)),
        ("28/11 10", at(28, 10, year=2027)),
        ("दि. ५ सकाळी ११", at(5, 11, month=12)),
    ],
)
def test_what_could_be_meant_otherwise_is_marked(text: str, moment: datetime) -> None:
    understood = parse_moment(text, now=NOW)
    assert (understood.at, understood.is_assumed, understood.is_past) == (moment, True, False)


@each(
    "text, first, second",
    [
        ("6", at(29, 18), at(30, 6)),
        ("१", at(29, 13), at(30, 1)),
        ("7:30", at(29, 19, 30), at(30, 7, 30)),
        ("आज 3", at(29, 3), at(29, 15)),
        ("उद्या ५", at(30, 5), at(30, 17)),
        ("30/11/2026 5:15", at(30, 5, 15), at(30, 17, 15)),
        ("आज रात्री १", at(29, 1), at(30, 1)),
        ("tomorrow midnight 12:30", at(30, 0, 30), at(1, 0, 30, month=12)),
    ],
)
def test_two_meanings_are_asked_and_never_guessed(
    text: str, first: datetime, second: datetime
) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_moment(text, now=NOW)
    assert caught.value.code is WhenProblem.TIME_AMBIGUOUS
    assert caught.value.values == {"first": first, "second": second}


@each(
    "text, code",
    [
        ("उद्या 25:00", WhenProblem.TIME_DOES_NOT_EXIST),
        ("tomorrow 10:75", WhenProblem.TIME_DOES_NOT_EXIST),
        ("उद्या", WhenProblem.TIME_MISSING),
        ("परवा सकाळी", WhenProblem.MOMENT_UNREADABLE),
        ("30/2/2027 10", WhenProblem.DATE_DOES_NOT_EXIST),
        ("29/2 10", WhenProblem.DATE_DOES_NOT_EXIST),
        ("31/12/1999 10", WhenProblem.DATE_OUT_OF_RANGE),
        ("मंगळवार 30/11/2026 10", WhenProblem.DATE_OTHER_WEEKDAY),
        ("उद्या 5/12/2026 10", WhenProblem.MOMENT_UNREADABLE),
        ("soon", WhenProblem.MOMENT_UNREADABLE),
        ("10 to 11", WhenProblem.MOMENT_UNREADABLE),
        ("9" * 100_000, WhenProblem.MOMENT_UNREADABLE),
    ],
)
def test_a_moment_that_cannot_be_understood_says_why(text: str, code: WhenProblem) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_moment(text, now=NOW)
    assert caught.value.code is code


@each(
    "text, minutes",
    [
        ("now", 1),
        ("आता", 1),
        ("आत्ता", 1),
        ("अभी", 1),
        ("in 1 hour", 60),
        ("In an hour", 60),
        ("in half an hour", 30),
        ("in 45 minutes", 45),
        ("2 hours later", 120),
        ("१ तासाने", 60),
        ("एका तासाने", 60),
        ("अर्ध्या तासाने", 30),
        ("दीड तासाने", 90),
        ("२ तासांनी", 120),
        ("१५ मिनिटांनी", 15),
        ("1 घंटे में", 60),
        ("एक घंटे बाद", 60),
        ("डेढ़ घंटे में", 90),
        ("३० मिनट में", 30),
    ],
)
def test_now_and_a_time_from_now_are_understood(text: str, minutes: int) -> None:
    understood = parse_moment(text, now=NOW)
    assert understood.at == NOW + timedelta(minutes=minutes)
    assert (understood.is_assumed, understood.is_past) == (False, False)


def test_now_has_begun_where_the_field_asks_for_the_past() -> None:
    now = NOW + timedelta(seconds=20)
    assert parse_moment("आता", now=now, looks_back=True).at == NOW
    assert parse_moment("आता", now=now).at == NOW + timedelta(minutes=1)
    assert parse_moment("in 1 hour", now=now).at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("text", ["in 1", "hour", "तासाने", "in 1 hour 10", "आता उद्या"])
def test_half_a_time_from_now_is_not_guessed(text: str) -> None:
    with suppress(BadWhen):
        assert parse_moment(text, now=NOW).at == at(30, 1), "one at night"


def test_a_day_without_a_time_is_taken_whole_only_if_the_field_says_so() -> None:
    wholes = {
        WholeDay.BEGINS: at(30, 0),
        WholeDay.ENDS: at(1, 0, month=12),
        WholeDay.LAST_MINUTE: at(30, 23, 59),
    }
    for whole_day, moment in wholes.items():
        assert parse_moment("उद्या", now=NOW, whole_day=whole_day).at == moment


def test_a_field_of_the_past_completes_backwards() -> None:
    told = {"9": at(29, 9), "18:00": at(28, 18), "कल 10": at(28, 10), "शनिवारी 10": at(28, 10)}
    for text, moment in told.items():
        assert parse_moment(text, now=NOW, looks_back=True).at == moment


@each(
    "text, ahead, back",
    [
        ("आज", date(2026, 11, 29), date(2026, 11, 29)),
        ("कल", date(2026, 11, 30), date(2026, 11, 28)),
        ("परवा", date(2026, 12, 1), date(2026, 11, 27)),
        ("friday", date(2026, 12, 4), date(2026, 11, 27)),
        ("27", date(2026, 12, 27), date(2026, 11, 27)),
        ("२७/११", date(2027, 11, 27), date(2026, 11, 27)),
        ("27 11 2026", date(2026, 11, 27), date(2026, 11, 27)),
        ("27 नवंबर 2026", date(2026, 11, 27), date(2026, 11, 27)),
    ],
)
def test_a_day_is_understood_ahead_and_back(text: str, ahead: date, back: date) -> None:
    assert parse_typed_day(text, now=NOW).day == ahead
    assert parse_typed_day(text, now=NOW, looks_back=True).day == back


@pytest.mark.parametrize("text", ["soon", "उद्या 10", "27/11/2026 18:00", "1 2 3"])
def test_a_text_that_is_no_day_alone_is_refused(text: str) -> None:
    with pytest.raises(BadWhen) as caught:
        parse_typed_day(text, now=NOW)
    assert caught.value.code is WhenProblem.DATE_UNREADABLE


MOMENTS = st.integers(1_000_000_000, 4_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@given(moment=MOMENTS, now=MOMENTS, locale=st.sampled_from(sorted(LANGUAGES)))
def test_what_stands_in_a_field_is_typed_back(moment: datetime, now: datetime, locale: str) -> None:
    to_the_minute = moment.replace(second=0, microsecond=0)
    text = dates.editable_moment(to_the_minute, locale)
    assert parse_moment(text, now=now).at == to_the_minute
    day = to_the_minute.date()
    assert parse_typed_day(dates.editable_day(day, locale), now=now).day == day


WORDS = st.sampled_from(
    [
        *("उद्या", "आज", "कल", "परवा", "सोमवारी", "friday", "दि.", "नोव्हेंबर", "2026", "27", "३०"),
        *("आता", "in", "तासाने", "hour", "घंटे", "बाद"),
        *("9", "१०", "25:00", "6:30", "pm", "सायं.", "रात्री", "/", "-", ","),
    ]
)
TYPED = st.one_of(st.text(max_size=90), st.lists(WORDS, max_size=6).map(" ".join))


@given(text=TYPED, now=MOMENTS, looks_back=st.booleans(), whole_day=st.sampled_from(WholeDay))
def test_whatever_is_typed_is_understood_or_asked(
    text: str, now: datetime, looks_back: bool, whole_day: WholeDay
) -> None:
    with suppress(BadWhen):
        understood = parse_moment(text, now=now, looks_back=looks_back, whole_day=whole_day)
        assert understood.is_past == (understood.at <= now), "the past is never unsaid"
        assert understood.at.second == 0 or whole_day is not WholeDay.ASKED
        assert timedelta(0) == understood.at.utcoffset()
    with suppress(BadWhen):
        assert parse_typed_day(text, now=now, looks_back=looks_back).day.year >= 2000
