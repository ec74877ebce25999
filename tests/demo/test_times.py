"""When things happen: whatever the hour at which a demo begins, its past is in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from demo.plan import COURSES
from demo.seeding.playing import whole_plan
from demo.seeding.script import city, notices_of_the_city
from demo.seeding.times import Times, next_hour
from publisher.states import DeliveryState

# In the city: shortly after midnight, early, at noon, in the evening, shortly before midnight.
BASES = (
    datetime(2026, 11, 25, 18, 33, tzinfo=UTC),
    datetime(2026, 11, 25, 0, 5, tzinfo=UTC),
    datetime(2026, 11, 25, 6, 30, tzinfo=UTC),
    datetime(2027, 1, 3, 15, 17, tzinfo=UTC),
    datetime(2026, 12, 31, 18, 27, tzinfo=UTC),
)
IN_ORDER = ("hand in", "draft", "send", "return", "save", "send again", "approve", "schedule")

each_base = pytest.mark.parametrize("base", BASES, ids=str)


@each_base
def test_everything_that_is_played_is_over_when_the_city_begins(base: datetime) -> None:
    whole = whole_plan(base, notices_of_the_city(base), city())
    moments = [step.at for step in whole]
    assert moments == sorted(moments)
    assert moments[-1] <= base
    assert whole[0].says == "hand in: circular"


@each_base
def test_the_desks_work_is_in_order_and_done_before_a_post_is_due(base: datetime) -> None:
    whole = whole_plan(base, notices_of_the_city(base), city())
    for number, course in enumerate(COURSES):
        own = [step for step in whole if step.course == number]
        done = [step.says.partition(":")[0] for step in own]
        desk = [says for says in done if says in IN_ORDER]
        assert desk == [says for says in IN_ORDER if says in desk]
        if course.deliveries:
            scheduled = next(step.at for step in own if step.says.startswith("schedule"))
            assert scheduled < notices_of_the_city(base)[course.notice].wished.moment(base)


@each_base
def test_what_is_only_scheduled_is_still_ahead(base: datetime) -> None:
    filled = notices_of_the_city(base)
    for course in COURSES:
        for outcome in course.deliveries:
            if outcome.state is DeliveryState.SCHEDULED:
                assert Times.of(filled[course.notice], base).due(course, outcome) > base


def test_two_languages_on_one_account_stand_apart() -> None:
    base = BASES[2]
    course = COURSES[0]
    when = Times.of(notices_of_the_city(base)[course.notice], base)
    due = {(one.platform, one.language): when.due(course, one) for one in course.deliveries}
    assert due["x", "en"] - due["x", "mr"] == timedelta(minutes=15)
    assert due["facebook", "mr"] == due["x", "mr"] == when.wished


def test_the_next_hour_is_the_citys_and_at_least_a_minute_ahead() -> None:
    at = datetime(2026, 11, 25, 6, 29, 30, tzinfo=UTC)  # 11:59:30 in the city
    assert next_hour(at) == datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
    assert next_hour(at - timedelta(minutes=1)) == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
