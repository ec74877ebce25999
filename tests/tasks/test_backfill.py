"""The tasks of what stood open before they were rows, and those that somebody changed by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from publisher.models.history import Event
from publisher.models.tasks import Task, TaskFilling, TaskLook
from publisher.tasks import check, messages
from publisher.tasks.backfill import fill, pending_tables
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks

pytestmark = pytest.mark.twin

NIGHT = datetime(2026, 11, 26, 21, 0, tzinfo=UTC)
"""02:30 in the city."""


def without_tasks(town: City, number: int = 3) -> list[int]:
    """Let comments come, and forget whose turn it is, as before the upgrade; return their ids."""
    (delivery_id,) = town.live()
    platform_id = town.platform_id(delivery_id)
    ids = [
        town.platform("x").citizen_says(f"टिप्पणी {at}", parent_id=platform_id)
        for at in range(number)
    ]
    town.listen(10 * MINUTE)
    with town.write() as session:
        session.execute(delete(Task))
        session.execute(delete(TaskLook))
        session.add_all(
            TaskFilling(subject=name, last_id=0) for name in ("comments", "departments")
        )
    return [town.comment_id(platform_id) for platform_id in ids]


def fill_all(town: City) -> list[tuple[str, int]]:
    told: list[tuple[str, int]] = []
    fill(town.database, now=town.clock, tell=lambda table, done: told.append((table, done)))
    return told


def test_an_upgrade_writes_the_tasks_of_what_stands_open_and_tells_nobody(town: City) -> None:
    ids = without_tasks(town)
    assert fill_all(town) == [("comments", 3), ("departments", len(town.departments))]
    assert open_tasks(town) == [("comment", comment_id, "first") for comment_id in ids]
    assert messages.queue_messages(town.database, now=town.now + DAY) == 0
    with town.read() as session:
        assert pending_tables(session) == []
    assert fill_all(town) == []


def test_a_filling_that_was_ended_goes_on_where_it_was(town: City) -> None:
    first, *others = without_tasks(town)
    with town.write() as session:
        filling = session.get_one(TaskFilling, "comments")
        filling.last_id = first
    fill_all(town)
    with town.read() as session:
        filled = session.scalars(select(Task.subject_id).order_by(Task.subject_id)).all()
    assert filled == others


def test_filled_twice_it_is_the_same(town: City) -> None:
    ids = without_tasks(town)
    fill_all(town)
    with town.write() as session:
        session.add(TaskFilling(subject="comments", last_id=0))
    fill_all(town)
    assert open_tasks(town) == [("comment", comment_id, "first") for comment_id in ids]


def test_what_was_changed_by_hand_is_repaired_by_command_alone(
    town: City,
) -> None:
    town.comment("रस्त्यावर खड्डा आहे")
    ids = without_tasks(town)
    fill_all(town)
    with town.write() as session:
        session.execute(update(Task).where(Task.subject_id == ids[0]).values(due_at=town.now))
        session.execute(delete(Task).where(Task.subject_id == ids[1]))
        session.add(
            Task(
                kind="comment",
                subject="comments",
                subject_id=10_000,
                appointment_id=town.appointments["first"],
                since_at=town.now,
                change_id=1,
            )
        )
    with town.read() as session:
        wrong = list(check.wrong_tasks(session, now=town.now))
    assert sorted((task.fault, task.subject_id) for task in wrong) == [
        ("changed", ids[0]),
        ("left over", 10_000),
        ("missing", ids[1]),
    ]
    assert check.tick_task_check(town.database, now=NIGHT) == 1
    with town.read() as session:
        assert session.scalars(check.last_check()).one().details == {"wrong": 3}
        assert list(check.wrong_tasks(session, now=town.now)) == wrong
    assert check.repair(town.database, now=town.now) == 3
    assert len(open_tasks(town)) == 4
    assert messages.queue_messages(town.database, now=town.now + DAY) == 0


def test_tasks_are_compared_once_a_night(town: City) -> None:
    assert check.tick_task_check(town.database, now=NIGHT - HOUR) == 0
    assert check.tick_task_check(town.database, now=NIGHT) == 1
    assert check.tick_task_check(town.database, now=NIGHT + 3 * HOUR) == 0
    assert check.tick_task_check(town.database, now=NIGHT + DAY) == 1
    with town.read() as session:
        events = session.scalars(select(Event).where(Event.verb == check.VERB)).all()
        assert [event.at for event in events] == [NIGHT, NIGHT + timedelta(days=1)]
