"""Whose turn it is with a post in review, as rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.inbox import routing
from publisher.models.comments import AnswerKind, Comment
from publisher.models.history import Wrote
from publisher.models.people import Appointment, Person
from publisher.models.tasks import Task
from publisher.people import absences, contact_corrections, recorders
from publisher.tasks.tick import tick_tasks
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.passwords import with_password
from tests.tasks.open_tasks import open_tasks

pytestmark = pytest.mark.twin


def sent(town: City, *, by: str = "clerk", wish: timedelta | None = None) -> int:
    wished_at = None if wish is None else town.now + wish
    post_id = town.start(town.hand_in(wished_at=wished_at))
    town.save(post_id, on=["x"], by=by)
    town.send(post_id)
    return post_id


def look(town: City, after: timedelta = timedelta(0)) -> None:
    town.clock.move(after)
    tick_tasks(town.database, now=town.clock)


def away(town: City, name: str) -> int:
    with town.write() as session:
        absence = absences.record(
            session,
            actor=town.actor("lead"),
            now=town.now,
            person_id=town.people[name],
            from_on=None,
            until_on=local_day(town.now),
        )
        return absence.id


def of_post(post_id: int, *names: str, kind: str = "to_approve") -> list[tuple[str, int, str]]:
    return [(kind, post_id, name) for name in sorted(names)]


def test_a_post_waits_for_its_officers_until_one_decides(town: City) -> None:
    post_id = sent(town)
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    town.approve(post_id)
    assert open_tasks(town, "posts") == of_post(post_id, "cell", kind="to_schedule")


@pytest.mark.parametrize(
    ("no", "kinds"), [(City.return_post, ["post_returned"]), (City.reject, [])]
)
def test_a_post_that_was_returned_or_rejected_waits_for_no_officer(
    town: City, no: Callable[[City, int], None], kinds: list[str]
) -> None:
    post_id = sent(town)
    no(town, post_id)
    assert open_tasks(town, "posts") == [(kind, post_id, "cell") for kind in kinds]


def test_who_wrote_it_is_not_asked(town: City) -> None:
    first = town.actor("first")
    assert first.person_id is not None
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments["second"])
        appointment.confirmed_by_id = town.people["clerk"]
    post_id = sent(town, by="clerk")
    assert open_tasks(town, "posts") == of_post(post_id, "first")


def test_a_name_that_the_confirmer_changes_bars_the_recorder_again(town: City) -> None:
    with town.write() as session:
        office = session.get_one(Appointment, town.appointments["second"])
        recorders.add(office, town.people["clerk"], Wrote.RECORDED, at=town.now)
        office.confirmed_by_id = town.people["lead"]
    post_id = sent(town, by="clerk")
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    with town.write() as session:
        officer, lead = session.get_one(Person, town.people["second"]), town.actor("lead")
        recorders.note_change(session, officer, (Wrote.NAME,), actor=lead, now=town.now)
    assert open_tasks(town, "posts") == of_post(post_id, "first")


def test_a_mobile_that_a_lead_gave_bars_an_officer_from_that_lead_s_text(town: City) -> None:
    with town.write() as session:
        officer = session.get_one(Person, town.people["second"])
        actor, mobile = town.actor("lead"), "+919811000000"
        with_password(session, officer)
        contact_corrections.correct(
            session, actor=actor, person=officer, mail=officer.mail, mobile=mobile, now=town.now
        )
    post_id = sent(town, by="lead")
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    town.clock.move(contact_corrections.WAIT)
    contact_corrections.tick_contacts(town.database, now=town.now)
    assert ("to_approve", post_id, "second") not in open_tasks(town, "posts")


def test_the_head_s_turn_comes_by_time(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    look(town, 2.5 * HOUR - MINUTE)
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    look(town, MINUTE)
    assert open_tasks(town, "posts") == of_post(post_id, "first", "head", "second")
    assert town.notified("head_may_decide") == ["head"]


def test_the_head_approves_in_the_second_in_which_the_right_begins(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(2.5 * HOUR)
    town.approve(post_id, by="head")
    look(town)
    assert open_tasks(town, "posts") == of_post(post_id, "cell", kind="to_schedule")
    assert town.notified("head_may_decide") == []


def test_officers_who_are_away_keep_it_and_the_head_has_it_too(town: City) -> None:
    post_id = sent(town)
    first = away(town, "first")
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    away(town, "second")
    assert open_tasks(town, "posts") == of_post(post_id, "first", "head", "second")
    with town.write() as session:
        absences.end(session, actor=town.actor("clerk"), now=town.now, absence_id=first)
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second")
    look(town, DAY)


def test_where_nobody_can_approve_the_leads_have_it(town: City) -> None:
    post_id = sent(town)
    for name in ("first", "second"):
        town.end(name)
    assert open_tasks(town, "posts") == of_post(post_id, "head")
    town.end("head")
    assert open_tasks(town, "posts") == of_post(post_id, "lead", kind="blocked")
    town.appoint("third", town.roles["first"][0], "water")
    assert [who for _kind, _id, who in open_tasks(town, "posts")] == ["third"]


def test_an_approval_of_who_left_puts_it_back_to_the_others(town: City) -> None:
    post_id = sent(town)
    town.approve(post_id, by="first")
    town.end("first")
    tick_tasks(town.database, now=town.clock)
    assert {who for _kind, _id, who in open_tasks(town, "posts")} <= {"second", "cell"}


def test_an_answer_by_the_cell_waits_for_the_officers(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    post_id = town.answer(comment_id, by="clerk")
    kind = "answer_to_approve"
    assert open_tasks(town, "posts") == of_post(post_id, "first", "second", kind=kind)
    town.approve(post_id)
    assert open_tasks(town, "posts") == []


def test_an_answer_is_due_by_the_new_deadline_of_a_reopened_comment(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    post_id = town.answer(comment_id, by="clerk", kind=AnswerKind.INTERIM)
    with town.write() as session:
        actor, reason = town.actor("first"), "उत्तर नको."
        routing.close(session, actor=actor, now=town.now, comment_id=comment_id, reason=reason)
    town.clock.move(3 * DAY)
    with town.write() as session:
        actor, reason = town.actor("first"), "उत्तर हवे."
        routing.reopen(session, actor=actor, now=town.now, comment_id=comment_id, reason=reason)
    assert {subject_id for _kind, subject_id, _who in open_tasks(town, "posts")} == {post_id}
    with town.read() as session:
        is_open = (Task.subject_id == post_id) & Task.closed_at.is_(None)
        dues = session.scalars(select(Task.due_at).where(Task.subject == "posts", is_open))
        assert {*dues} == {session.get_one(Comment, comment_id).due_at}


def test_a_post_is_to_be_approved_until_its_submission_wishes_for_it(town: City) -> None:
    submission_id = town.hand_in(wished_at=town.now + 5 * DAY)
    post_id = town.start(submission_id)
    town.save(post_id, on=["x"])
    town.send(post_id)
    with town.read() as session:
        dues = session.scalars(select(Task.due_at).where(Task.subject_id == post_id)).all()
    assert set(dues) == {town.now + 5 * DAY}
