"""The calendar's days: one item for each post and time, wishes, clashes, quiet times and gaps."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from publisher.models.posts import Language
from publisher.reports.calendar_month import (
    CalendarDay,
    calendar_days,
    month_grid,
    next_month,
    previous_month,
)
from publisher.scheduling import slots
from publisher.working_time import day_bounds
from tests.support import scenes
from tests.support.city import City, statements
from tests.support.city_people import DAY, HOUR, MINUTE

pytestmark = pytest.mark.twin

TODAY = date(2026, 11, 25)


def days(
    town: City,
    who: str = "clerk",
    *,
    count: int = 2,
    account: str | None = None,
    department: str | None = None,
    state: str = "",
) -> list[CalendarDay]:
    with town.read() as session:
        return calendar_days(
            session,
            actor=town.actor(who),
            now=town.now,
            first_day=TODAY,
            days=count,
            account_id=town.accounts[account] if account else None,
            department_id=town.departments[department] if department else None,
            state=state,
        )


def summary(day: CalendarDay) -> list[tuple[str, str, list[str]]]:
    return [
        (planned.thing, planned.state, [each.platform for each in planned.accounts])
        for planned in day.items
    ]


def test_a_post_at_one_time_is_one_item_with_its_texts(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, languages=[Language.MARATHI, Language.ENGLISH])
    town.send(post_id)
    town.approve(post_id)
    delivery_ids = town.schedule(post_id, HOUR)
    (item,) = days(town)[0].items
    assert summary(days(town)[0]) == [("delivery", "scheduled", ["x", "facebook"])]
    assert [(text.account.platform, text.language) for text in item.texts] == [
        (platform, language)
        for platform in ("x", "facebook")
        for language in (Language.MARATHI, Language.ENGLISH)
    ]
    assert item.movable == tuple(delivery_ids)
    assert (item.path, item.at) == (f"/posts/{post_id}", town.now + HOUR)


def test_texts_of_a_post_within_an_hour_are_one_item(
    town: City,
) -> None:
    post_id = town.approved(on=["x", "facebook"])
    town.schedule(post_id, HOUR, only=0)
    town.schedule(post_id, 2 * HOUR, only=1)
    town.tick_dispatch(HOUR)
    (item,) = days(town)[0].items
    assert [(text.account.platform, text.state) for text in item.texts] == [
        ("x", "published"),
        ("facebook", "scheduled"),
    ]
    assert (item.state, item.at) == ("scheduled", town.now)
    assert item.movable == (town.variants(post_id)[1],)
    town.schedule(post_id, HOUR + MINUTE, only=1)
    assert [len(item.texts) for item in days(town)[0].items] == [1, 1]


def test_an_entry_across_midnight_is_whole_on_its_first_day(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    to_midnight = day_bounds(TODAY)[1] - town.now
    town.schedule(post_id, to_midnight - 10 * MINUTE, only=0)
    town.schedule(post_id, to_midnight + 10 * MINUTE, only=1)
    today, tomorrow = days(town)
    assert [len(item.texts) for item in today.items] == [2]
    assert tomorrow.items == ()
    assert [len(item.texts) for item in days(town, count=1)[0].items] == [2]


def test_what_has_no_time_stands_at_its_wished_time(town: City) -> None:
    wishes = {"draft": HOUR, "in_review": 2 * HOUR, "approved": 3 * HOUR}
    for state, wished in wishes.items():
        post_id = town.draft(town.hand_in(wished_at=town.now + wished))
        if state != "draft":
            town.send(post_id)
        if state == "approved":
            town.approve(post_id)
    scenes.in_review_with_nobody(town)  # wished for no time at all
    blocked = town.hand_in(department="garden", wished_at=town.now + DAY)
    town.send(town.draft(blocked))
    today, tomorrow = days(town)
    assert [(planned.state, planned.at - town.now) for planned in today.items] == list(
        wishes.items()
    )
    assert summary(tomorrow) == [("post", "blocked", ["x"])]
    assert today.items[0].movable == ()


def test_of_a_half_scheduled_post_the_rest_stands_at_its_wish(town: City) -> None:
    scenes.half_scheduled(town)
    assert summary(days(town)[0]) == [("delivery", "scheduled", ["x"])]
    post_id = town.draft(town.hand_in(wished_at=town.now + 2 * HOUR), on=["x", "facebook"])
    town.send(post_id)
    town.approve(post_id)
    assert summary(days(town)[0])[-1] == ("post", "approved", ["x", "facebook"])


def test_filters_by_account_department_and_state(town: City) -> None:
    town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    town.schedule(town.approved("road"), 3 * HOUR)
    town.send(town.draft(town.hand_in(wished_at=town.now + 2 * HOUR), on=["facebook"]))
    facebook = summary(days(town, account="facebook")[0])
    assert facebook == [
        ("delivery", "scheduled", ["x", "facebook"]),  # the whole post
        ("post", "in_review", ["facebook"]),
    ]
    assert [planned.department.code for planned in days(town, department="road")[0].items] == [
        "road"
    ]
    assert [planned.state for planned in days(town, state="in_review")[0].items] == ["in_review"]
    assert days(town, "road_officer")[0].items == days(town, department="road")[0].items


@pytest.mark.parametrize(("apart", "clashes"), [(9, 2), (10, 0)])
def test_two_posts_within_ten_minutes_on_an_account_clash(
    town: City, apart: int, clashes: int
) -> None:
    town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), HOUR + apart * MINUTE)
    town.schedule(town.approved(on=["facebook"]), HOUR)
    today = days(town)[0]
    assert today.clashes == clashes
    assert [
        planned.is_clash for planned in today.items if planned.accounts[0].platform == "facebook"
    ] == [False]


def test_what_is_over_clashes_with_nothing(town: City) -> None:
    town.live()
    town.live("road")
    town.clock.move(MINUTE)
    assert days(town)[0].clashes == 0


def test_a_quiet_time_marks_what_is_still_to_leave(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), 5 * HOUR)
    with town.write() as session:
        slots.set_quiet_time(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=town.accounts["x"],
            weekday=2,
            begins=time(17),
            ends=time(18),
        )
    assert [planned.is_quiet for planned in days(town)[0].items] == [False, True]


def test_a_working_day_without_a_post_is_pointed_out_to_whoever_sees_all(town: City) -> None:
    """25 November 2026 is a Wednesday; weekends and days far ahead are no gaps."""
    town.schedule(town.approved(), HOUR)
    calendar_days = days(town, count=30)
    gaps = {day.day.day: [each.platform for each in day.gaps] for day in calendar_days[:7]}
    assert gaps[25] == ["facebook"]
    assert gaps[26] == ["x", "facebook"]
    assert gaps[28] == gaps[29] == []
    assert all(day.gaps == () for day in calendar_days[14:])
    assert all(day.gaps == () for day in days(town, "first", count=7))
    assert all(day.gaps == () for day in days(town, count=7, department="water"))
    assert days(town, account="x", count=1)[0].gaps == ()


def test_a_month_asks_as_often_for_many_posts_as_for_none(town: City) -> None:
    with statements(town.database) as none:
        days(town, count=42)
    for at in range(4):
        town.schedule(town.approved(on=["x", "facebook"]), timedelta(hours=at + 1))
        town.send(town.draft(town.hand_in(wished_at=town.now + DAY), on=["x", "facebook"]))
    with statements(town.database) as many:
        assert sum(len(day.items) for day in days(town, count=42)) == 8
    assert len(many) <= len(none) + 2  # the texts of what is wished, and their deliveries


@pytest.mark.parametrize(
    ("month", "first", "count"),
    [
        (date(2026, 11, 5), date(2026, 10, 26), 42),
        (date(2027, 2, 1), date(2027, 2, 1), 28),
        (date(2026, 12, 31), date(2026, 11, 30), 35),
    ],
)
def test_a_month_is_shown_in_whole_weeks(month: date, first: date, count: int) -> None:
    assert month_grid(month) == (first, count)


def test_months_follow_each_other_over_the_turn_of_the_year() -> None:
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert previous_month(date(2027, 1, 31)) == date(2026, 12, 1)
