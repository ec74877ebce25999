"""Posts and answers by week and department, each counted in the week it first went live."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals.errors import WrongRole
from publisher.reports.weekly import PublishedCounts, WeeklyReport, weekly_report
from tests.support import scenes
from tests.support.city import City, statements
from tests.support.city_people import DAY

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


def test_it_takes_two_queries(town: City) -> None:
    for department in ("water", "road"):
        town.live(department)
    with statements(town.database) as executed:
        report(town)
    assert len(executed) == 2
