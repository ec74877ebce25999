"""Dates and times on pages; the present is Wednesday, 25 November 2026, 2:10 pm."""

from __future__ import annotations

import unicodedata
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.i18n import dates
from publisher.i18n.languages import ENGLISH, HINDI, MARATHI, NBSP, language_rules
from publisher.working_time import day_bounds, from_local, local_day
from tests.support.tables import each

LOCALES = ("mr", "en", "hi")


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return from_local(date(year, month, day), time(hour, minute))


NOW = at(11, 25, 14, 10)


def without_no_break_spaces(text: str) -> str:
    """Replace no-break spaces by plain ones."""
    return text.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("moment", "marathi", "english", "hindi"),
    [
        (at(11, 25, 18), "आज सायं. ६:००", "today 6:00 pm", "आज शाम 6:00 बजे"),
        (at(11, 25, 15, 30), "आज दुपारी ३:३०", "today 3:30 pm", "आज दोपहर 3:30 बजे"),
        (
            at(11, 26, 11),
            "उद्या सकाळी ११:००",
            "tomorrow 11:00 am",
            "कल (26 नवंबर) सुबह 11:00 बजे",
        ),
        (
            at(11, 24, 19, 10),
            "काल सायं. ७:१०",
            "yesterday 7:10 pm",
            "कल (24 नवंबर) शाम 7:10 बजे",
        ),
        (
            at(11, 27, 17, 30),
            "शुक्रवार, दि. २७ नोव्हेंबर, सायं. ५:३०",
            "Friday, 27 November, 5:30 pm",
            "शुक्रवार, 27 नवंबर, शाम 5:30 बजे",
        ),
        (
            at(1, 1, 20, 0, year=2027),
            "शुक्रवार, दि. १ जानेवारी २०२७, रात्री ८:००",
            "Friday, 1 January 2027, 8:00 pm",
            "शुक्रवार, 1 जनवरी 2027, रात 8:00 बजे",
        ),
    ],
)
def test_a_moment_reads_as_an_officer_would_say_it(
    moment: datetime, marathi: str, english: str, hindi: str
) -> None:
    texts = [without_no_break_spaces(dates.moment(moment, locale, now=NOW)) for locale in LOCALES]
    assert texts == [marathi, english, hindi]


@pytest.mark.parametrize(
    ("moment", "marathi", "english"),
    [
        (at(11, 25, 15, 30), "आज दुपारी ३:३०", "today 3:30 pm"),
        (at(11, 27, 10), "शुक्र. दि. २७, स. १०:००", "Fri 27 Nov, 10:00 am"),
        (at(11, 30, 11), "सोम. दि. ३०, स. ११:००", "Mon 30 Nov, 11:00 am"),
        (at(12, 1, 13), "मंगळ. दि. १ डिसें., दु. १:००", "Tue 1 Dec, 1:00 pm"),
        (at(11, 5, 21, year=2027), "शुक्र. दि. ५ नोव्हें. २०२७, रा. ९:००", "Fri 5 Nov 2027, 9:00 pm"),
    ],
)
def test_a_short_moment_says_month_and_year_only_where_they_differ(
    moment: datetime, marathi: str, english: str
) -> None:
    assert without_no_break_spaces(dates.short_moment(moment, "mr", now=NOW)) == marathi
    assert without_no_break_spaces(dates.short_moment(moment, "en", now=NOW)) == english


@each(
    "moment, marathi, english",
    [
        (at(11, 25, 13, 25), "दु. १:२५", "1:25 pm"),
        (at(11, 25, 9, 40), "स. ९:४०", "9:40 am"),
        (at(11, 24, 19), "काल", "Yesterday"),
        (at(11, 23, 8), "सोम.", "Mon"),
        (at(11, 19, 8), "गुरु.", "Thu"),
        (at(11, 18, 8), "१८ नोव्हें.", "18 Nov"),
        (at(10, 23, 8, year=2025), "२३ ऑक्टो. २०२५", "23 Oct 2025"),
        (at(11, 27, 8), "२७ नोव्हें.", "27 Nov"),
    ],
)
def test_a_list_says_when_something_came_in_one_word(
    moment: datetime, marathi: str, english: str
) -> None:
    assert without_no_break_spaces(dates.stamp(moment, "mr", now=NOW)) == marathi
    assert without_no_break_spaces(dates.stamp(moment, "en", now=NOW)) == english


def test_the_head_of_the_page_names_the_whole_day() -> None:
    assert without_no_break_spaces(dates.full_date(NOW, "mr")) == "बुधवार, दि. २५ नोव्हेंबर २०२६"
    assert without_no_break_spaces(dates.full_date(NOW, "en")) == "Wednesday, 25 November 2026"
    assert without_no_break_spaces(dates.full_date(NOW, "hi")) == "बुधवार, 25 नवंबर 2026"


def test_days_of_a_list_begin_with_today_and_tomorrow() -> None:
    heads = [
        without_no_break_spaces(dates.day_heading(date(2026, 11, day), "mr", now=NOW))
        for day in (24, 25, 26, 27)
    ]
    assert heads == [
        "काल, मंगळवार, दि. २४ नोव्हेंबर",
        "आज, बुधवार, दि. २५ नोव्हेंबर",
        "उद्या, गुरुवार, दि. २६ नोव्हेंबर",
        "शुक्रवार, दि. २७ नोव्हेंबर",
    ]


def test_a_day_in_a_sentence_needs_no_weekday() -> None:
    posted = at(11, 23, 9)
    assert without_no_break_spaces(dates.plain_day(posted, "mr", now=NOW)) == "दि. २३ नोव्हेंबर"
    assert (
        without_no_break_spaces(dates.plain_moment(posted, "mr", now=NOW))
        == "दि. २३ नोव्हेंबर, सकाळी ९:००"
    )
    assert (
        without_no_break_spaces(dates.plain_day(date(2021, 7, 14), "en", now=NOW)) == "14 July 2021"
    )


def test_the_calendar_has_its_names() -> None:
    assert dates.month(NOW, "mr") == "नोव्हेंबर २०२६"
    assert dates.month(date(2026, 12, 1), "hi") == "दिसंबर 2026"
    assert without_no_break_spaces(dates.short_day(date(2026, 12, 1), "mr")) == "१ डिसें."
    assert dates.weekdays("mr")[0] == "सोमवार"


@each(
    "hour, part",
    [
        (0, "मध्यरात्री १२:०५"),
        (1, "पहाटे १:०५"),
        (3, "पहाटे ३:०५"),
        (4, "पहाटे ४:०५"),
        (5, "पहाटे ५:०५"),
        (6, "सकाळी ६:०५"),
        (11, "सकाळी ११:०५"),
        (12, "दुपारी १२:०५"),
        (15, "दुपारी ३:०५"),
        (16, "सायं. ४:०५"),
        (19, "सायं. ७:०५"),
        (20, "रात्री ८:०५"),
        (23, "रात्री ११:०५"),
    ],
)
def test_each_part_of_the_day_has_its_hours(hour: int, part: str) -> None:
    assert without_no_break_spaces(dates.clock_time(at(11, 25, hour, 5), "mr")) == part


def test_one_in_the_morning_is_never_the_coming_night() -> None:
    midnight, small = at(11, 26, 0, 30), at(11, 26, 1, 57)
    texts = [dates.moment(midnight, locale, now=NOW) for locale in LOCALES]
    assert [without_no_break_spaces(text) for text in texts] == [
        "उद्या मध्यरात्री १२:३०",
        "tomorrow 12:30 am",
        "कल (26 नवंबर) आधी रात 12:30 बजे",
    ]
    assert without_no_break_spaces(dates.clock_time(small, "mr")) == "पहाटे १:५७"
    assert without_no_break_spaces(dates.clock_time(small, "hi")) == "तड़के 1:57 बजे"
    short = [dates.clock_time(time, "mr", short=True) for time in (midnight, small)]
    assert [without_no_break_spaces(text) for text in short] == ["म.रा. १२:३०", "प. १:५७"]


def test_english_writes_today_with_a_capital_in_headings_alone() -> None:
    assert without_no_break_spaces(dates.moment(NOW, "en", now=NOW)) == "today 2:10 pm"
    heading = dates.day_heading(NOW, "en", now=NOW)
    assert without_no_break_spaces(heading) == "Today, Wednesday, 25 November"


def test_a_line_never_breaks_inside_a_date_or_a_time() -> None:
    assert dates.moment(at(11, 27, 9), "mr", now=NOW) == (
        f"शुक्रवार, दि.{NBSP}२७{NBSP}नोव्हेंबर, सकाळी{NBSP}९:००"
    )
    assert dates.clock_time(NOW, "en") == f"2:10{NBSP}pm"


@each(
    "minutes, marathi, english, hindi",
    [
        (80, "(१ तास २० मिनिटे शिल्लक)", "(1 hour 20 minutes left)", "(1 घंटा 20 मिनट शेष)"),
        (230, "(३ तास ५० मिनिटे शिल्लक)", "(3 hours 50 minutes left)", "(3 घंटे 50 मिनट शेष)"),
        (61, "(१ तास १ मिनिट शिल्लक)", "(1 hour 1 minute left)", "(1 घंटा 1 मिनट शेष)"),
        (120, "(२ तास शिल्लक)", "(2 hours left)", "(2 घंटे शेष)"),
        (5, "(५ मिनिटे शिल्लक)", "(5 minutes left)", "(5 मिनट शेष)"),
        (1440, "(१ दिवस शिल्लक)", "(1 day left)", "(1 दिन शेष)"),
        (3000, "(२ दिवस २ तास शिल्लक)", "(2 days 2 hours left)", "(2 दिन 2 घंटे शेष)"),
        (
            0.5,
            "(एका मिनिटापेक्षा कमी वेळ शिल्लक)",
            "(less than a minute left)",
            "(एक मिनट से कम समय शेष)",
        ),
        (0, "", "", ""),
        (-5, "", "", ""),
    ],
)
def test_what_remains_is_said_in_its_two_largest_units(
    minutes: float, marathi: str, english: str, hindi: str
) -> None:
    due = NOW + timedelta(minutes=minutes)
    texts = [dates.remaining(due, locale, now=NOW) for locale in LOCALES]
    assert texts == [marathi, english, hindi]


def test_no_time_at_all_is_still_said() -> None:
    assert dates.duration(timedelta(0), "mr") == "० मिनिटे"


def test_today_begins_at_midnight_in_the_city_not_in_greenwich() -> None:
    before, after = at(11, 25, 23, 59), at(11, 26, 0, 0)
    assert (before.hour, before.minute) == (18, 29)
    assert without_no_break_spaces(dates.moment(before, "mr", now=NOW)) == "आज रात्री ११:५९"
    assert without_no_break_spaces(dates.moment(after, "mr", now=NOW)) == "उद्या मध्यरात्री १२:००"


def test_the_same_moment_reads_the_same_from_any_zone() -> None:
    other = at(11, 25, 18).astimezone(timezone(timedelta(hours=-8)))
    assert dates.moment(other, "mr", now=NOW) == dates.moment(at(11, 25, 18), "mr", now=NOW)


def test_a_moment_without_its_zone_is_refused() -> None:
    naive = datetime(2026, 11, 25, 18, tzinfo=UTC).replace(tzinfo=None)
    for write in (dates.full_date, dates.clock_time, dates.month):
        with pytest.raises(ValueError, match="zone"):
            write(naive, "mr")


def test_an_unknown_language_reads_english_and_a_mixed_text_marathi() -> None:
    assert language_rules("fr") is ENGLISH
    assert language_rules("mr_IN") is MARATHI
    assert language_rules("mixed") is MARATHI
    assert language_rules("hi-IN") is HINDI


@pytest.mark.parametrize("spoken", [MARATHI, ENGLISH, HINDI])
def test_every_language_has_all_its_names_in_composed_form(spoken: object) -> None:
    assert isinstance(spoken, type(MARATHI))
    lengths = (len(spoken.weekdays), len(spoken.months), len(spoken.parts))
    assert lengths == (7, 12, 6)
    short = (len(spoken.short_weekdays), len(spoken.short_months), len(spoken.short_parts))
    assert short == lengths
    assert len(set(spoken.months)) == 12
    text = repr(astuple(spoken))
    assert unicodedata.is_normalized("NFC", text)


@given(
    # Hypothesis takes its bounds without a zone and adds one.
    moment=st.datetimes(datetime(2000, 1, 2), datetime(2098, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001  the strategy adds the zone
    locale=st.sampled_from(LOCALES),
)
def test_a_written_moment_tells_day_and_minute_apart(moment: datetime, locale: str) -> None:
    start, end = day_bounds(local_day(moment))
    assert start <= moment < end
    assert end - start == timedelta(days=1)
    far = moment + timedelta(days=60)
    written = dates.moment(moment, locale, now=far)
    assert dates.moment(moment + timedelta(minutes=1), locale, now=far) != written
    assert dates.moment(moment + timedelta(days=1), locale, now=far) != written


def test_a_moment_that_is_near_is_said_to_the_second() -> None:
    moment = at(11, 25, 20, 28) + timedelta(seconds=30)
    words = dates.clock_time(moment, "mr", has_seconds=True)
    assert without_no_break_spaces(words) == "रात्री ८:२८:३०"
