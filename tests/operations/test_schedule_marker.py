"""Posts marked as scheduled are skipped, and no unscheduled post is ever missed."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from publisher.models.posts import Post
from publisher.operations.schedule_marker import tick_timed
from publisher.tasks import open_tasks
from publisher.tasks.check import wrong_tasks
from publisher.tasks.specs import TaskKind
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, MINUTE

pytestmark = pytest.mark.twin

SCENES = (
    scenes.drafted,
    scenes.in_review,
    scenes.approved,
    scenes.scheduled,
    scenes.half_scheduled,
    scenes.stopped,
    scenes.left_out,
    scenes.live,
    scenes.missed,
    scenes.failed,
    scenes.held,
)


def unscheduled_posts(town: City) -> set[int]:
    """Return the unscheduled posts, after checking that their tasks are right by the marks."""
    with town.read() as session:
        assert list(wrong_tasks(session, now=town.now)) == []
        to_schedule = open_tasks.everybodys_subjects(TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)
        return set(session.scalars(to_schedule))


def scheduled_post(town: City) -> set[int]:
    with town.read() as session:
        return set(session.scalars(select(Post.id).where(Post.timed)))


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.proof)])
def test_the_short_way_finds_what_the_long_way_finds(town: City, seed: int) -> None:
    chance = random.Random(seed)
    for happens in chance.choices(SCENES, k=10):
        happens(town)
        before = unscheduled_posts(town)
        tick_timed(town.database)
        assert unscheduled_posts(town) == before


def test_a_post_is_noted_once_every_text_has_a_delivery(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    assert tick_timed(town.database) == 0
    town.schedule(post_id)
    assert tick_timed(town.database) == 1
    assert scheduled_post(town) == {post_id}
    assert tick_timed(town.database) == 0


def test_a_new_revision_begins_anew(town: City) -> None:
    scenes.scheduled(town)
    tick_timed(town.database)
    town.save(1, on=["x"], text="नवी आवृत्ती")
    assert scheduled_post(town) == set()
    town.send(1)
    town.approve(1)
    tick_timed(town.database)
    assert unscheduled_posts(town) == {1}


def test_a_post_cancelled_under_an_earlier_approval_has_no_time_again(town: City) -> None:
    post_id = town.approved()
    town.schedule(post_id)
    tick_timed(town.database)
    town.clock.move(MINUTE)
    scenes.withdraw_approval_of(town, post_id)
    assert unscheduled_posts(town) == set()
    town.clock.move(MINUTE)
    town.approve(post_id)
    tick_timed(town.database)
    assert unscheduled_posts(town) == {post_id}
    assert scheduled_post(town) == {post_id}


def test_a_stopped_post_waits_for_a_time_until_it_gets_one(town: City) -> None:
    scenes.stopped(town)
    tick_timed(town.database)
    assert unscheduled_posts(town) == {1}
    town.schedule(1, DAY)
    assert unscheduled_posts(town) == set()


def test_a_post_whose_texts_are_cancelled_one_by_one_waits_for_a_time(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    first, second = town.schedule(post_id, DAY)
    town.clock.move(MINUTE)
    scenes.cancel_deliveries(town, [first])
    assert unscheduled_posts(town) == set()
    scenes.cancel_deliveries(town, [second])
    assert unscheduled_posts(town) == {post_id}
