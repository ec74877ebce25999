"""Whose turn it is with a draft, and with an approved post that has no time, as rows."""

from __future__ import annotations

from publisher.models.tasks import TaskLook
from publisher.review.withdraw import withdraw_post
from publisher.scheduling import schedule
from publisher.tasks.tick import tick_tasks
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks


def of_cell(kind: str, post_id: int) -> list[tuple[str, int, str]]:
    return [(kind, post_id, "cell")]


def cancel(town: City, delivery_id: int) -> None:
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)


def test_a_draft_waits_for_the_cell_until_it_is_sent_for_review(town: City) -> None:
    post_id = town.start(town.hand_in())
    assert open_tasks(town, "posts") == of_cell("draft", post_id)
    town.save(post_id)
    assert open_tasks(town, "posts") == of_cell("draft", post_id)
    town.send(post_id)
    assert "cell" not in {who for _kind, _id, who in open_tasks(town, "posts")}
    town.return_post(post_id)
    assert open_tasks(town, "posts") == of_cell("post_returned", post_id)
    town.save(post_id, text="बदललेला मजकूर")
    assert open_tasks(town, "posts") == of_cell("draft", post_id)


def test_each_text_of_an_approved_post_needs_a_time(town: City) -> None:
    post_id = town.approved(on=("x", "facebook"))
    assert open_tasks(town, "posts") == of_cell("to_schedule", post_id)
    town.schedule(post_id, only=0)
    assert open_tasks(town, "posts") == of_cell("to_schedule", post_id)
    town.schedule(post_id, only=1)
    assert open_tasks(town, "posts") == []


def test_a_post_that_was_stopped_waits_for_a_time_again(town: City) -> None:
    post_id = town.approved(on=("x", "facebook"))
    first, second = town.schedule(post_id)
    cancel(town, first)  # left out of a post that goes ahead
    assert open_tasks(town, "posts") == []
    cancel(town, second)
    assert open_tasks(town, "posts") == of_cell("to_schedule", post_id)
    town.schedule(post_id, only=0)
    assert open_tasks(town, "posts") == []


def test_a_window_ends_by_time_and_once(town: City) -> None:
    post_id = town.start(town.hand_in(wished_at=town.now + 5 * HOUR))
    town.save(post_id, on=["x"], not_after=town.now + DAY)
    town.send(post_id)
    town.approve(post_id)
    town.clock.move(DAY - MINUTE)
    tick_tasks(town.database, now=town.clock)
    assert open_tasks(town, "posts") == of_cell("to_schedule", post_id)
    with town.read() as session:
        assert session.get_one(TaskLook, ("posts", post_id)).look_at == town.now + MINUTE
    town.clock.move(2 * DAY)  # in which no clock runs
    assert tick_tasks(town.database, now=town.clock) == 1
    assert open_tasks(town, "posts") == of_cell("outlived", post_id)
    assert tick_tasks(town.database, now=town.clock) == 0


def test_a_withdrawn_post_waits_for_nobody(town: City) -> None:
    post_id = town.approved()
    town.clock.move(HOUR)
    with town.write() as session:
        withdraw_post(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=post_id,
            reason="कार्यक्रम रद्द झाला.",
        )
    assert open_tasks(town, "posts") == []
