from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Action
from publisher.reports import calendar_month
from publisher.reports.calendar import (
    CalendarEntry,
    CalendarPart,
    Unscheduled,
    list_entries,
    list_unscheduled,
)
from publisher.states import DeliveryState
from publisher.tasks.tick import tick_tasks
from publisher.validation import departments_in_sight
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR

pytestmark = pytest.mark.twin

TODAY = date(2026, 11, 25)


def test_each_day_is_the_citys_day(town: City) -> None:
    """18:29 UTC is still today in the city, and 18:30 UTC is tomorrow."""
    for clock_time in ((18, 29), (18, 30)):
        due_at = datetime(2026, 11, 25, *clock_time, tzinfo=UTC)
        town.schedule(town.approved(), due_at - town.now)
    items_by_day = [(day.day, len(day.items)) for day in _days(town, 2)]
    assert items_by_day == [(TODAY, 1), (TODAY + DAY, 1)]


def test_days_without_anything_are_there_too(town: City) -> None:
    days = _days(town, 3)
    assert [day.day for day in days] == [TODAY, TODAY + DAY, TODAY + 2 * DAY]
    assert all(day.items == () for day in days)
    assert _days(town, 0) == []
    assert len(_days(town, 4_000)) == 366


def test_within_a_day_entries_stand_by_time_with_state_and_link(town: City) -> None:
    (live,) = town.live()
    late = town.schedule(town.approved(on=["facebook"]), 3 * HOUR)
    soon = town.schedule(town.approved("road"), HOUR)
    deliveries = [calendar_entry.delivery for calendar_entry in _entries(town, "clerk")]
    assert [delivery.id for delivery in deliveries] == [live, *soon, *late]
    assert deliveries[0].state is DeliveryState.PUBLISHED
    assert deliveries[0].receipt is not None
    assert deliveries[0].receipt.url == f"https://platform.example/{town.platform_id(live)}"
    assert [delivery.receipt for delivery in deliveries[1:]] == [None, None]


def test_filters_by_department(town: City) -> None:
    town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    town.schedule(town.approved("road"), HOUR)
    assert _departments(_entries(town, "clerk", department="road")) == ["road"]


def test_each_sees_the_deliveries_of_its_own_line(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), HOUR)
    by_reader = {
        who: _departments(_entries(town, who))
        for who in ("member", "road_officer", "health_head", "auditor", "oversight")
    }
    assert by_reader == {
        "member": ["water"],
        "road_officer": ["road"],
        "health_head": [],
        "auditor": ["water", "road"],
        "oversight": ["water", "road"],
    }
    with pytest.raises(WrongRole), town.read() as session:
        calendar_month.calendar_days(session, actor=CLOCK, now=town.now, first_day=TODAY, days=1)


def test_a_paused_account_shows_on_what_waits_for_it(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    town.schedule(town.approved(on=["facebook"]), HOUR)
    scenes.paused(town)
    is_paused = {
        calendar_entry.delivery.account.platform: calendar_entry.is_paused
        for calendar_entry in _entries(town, "clerk")
    }
    assert is_paused == {"x": True, "facebook": False}


def test_answers_are_not_on_the_calendar(town: City) -> None:
    scenes.answer_on_its_way(town)
    assert len(_entries(town, "clerk")) == 1


def test_what_a_new_revision_cancelled_is_not_shown_beside_it(town: City) -> None:
    post_id = town.approved()
    town.schedule(post_id, HOUR)
    town.save(post_id, on=["x"], text="दुरुस्ती")
    town.send(post_id)
    town.approve(post_id)
    (again,) = town.schedule(post_id, HOUR)
    (calendar_entry,) = _entries(town, "clerk")
    assert calendar_entry.delivery.id == again


def test_what_is_approved_without_a_time_is_listed_by_wished_time(town: City) -> None:
    wishes = [None, town.now + 2 * DAY, town.now + DAY]
    for wished_at in wishes:
        post_id = town.draft(town.hand_in(wished_at=wished_at))
        town.send(post_id)
        town.approve(post_id)
    scenes.scheduled(town)
    scenes.in_review(town)
    posts = _unscheduled(town, "clerk")
    assert [post.wished_at for post in posts] == [wishes[2], wishes[1], None]
    assert posts[0].post.id == 3


def test_of_a_half_scheduled_post_the_other_half_is_listed(town: City) -> None:
    scenes.half_scheduled(town)
    (missing,) = _unscheduled(town, "clerk")
    assert [variant.account.platform for variant in missing.variants] == ["facebook"]


def test_a_text_left_out_of_a_post_is_not_asked_for_again(town: City) -> None:
    scenes.left_out(town)
    assert _unscheduled(town, "clerk") == []


def test_a_post_that_was_stopped_waits_for_a_time_again(town: City) -> None:
    scenes.stopped(town)
    (waiting,) = _unscheduled(town, "clerk")
    assert [variant.account.platform for variant in waiting.variants] == ["x", "facebook"]


def test_what_was_cancelled_with_its_approval_is_asked_for_again(town: City) -> None:
    scenes.approved_once_more(town)
    assert len(_unscheduled(town, "clerk")) == 1


def test_a_post_whose_window_has_passed_no_longer_waits_for_a_time(town: City) -> None:
    for window in (HOUR, 3 * HOUR):
        post_id = town.start(town.hand_in())
        town.save(post_id, on=["x", "facebook"], not_after=town.now + window)
        town.send(post_id)
        town.approve(post_id)
    assert [row.post.id for row in _unscheduled(town, "clerk")] == [1, 2]
    town.clock.move(2 * HOUR)
    tick_tasks(town.database, now=town.clock)
    assert [row.post.id for row in _unscheduled(town, "clerk")] == [2]


def test_what_waits_for_a_time_is_read_in_pages_and_by_account(town: City) -> None:
    for on in (["x"], ["facebook"], ["x", "facebook"]):
        town.approved(on=on)
    with town.read() as session:

        def page(**narrowed: int) -> list[int]:
            rows = list_unscheduled(session, actor=town.actor("clerk"), **narrowed)
            return [row.post.id for row in rows]

        assert page(most=2) == [1, 2]
        assert page(most=2, skip=2) == [3]
        assert page(most=9, account_id=town.accounts["facebook"]) == [2, 3]


def _days(town: City, days: int) -> list[calendar_month.CalendarDay]:
    with town.read() as session:
        part = CalendarPart(TODAY, days, visible_departments=None)
        return calendar_month.items_by_day(session, part, now=town.now)


def _entries(town: City, who: str, *, department: str | None = None) -> list[CalendarEntry]:
    part = CalendarPart(
        first_day=TODAY,
        days=1,
        visible_departments=departments_in_sight(town.actor(who), Action.SEE_POST),
        department_id=town.departments[department] if department else None,
    )
    with town.read() as session:
        return list_entries(session, part, now=town.now)


def _departments(entries: list[CalendarEntry]) -> list[str]:
    return [calendar_entry.delivery.post.department.code for calendar_entry in entries]


def _unscheduled(town: City, who: str) -> list[Unscheduled]:
    with town.read() as session:
        return list_unscheduled(session, actor=town.actor(who), most=100)
