"""Working time is from ten to six, Monday to Friday, except on Maharashtra's holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.working_time import (
    CLOSES,
    OPENS,
    add_open_days,
    add_working_days,
    add_working_hours,
    count_working_hours,
    day_bounds,
    from_local,
    is_working,
    is_working_day,
    local,
    local_day,
    next_working_moment,
    preceding_working_day,
    public_holidays,
    subtract_working_hours,
)
from tests.support.tables import each


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return from_local(date(year, month, day), time(hour, minute))


# Hypothesis takes its bounds without a zone and adds one.
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the strategy adds the zone
hours = st.floats(0, 200, allow_nan=False)


@each(
    "moment, working",
    [
        (at(11, 25, 9, 59), False),
        (at(11, 25, 10), True),
        (at(11, 25, 17, 59), True),
        (at(11, 25, 18), False),
        (at(11, 28, 12), False),
        (at(11, 29, 12), False),
        (at(11, 24, 12), False),
        (at(5, 1, 12), False),
        (at(8, 15, 12, year=2028), False),
    ],
)
def test_offices_are_open_from_ten_to_six_on_working_days(moment: datetime, working: bool) -> None:
    assert is_working(moment) is working


def test_maharashtras_own_days_are_among_the_holidays() -> None:
    days = public_holidays(2026)
    own = (date(2026, 2, 19), date(2026, 3, 19), date(2026, 4, 14), date(2026, 5, 1))
    assert days.issuperset(own)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # Wednesday to Monday: the weekend lies between.
        (at(11, 25, 14, 10), at(11, 30, 14, 10)),
        # Before opening it counts from ten.
        (at(11, 25, 7), at(11, 30, 10)),
        # After closing it counts from the next morning.
        (at(11, 25, 21), at(12, 1, 10)),
        # Saturday night counts from Monday.
        (at(11, 28, 23), at(12, 3, 10)),
        # Monday, with Guru Nanak's birthday on Tuesday.
        (at(11, 23, 11), at(11, 27, 11)),
        # Over the year's end.
        (at(12, 31, 17), at(1, 5, 17, year=2027)),
    ],
)
def test_an_answer_is_due_three_working_days_later_at_the_same_hour(
    received: datetime, due: datetime
) -> None:
    assert add_working_days(received, 3) == due


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        (at(11, 25, 10), 8, at(11, 25, 18)),
        (at(11, 25, 10), 8.5, at(11, 26, 10, 30)),
        (at(11, 25, 16), 4, at(11, 26, 12)),
        (at(11, 27, 17), 4, at(11, 30, 13)),
        (at(11, 25, 22), 1, at(11, 26, 11)),
        (at(11, 25, 22), 0, at(11, 26, 10)),
        (at(11, 25, 15), 0, at(11, 25, 15)),
    ],
)
def test_working_hours_skip_nights_and_weekends(
    start: datetime, length: float, end: datetime
) -> None:
    assert add_working_hours(start, length) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(11, 16, 9), at(11, 19, 9)),
        (at(11, 19, 0), at(11, 24, 0)),  # Thursday: Thursday, Friday and Monday
        (at(11, 20, 21), at(11, 26, 21)),  # Friday, past a weekend and a holiday on Tuesday
        (at(11, 21, 11), at(11, 27, 0)),  # Saturday: it begins on Monday
    ],
)
def test_days_on_which_offices_are_closed_do_not_count(start: datetime, end: datetime) -> None:
    assert add_open_days(start, timedelta(hours=72)) == end


@pytest.mark.parametrize(
    ("end", "length", "start"),
    [
        (at(11, 25, 15), 2, at(11, 25, 13)),
        (at(11, 25, 12), 2, at(11, 25, 10)),
        (at(11, 26, 11), 2, at(11, 25, 17)),
        (at(11, 26, 10), 2, at(11, 25, 16)),
        (at(11, 25, 21), 2, at(11, 25, 16)),
        (at(11, 30, 9), 9, at(11, 26, 17)),
    ],
)
def test_working_hours_before_a_moment_skip_them_too(
    end: datetime, length: float, start: datetime
) -> None:
    assert subtract_working_hours(end, length) == start
    assert count_working_hours(start, end) == length


@pytest.mark.parametrize(
    ("due", "day"),
    [
        (at(11, 25, 15, 30), date(2026, 11, 25)),
        (at(11, 25, 10), date(2026, 11, 23)),
        (at(11, 25, 8), date(2026, 11, 23)),
        (at(11, 25, 21), date(2026, 11, 25)),
        (at(11, 29, 12), date(2026, 11, 27)),
        (at(11, 30, 11), date(2026, 11, 30)),
    ],
)
def test_the_last_working_day_is_mostly_the_day_it_is_due(due: datetime, day: date) -> None:
    assert preceding_working_day(due) == day


def test_time_is_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(at(11, 25, 12), -1)
    with pytest.raises(ValueError, match="forwards"):
        add_working_hours(at(11, 25, 12), -0.5)
    with pytest.raises(ValueError, match="backwards"):
        subtract_working_hours(at(11, 25, 12), -0.5)


def test_a_moment_without_its_zone_is_refused() -> None:
    naive = at(11, 25, 12).replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        add_working_days(naive, 3)


@given(moments)
def test_a_city_day_holds_its_moments(moment: datetime) -> None:
    start, end = day_bounds(local_day(moment))
    assert start <= moment < end
    assert from_local(local_day(moment), local(moment).time()) == moment


@given(moments)
def test_the_next_working_moment_is_the_first_one(moment: datetime) -> None:
    moment_found = next_working_moment(moment)
    assert moment_found >= moment
    assert is_working(moment_found)
    assert next_working_moment(moment_found) == moment_found
    if moment_found > moment:
        assert local(moment_found).time() == OPENS
        assert not is_working(moment_found - timedelta(minutes=1))


@given(moments, st.integers(0, 40))
def test_a_due_time_is_a_working_moment_with_that_many_days_before_it(
    moment: datetime, days: int
) -> None:
    due = add_working_days(moment, days)
    start = next_working_moment(moment)
    assert is_working(due)
    assert local(due).time() == local(start).time()
    first, last = local_day(start), local_day(due)
    between = [first + timedelta(days=step) for step in range(1, (last - first).days + 1)]
    assert sum(is_working_day(day) for day in between) == days


@given(moments, st.timedeltas(timedelta(0), timedelta(days=20)), st.integers(0, 10))
def test_what_came_later_is_never_due_earlier(
    moment: datetime, later: timedelta, days: int
) -> None:
    first, second = moment, moment + later
    assert add_working_days(first, days) <= add_working_days(second, days)
    assert add_working_hours(first, days) <= add_working_hours(second, days)


@given(moments, hours, hours)
def test_working_hours_add_up(moment: datetime, first: float, second: float) -> None:
    whole = add_working_hours(moment, first + second)
    halfway = add_working_hours(moment, first)
    parts = add_working_hours(halfway, second)
    assert halfway <= whole
    # Closing time and the next opening are the same working moment.
    assert abs(next_working_moment(parts) - next_working_moment(whole)) < timedelta(
        milliseconds=1
    ) or local(parts).time() >= time(17, 59, 59)
    assert OPENS <= local(whole).time() <= CLOSES
    assert is_working_day(local_day(whole))


@given(moments)
def test_the_last_working_day_lies_before_the_due_time(due: datetime) -> None:
    day = preceding_working_day(due)
    assert is_working_day(day)
    assert from_local(day, OPENS) < due
    following = next_working_moment(from_local(day, CLOSES))
    assert following >= due or local_day(due) == day
