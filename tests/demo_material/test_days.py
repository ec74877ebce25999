"""Days counted from today, and how they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from demo.days import Anchor, Offset, fill, resolve, words_for

TODAY = date(2026, 11, 25)


def test_a_day_is_written_with_the_weekday_that_is_its_own() -> None:
    words = words_for({"d1": date(2026, 11, 28)})
    assert words == {
        "d1_mr": "शनिवार दि. २८ नोव्हेंबर २०२६",
        "d1_mr_short": "शनिवार दि. २८ नोव्हेंबर",
        "d1_mr_date": "दि. २८ नोव्हेंबर २०२६",
        "d1_mr_on": "शनिवारी",
        "d1_en": "Saturday, 28 November 2026",
        "d1_en_short": "Saturday, 28 November",
        "d1_en_date": "28 November 2026",
        "d1_en_day": "Saturday",
    }


@pytest.mark.parametrize("shift", range(7))
def test_an_anchor_with_a_weekday_falls_on_it_and_not_before(shift: int) -> None:
    start = TODAY + timedelta(days=shift)
    found = Anchor(after=4, weekday=6).day(start)
    assert found.weekday() == 6
    assert timedelta(days=4) <= found - start < timedelta(days=11)


def test_an_anchor_may_rest_on_one_before_it() -> None:
    days = resolve({"d1": Anchor(1, weekday=2), "d2": Anchor(1, base="d1")}, TODAY)
    assert days == {"d1": date(2026, 12, 2), "d2": date(2026, 12, 3)}


def test_an_offset_is_read_by_the_citys_clock() -> None:
    now = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    moment = Offset(days=-1, at=time(9, 0)).moment(now)
    assert moment == datetime(2026, 11, 25, 3, 30, tzinfo=UTC)


def test_an_offset_without_a_clock_time_counts_minutes_from_now() -> None:
    now = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    assert Offset(minutes=-35).moment(now) == datetime(2026, 11, 25, 19, 25, tzinfo=UTC)


def test_a_day_nobody_named_is_refused() -> None:
    with pytest.raises(KeyError):
        fill("{d9_mr}", words_for({"d1": TODAY}))
