"""Whose turn it is with a comment, as rows: after each step they equal what is worked out anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from publisher import transitions
from publisher.inbox import routing
from publisher.models.comments import AnswerKind, Comment
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.people import Appointment
from publisher.models.tasks import Task, TaskLook
from publisher.people import absences
from publisher.people.appointments import enable_person
from publisher.people.permissions import COMMAND
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.scheduling import schedule
from publisher.states import CommentState
from publisher.tasks.tick import tick_tasks
from publisher.working_time import local_day
from tests.support.city import City, statements
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.open_tasks import change_numbers, open_tasks

pytestmark = pytest.mark.twin

MOST_AT_AN_END = 32
"""The statements of an end of an office, with those that it takes without tasks."""


def routed(town: City) -> int:
    (delivery_id,) = town.live()
    return town.comment(under=delivery_id)


def look(town: City) -> int:
    return tick_tasks(town.database, now=town.clock)


def of_answer(comment_id: int, who: str) -> tuple[str, int, str]:
    return ("comment", comment_id, who)


def away(town: City, name: str, *, begins: date, ends: date) -> None:
    with town.write() as session:
        absences.record(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            person_id=town.people[name],
            from_on=begins,
            until_on=ends,
        )


def ends_at(town: City, name: str, after: timedelta) -> None:
    """Give an office its last moment, as an order with a date does."""
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments[name])
        appointment.until_at = town.now + after
        transitions.record(session, appointment, "limit_appointment", actor=COMMAND, now=town.now)


def test_a_comment_waits_for_its_officer_until_the_answer_is_written(town: City) -> None:
    comment_id = routed(town)
    assert open_tasks(town) == [of_answer(comment_id, "first")]
    town.answer(comment_id)
    assert open_tasks(town) == []
    town.tick_dispatch(MINUTE)
    town.note_answers()
    assert open_tasks(town) == []


def test_what_has_no_department_waits_for_the_cell_until_it_is_assigned(town: City) -> None:
    comment_id = town.comment("रस्त्यावर खड्डा आहे")
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]
    town.assign(comment_id, "road")
    assert open_tasks(town) == [of_answer(comment_id, "road_officer")]


def test_an_interim_answer_leaves_the_comment_open(town: City) -> None:
    comment_id = routed(town)
    town.answer(comment_id, kind=AnswerKind.INTERIM)
    assert open_tasks(town) == [of_answer(comment_id, "first")]


def test_closed_and_opened_again_it_is_a_new_row(town: City) -> None:
    comment_id = routed(town)
    with town.write() as session:
        actor, reason = town.actor("first"), "उत्तर नको."
        routing.close(session, actor=actor, now=town.now, comment_id=comment_id, reason=reason)
    assert open_tasks(town) == []
    town.clock.move(DAY)
    with town.write() as session:
        actor, reason = town.actor("first"), "उत्तर हवे."
        routing.reopen(session, actor=actor, now=town.now, comment_id=comment_id, reason=reason)
    assert open_tasks(town) == [of_answer(comment_id, "first")]
    assert len(change_numbers(town)) == 2


@pytest.mark.parametrize("by", ["first", "lead"])
def test_a_cancelled_answer_brings_the_comment_back(town: City, by: str) -> None:
    comment_id = routed(town)
    post_id = town.answer(comment_id)
    with town.write() as session:
        query = select(Delivery).where(Delivery.post_id == post_id)
        (delivery,) = session.scalars(query)
        schedule.cancel(session, actor=town.actor(by), now=town.now, delivery_id=delivery.id)
    assert open_tasks(town) == [of_answer(comment_id, "first")]


@pytest.mark.parametrize("no", [City.return_post, City.reject])
def test_a_refused_answer_brings_the_comment_back(
    town: City, no: Callable[[City, int], None]
) -> None:
    comment_id = routed(town)
    post_id = town.answer(comment_id, by="clerk")
    assert open_tasks(town) == []
    no(town, post_id)
    assert open_tasks(town) == [of_answer(comment_id, "first")]


def test_what_the_platform_refused_is_a_task_of_its_own(town: City) -> None:
    comment_id = routed(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.answer(comment_id)
    town.tick_dispatch(MINUTE)
    assert open_tasks(town) == [("answer_failed", comment_id, "first")]


def test_an_answer_past_its_late_limit_is_a_task_of_its_own(town: City) -> None:
    comment_id = routed(town)
    town.answer(comment_id)
    town.tick_dispatch(2 * DAY)
    assert open_tasks(town) == [("answer_failed", comment_id, "first")]


def test_who_leaves_leaves_the_comment_to_the_next(town: City) -> None:
    comment_id = routed(town)
    town.end("first")
    assert open_tasks(town) == [of_answer(comment_id, "second")]
    with town.read() as session:
        step = routing.current(session.get_one(Comment, comment_id))
        assert (step.reason, step.appointment_id) == ("officer_left", town.appointments["second"])
    town.end("second")
    assert open_tasks(town) == [of_answer(comment_id, "head")]


def test_a_disabled_officer_leaves_it_to_the_next_for_good(town: City) -> None:
    comment_id = routed(town)
    town.disable("first")
    assert open_tasks(town) == [of_answer(comment_id, "second")]
    with town.write() as session:
        person = session.get_one(Appointment, town.appointments["first"]).person
        enable_person(session, actor=COMMAND, person=person, now=town.now)
    assert open_tasks(town) == [of_answer(comment_id, "second")]


def test_where_nobody_is_left_the_cell_has_it(town: City) -> None:
    comment_id = routed(town)
    for name in ("first", "second"):
        ends_at(town, name, HOUR)
    ends_at(town, "head", HOUR)
    town.clock.move(HOUR)
    look(town)
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]
    with town.read() as session:
        comment = session.get_one(Comment, comment_id)
        assert (comment.state, comment.department_id) == (CommentState.RECEIVED, None)
        assert comment.due_at > town.now


def test_an_answer_that_may_still_go_out_keeps_the_comment(town: City) -> None:
    comment_id = routed(town)
    town.answer(comment_id)
    for name in ("first", "second", "head"):
        town.end(name)
    assert open_tasks(town) == []
    town.tick_dispatch(MINUTE)  # the gate refuses: who approved it has left
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]


def test_beside_an_officer_who_is_away_the_next_has_it_too(town: City) -> None:
    comment_id = routed(town)
    tomorrow = local_day(town.now) + timedelta(days=1)
    away(town, "first", begins=tomorrow, ends=tomorrow)
    assert open_tasks(town) == [of_answer(comment_id, "first")]
    town.clock.move(DAY)
    look(town)
    assert open_tasks(town) == [of_answer(comment_id, "first"), of_answer(comment_id, "second")]
    town.clock.move(DAY)
    look(town)
    assert open_tasks(town) == [of_answer(comment_id, "first")]


def test_a_clock_that_stood_for_two_days_changes_the_rows_once(town: City) -> None:
    comment_id = routed(town)
    tomorrow = local_day(town.now) + timedelta(days=1)
    away(town, "first", begins=tomorrow, ends=tomorrow)
    ends_at(town, "first", 30 * HOUR)
    before = change_numbers(town)
    town.clock.move(3 * DAY)
    look(town)
    assert open_tasks(town) == [of_answer(comment_id, "second")]
    assert change_numbers(town)[:-2] == before[:-1]
    assert len(set(change_numbers(town)) - set(before)) == 1
    assert look(town) == 0


def test_of_what_has_come_to_pass_no_look_is_left(town: City) -> None:
    routed(town)
    ends_at(town, "first", HOUR)
    town.clock.move(HOUR)
    look(town)
    with town.read() as session:
        looks = select(TaskLook).where(TaskLook.subject == "departments")
        assert session.scalars(looks).all() == []


def test_a_row_of_a_newer_release_stays_as_it_is(town: City) -> None:
    comment_id = routed(town)
    with town.write() as session:
        session.add(
            Task(
                kind="comment_to_translate",
                subject="comments",
                subject_id=comment_id,
                queue="translators",
                since_at=town.now,
                change_id=1,
            )
        )
    town.answer(comment_id)
    with town.read() as session:
        query = select(Task.kind).where(Task.closed_at.is_(None))
        assert session.scalars(query).all() == ["comment_to_translate"]


class BrokenTasks(Exception):
    """Stands for a fault in the tasks."""


def break_tasks(town: City, beginning: str = "INSERT INTO tasks ") -> Callable[[], None]:
    """Let every statement with this beginning fail; return the function that ends that."""

    def refuse(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(beginning):
            raise BrokenTasks

    event.listen(town.database.engine, "before_cursor_execute", refuse)
    return lambda: event.remove(town.database.engine, "before_cursor_execute", refuse)


def test_an_error_in_the_tasks_keeps_no_comment_from_being_stored(town: City) -> None:
    (delivery_id,) = town.live()
    mend = break_tasks(town)
    comment_id = town.comment(under=delivery_id)
    mend()
    with town.read() as session:
        assert session.scalars(select(Task).where(Task.subject == "comments")).all() == []
        looks = select(TaskLook.subject_id).where(TaskLook.subject == "comments")
        assert session.scalars(looks).all() == [comment_id]
    look(town)
    assert open_tasks(town) == [of_answer(comment_id, "first")]


@pytest.mark.parametrize("beginning", ["INSERT INTO tasks ", "SELECT replies.comment_id "])
def test_an_error_in_the_tasks_keeps_no_receipt_from_being_stored(
    town: City, beginning: str
) -> None:
    comment_id = routed(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.answer(comment_id)
    mend = break_tasks(town, beginning)
    town.tick_dispatch(MINUTE)
    mend()
    look(town)
    assert open_tasks(town) == [("answer_failed", comment_id, "first")]


def test_an_error_in_the_tasks_is_told_to_the_person_and_nothing_is_stored(town: City) -> None:
    comment_id = town.comment()
    mend = break_tasks(town)
    with pytest.raises(BrokenTasks):
        town.assign(comment_id, "road")
    mend()
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]
    assert town.verbs("comments", comment_id)[-1] == "route"


def test_one_who_ends_with_200_open_comments_takes_few_statements(town: City) -> None:
    (delivery_id,) = town.live()
    platform_id = town.platform_id(delivery_id)
    for number in range(200):
        town.platform("x").citizen_says(f"टिप्पणी {number}", parent_id=platform_id)
    while town.listen(10 * MINUTE):
        pass
    with statements(town.database) as executed:
        town.end("first")
    of_tasks = [text for text in executed if "tasks" in text or "comments" in text]
    assert len(of_tasks) <= 9  # what is open is read before the locks, and under them
    assert len(executed) <= MOST_AT_AN_END
    assert {who for _kind, _subject, who in open_tasks(town)} == {"second"}
    with town.read() as session:
        passed_on = select(Event.id).where(Event.verb == "route", Event.state_after.is_(None))
        assert len(session.scalars(passed_on).all()) == 200
