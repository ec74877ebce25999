"""Posts and answers by week and department, each counted in the week it first went live."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals.errors import WrongRole
from publisher.reports.weekly import (
    Counted,
    Period,
    PeriodName,
    PublishedCounts,
    WeeklyReport,
    make_period,
    overdue_comments,
    query_posts,
    weekly_report,
)
from tests.support import scenes
from tests.support.city import City, statements
from tests.support.city_people import DAY

pytestmark = pytest.mark.twin

WEEK = timedelta(weeks=1)


def report(town: City, who: str = "clerk", *, department: str | None = None) -> WeeklyReport:
    with town.read() as session:
        return weekly_report(
            session,
            actor=town.actor(who),
            now=town.now,
            department_id=town.departments[department] if department else None,
        )


def tallies(weekly_report: WeeklyReport) -> dict[date, PublishedCounts]:
    return {
        week.first_day: week.tally
        for week in weekly_report.weeks
        if week.tally != PublishedCounts()
    }


def test_weeks_run_from_monday_and_the_present_one_is_the_last(town: City) -> None:
    week = report(town)
    assert len(week.weeks) == 12
    last = week.weeks[-1]
    assert (last.first_day, last.last_day) == (date(2026, 11, 23), date(2026, 11, 29))
    assert [week.is_present for week in week.weeks] == [False] * 11 + [True]
    assert week.total == PublishedCounts()


def test_a_post_counts_once_however_many_texts_it_has(town: City) -> None:
    town.live(on=["x", "facebook"])
    assert tallies(report(town)) == {date(2026, 11, 23): PublishedCounts(posts=1)}


def test_an_answer_is_counted_beside_the_posts(town: City) -> None:
    scenes.answered(town)
    week = report(town)
    assert tallies(week) == {date(2026, 11, 23): PublishedCounts(posts=1, answers=1)}
    assert week.total == PublishedCounts(posts=1, answers=1)


def test_midnight_between_sunday_and_monday_is_the_citys(town: City) -> None:
    """Sunday 23:59 in the city is 18:29 UTC; a minute later it is Monday."""
    town.clock.at += 4 * DAY + timedelta(hours=11, minutes=59)
    town.live()
    town.clock.at += timedelta(minutes=1)
    town.live()
    assert tallies(report(town)) == {
        date(2026, 11, 23): PublishedCounts(posts=1),
        date(2026, 11, 30): PublishedCounts(posts=1),
    }


def test_what_is_older_than_twelve_weeks_is_left_out(town: City) -> None:
    town.live()
    town.clock.at += 11 * WEEK
    assert tallies(report(town)) == {date(2026, 11, 23): PublishedCounts(posts=1)}
    town.clock.at += WEEK
    assert tallies(report(town)) == {}


def test_each_sees_what_is_in_its_sight(town: City) -> None:
    town.live()
    town.live("road")
    by_reader = {
        who: {
            department.code: tally.posts
            for department, tally in report(town, who).departments
            if tally.posts
        }
        for who in ("admin", "lead", "clerk", "auditor", "oversight", "head", "health_head")
    }
    all_of_it = {"water": 1, "road": 1}
    assert by_reader == {
        **dict.fromkeys(("admin", "lead", "clerk", "auditor", "oversight"), all_of_it),
        "head": {"water": 1},
        "health_head": {},
    }
    for who in ("first", "member"):
        with pytest.raises(WrongRole):
            report(town, who)


def test_one_department_narrows_the_weeks_alone(town: City) -> None:
    town.live()
    town.live("road")
    week = report(town, department="road")
    assert tallies(week) == {date(2026, 11, 23): PublishedCounts(posts=1)}
    assert sum(tally.posts for _department, tally in week.departments) == 2
    assert tallies(report(town, "head", department="road")) == {}


def test_it_takes_three_queries(town: City) -> None:
    for department in ("water", "road"):
        town.live(department)
    with statements(town.database) as executed:
        report(town)
    assert len(executed) == 3


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        (PeriodName.WEEKS, date(2026, 9, 7), date(2026, 11, 29)),
        (PeriodName.MONTH, date(2026, 11, 1), date(2026, 11, 25)),
        (PeriodName.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31)),
        (PeriodName.QUARTER, date(2026, 10, 1), date(2026, 11, 25)),
        (PeriodName.LAST_QUARTER, date(2026, 7, 1), date(2026, 9, 30)),
        (PeriodName.YEAR, date(2025, 12, 1), date(2026, 11, 25)),
    ],
)
def test_a_period_has_the_days_of_its_name(name: PeriodName, first: date, last: date) -> None:
    assert make_period(name, today=date(2026, 11, 25)) == Period(first, last)


def test_two_days_stand_in_any_order_and_at_most_three_years_apart() -> None:
    def days(first: date, last: date) -> Period:
        return make_period(PeriodName.DAYS, today=last, first_day=first, last_day=last)

    first, last = date(2026, 3, 2), date(2026, 3, 9)
    assert days(first, last) == days(last, first) == Period(first, last)
    assert days(date.min, date(2026, 3, 9)).first_day == date(2023, 3, 7)
    assert days(date.min, date.min) == Period(date.min, date.min)


def test_a_long_period_is_counted_by_months_and_a_short_one_by_days(town: City) -> None:
    town.live()
    with town.read() as session:
        periods = [
            make_period(PeriodName.YEAR, today=town.now.date()),
            Period(date(2026, 11, 24), date(2026, 11, 25)),
            Period(date(2026, 11, 24), date(2026, 11, 24)),
        ]
        reports = [
            weekly_report(session, actor=town.actor("clerk"), now=town.now, period=period)
            for period in periods
        ]
    assert [len(period_report.weeks) for period_report in reports] == [12, 1, 1]
    assert reports[0].weeks[-1].first_day == date(2026, 11, 1)
    assert [period_report.total.posts for period_report in reports] == [1, 1, 0]


def test_an_answer_after_its_deadline_is_late_and_an_open_comment_overdue(town: City) -> None:
    live = town.live()[0]
    late, _open = town.comment(under=live), town.comment("कधी?", under=live)
    town.clock.at += 20 * DAY
    town.answer(late)
    town.tick_dispatch()
    period = make_period(PeriodName.WEEKS, today=town.now.date())
    water = town.departments["water"]
    found = report(town)
    assert found.total == PublishedCounts(posts=1, answers=1, late=1)
    assert found.overdue[water] >= 1
    with town.read() as session:
        behind = {
            counted: len(session.scalars(query_posts(town.actor("clerk"), period, counted)).all())
            for counted in (Counted.POSTS, Counted.ANSWERS, Counted.LATE)
        }
        overdue = session.scalars(overdue_comments(town.actor("clerk"), now=town.now)).all()
        of_road = query_posts(
            town.actor("clerk"), period, Counted.POSTS, department_id=town.departments["road"]
        )
        assert session.scalars(of_road).all() == []
    assert behind == {Counted.POSTS: 1, Counted.ANSWERS: 1, Counted.LATE: 1}
    assert len(overdue) == found.overdue[water]
