"""Reminders of what nobody has decided about: at half of the working time and near its end.

The city's clock begins on a Wednesday at 12:00.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.states import PostState
from publisher.models.comments import Comment
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.posts import Post
from publisher.people import absences
from publisher.review import withdraw
from publisher.review.reminders import list_reminders
from publisher.tasks.tick import tick_tasks
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.ticked_tasks import reminded

REMINDER = "review_reminder"


def sent(town: City, *, wish: timedelta | None = None, asked: tuple[str, ...] = ()) -> int:
    """Send a post of water for review, wished so long from now; return its id."""
    wished_at = None if wish is None else town.now + wish
    post_id = town.start(town.hand_in(wished_at=wished_at))
    town.save(post_id, on=["x"], asked_departments=asked)
    town.send(post_id)
    return post_id


def tick(town: City, after: timedelta = timedelta(0)) -> int:
    town.clock.move(after)
    return reminded(town)


def steps(town: City, post_id: int) -> list[str]:
    query = select(Event).where(Event.verb == "remind_review", Event.subject_id == post_id)
    with town.read() as session:
        return [event.details["step"] for event in session.scalars(query.order_by(Event.id))]


def away(town: City, name: str) -> None:
    with town.write() as session:
        absences.record(
            session,
            actor=town.actor(name),
            now=town.now,
            person_id=town.people[name],
            from_on=None,
            until_on=local_day(town.now + DAY),
        )


@pytest.mark.twin
def test_officers_are_reminded_at_half_and_everybody_near_the_end(town: City) -> None:
    post_id = sent(town, wish=DAY)  # eight working hours: 16:00, and 10:00 of Thursday
    assert tick(town, 4 * HOUR - MINUTE) == 0
    assert tick(town, MINUTE) == 1
    assert tick(town) == 0
    assert town.notified(REMINDER) == ["first", "second"]
    assert tick(town, 17 * HOUR + 59 * MINUTE) == 0
    assert tick(town, MINUTE) == 1
    assert tick(town, HOUR) == 0
    assert town.notified(REMINDER) == ["first", "first", "head", "second", "second"]
    assert steps(town, post_id) == ["half", "last"]
    with town.read() as session:
        post = session.get_one(Post, post_id)
        assert post.state is PostState.IN_REVIEW
        assert len(list_reminders(session, post.revisions[-1], now=town.now)) == 2
        bodies = session.scalars(select(Notice.body).where(Notice.kind == REMINDER)).all()
    assert len({body.partition("/approve/")[2][:43] for body in bodies}) == 5
    assert "आपल्या निर्णयाशिवाय काहीही प्रसिद्ध होणार नाही" in bodies[0]
    assert "विभागप्रमुखही निर्णय घेऊ शकतात" in bodies[0]


@pytest.mark.both
def test_two_clocks_remind_and_tell_the_head_once(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(3 * HOUR)
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        tick_tasks(town.database, now=town.clock)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps(town, post_id) in (["half"], ["last"])
    assert town.notified("head_may_decide") == ["head"]


def test_a_due_reminder_is_sent_although_people_changed_before_the_tick(town: City) -> None:
    sent(town, wish=DAY)
    town.clock.move(4 * HOUR)
    away(town, "second")
    assert tick(town) == 1
    assert town.notified(REMINDER) == ["first"]


def test_what_was_missed_while_no_clock_ran_is_one_reminder(town: City) -> None:
    post_id = sent(town, wish=DAY)
    assert tick(town, DAY - HOUR) == 1
    assert steps(town, post_id) == ["last"]


@pytest.mark.parametrize(
    ("wish", "after"),
    [(HOUR, HOUR), (HOUR, DAY), (2 * HOUR, 2 * HOUR), (5 * HOUR, DAY)],
)
def test_nobody_is_reminded_once_the_time_is_over(
    town: City, wish: timedelta, after: timedelta
) -> None:
    sent(town, wish=wish)
    assert tick(town, after) == 0


def test_nobody_is_reminded_at_night_or_on_a_sunday(town: City) -> None:
    sent(town, wish=6 * DAY)  # 16 working hours from Friday on: half of them on Friday at noon
    town.clock.move(2 * DAY)
    assert tick(town, 7 * HOUR) == 0  # Friday, 19:00
    assert tick(town, 41 * HOUR) == 0  # Sunday, noon
    assert tick(town, DAY) == 1


def test_a_half_that_ends_at_closing_is_told_in_the_hour_after(town: City) -> None:
    sent(town, wish=28 * HOUR)  # Thursday, 16:00: twelve working hours
    assert tick(town, 6 * HOUR) == 1


def test_without_a_wish_it_is_a_working_day(town: City) -> None:
    sent(town)
    assert tick(town, DAY - MINUTE) == 0
    assert tick(town, MINUTE) == 1


def test_whoever_is_away_or_has_no_right_is_not_reminded(town: City) -> None:
    sent(town, wish=DAY)
    away(town, "first")
    assert tick(town, 4 * HOUR) == 1
    assert town.notified(REMINDER) == ["second"]


def test_a_head_who_was_asked_at_once_is_reminded_in_the_officers_place(town: City) -> None:
    away(town, "first")
    away(town, "second")
    sent(town, wish=DAY)
    assert tick(town, 4 * HOUR) == 1
    assert town.notified(REMINDER) == ["head"]


def test_only_departments_that_have_not_decided_are_reminded(town: City) -> None:
    post_id = sent(town, wish=DAY, asked=("road",))
    town.approve(post_id, by="first")
    assert tick(town, 4 * HOUR) == 1
    assert town.notified(REMINDER) == ["road_officer"]
    town.approve(post_id, by="road_officer")
    assert tick(town, 18 * HOUR) == 0


def test_a_post_that_waits_again_is_reminded_of_again(town: City) -> None:
    post_id = sent(town, wish=5 * DAY)
    assert tick(town, DAY + 4 * HOUR) == 1
    town.approve(post_id)
    town._review(withdraw.withdraw_approval, post_id, "first")
    assert tick(town, MINUTE) == 0
    assert tick(town, 3 * DAY + 18 * HOUR) == 1
    assert steps(town, post_id) == ["half", "last"]


def test_of_an_answer_they_are_reminded_by_the_comments_deadline(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    post_id = town.answer(comment_id, by="clerk")
    with town.read() as session:
        due_at = session.get_one(Comment, comment_id).due_at
        half_at = session.get_one(Post, post_id).revisions[-1].head_decides_at
    assert due_at is not None
    assert half_at is not None
    assert tick(town, half_at - town.now) == 1
    with town.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == REMINDER)).all()[0]
    assert "पाणी कधी येणार?" in notice.body
    assert "उद्या सकाळी सहा वाजता." in notice.body
    assert tick(town, due_at - town.now) == 0
