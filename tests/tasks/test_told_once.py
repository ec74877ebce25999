"""An upgrade tells nobody twice of what stood open, and forgets no later message."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import delete, select

from publisher.models.notifications import Notice
from publisher.models.tasks import Task, TaskFilling, TaskLook
from publisher.tasks.backfill import fill
from publisher.tasks.refresh import SUBJECTS
from publisher.tasks.tick import tick_tasks
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks


def open_work(town: City) -> None:
    """Leave something of each kind open, of which everybody has been told who is to be told."""
    (live,) = town.live()
    town.comment(under=live)
    town.comment("रस्त्यावर खड्डा आहे")
    town.answer(town.comment("पाणी गढूळ आहे", under=live), by="clerk")
    town.hold()
    town.approved(on=("x", "facebook"))
    town.start(town.hand_in())
    town.hand_in(wished_at=town.now + 2 * DAY)
    post_id = town.start(town.hand_in(wished_at=town.now + 20 * HOUR))
    town.save(post_id, on=["x"])
    town.send(post_id)
    tick_tasks(town.database, now=town.clock)
    town.clock.move(20 * MINUTE)
    tick_tasks(town.database, now=town.clock)


def upgrade(town: City) -> None:
    """Forget whose turn it is, and let the filling write it, as `nagarvani db upgrade` does."""
    tables = {subject.table for subject in SUBJECTS} | {"departments"}
    with town.write() as session:
        session.execute(delete(Task))
        session.execute(delete(TaskLook))
        session.add_all(TaskFilling(subject=table, last_id=0) for table in sorted(tables))
    fill(town.database, now=town.clock, tell=lambda _table, _done: None)


def told_in_a_day(town: City) -> Counter[tuple[str, str]]:
    """Let a clock tick for a day; return how many messages of each kind each person had."""
    with town.read() as session:
        before = {*session.scalars(select(Notice.id))}
    for _ in range(24):
        town.clock.move(HOUR)
        tick_tasks(town.database, now=town.clock)
    names = {person_id: name for name, person_id in town.people.items()}
    query = select(Notice.kind, Notice.person_id).where(Notice.id.not_in(before))
    with town.read() as session:
        return Counter((kind, names[person or 0]) for kind, person in session.execute(query))


@pytest.mark.parametrize("is_upgraded", [False, True])
def test_a_day_after_an_upgrade_has_the_messages_that_it_would_have_had(
    town: City, is_upgraded: bool
) -> None:
    open_work(town)
    tables = [subject.table for subject in SUBJECTS]
    before = {table: open_tasks(town, table) for table in tables}
    if is_upgraded:
        upgrade(town)
        assert {table: open_tasks(town, table) for table in tables} == before
    assert told_in_a_day(town) == {
        ("head_may_decide", "head"): 1,
        ("review_reminder", "first"): 2,
        ("review_reminder", "second"): 2,
        ("review_reminder", "head"): 1,
    }
