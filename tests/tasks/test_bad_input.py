"""What nobody plans for: the open tasks are those that are worked out anew, on both databases."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.inbox import routing
from publisher.intake import close, merge
from publisher.models.people import Appointment, Department
from publisher.models.submissions import Submission
from publisher.models.tasks import Task, TaskLook
from publisher.people import absences, department_changes, department_orders
from publisher.people.appointment_return import lock_approvals, put_back
from publisher.tasks import before_commit, looks
from publisher.tasks.tick import tick_tasks
from publisher.working_time import day_bounds
from tests.operations import test_departments as ending
from tests.support.city import City
from tests.support.city_people import MINUTE, add_appointment
from tests.tasks.open_tasks import change_numbers, open_tasks

pytestmark = pytest.mark.twin

REASON = "कार्यक्रम रद्द झाला."


def put_back_now(town: City, name: str) -> None:
    """Let an appointment wait to be confirmed again."""
    with town.write() as session:
        office = session.get_one(Appointment, town.appointments[name])
        approvals = lock_approvals(session, [office])
        put_back(
            session,
            [office],
            approvals=approvals,
            actor=town.actor("admin"),
            now=town.now,
            verb="doubt_appointment",
        )


def test_what_is_rolled_back_after_its_tasks_were_written_leaves_none(town: City) -> None:
    comment_id, road = town.comment(), town.departments["road"]
    before = change_numbers(town)
    with suppress(KeyError), town.write() as session:
        actor, now = town.actor("clerk"), town.now
        routing.assign(session, actor=actor, now=now, comment_id=comment_id, department_id=road)
        before_commit.refresh_tasks(session)
        kinds = select(Task.kind).where(Task.closed_at.is_(None))
        assert session.scalars(kinds).all() == ["comment"]
        raise KeyError
    assert open_tasks(town) == [("comment_unrouted", comment_id, "cell")]
    assert change_numbers(town) == before


def test_a_merged_submission_waits_for_nobody(town: City) -> None:
    stays, merged = town.hand_in(), town.hand_in()
    with town.read() as session:
        number = session.get_one(Submission, stays).number
    with town.write() as session:
        actor, now = town.actor("clerk"), town.now
        merge.merge(
            session, actor=actor, now=now, submission_id=merged, number=number, reason="तेच आहे."
        )
    assert open_tasks(town, "submissions") == [("submission", stays, "cell")]


def test_a_withdrawn_submission_takes_its_post_in_review_with_it(town: City) -> None:
    submission_id = town.hand_in()
    post_id = town.start(submission_id)
    town.save(post_id, on=["x"])
    town.send(post_id)
    with town.write() as session:
        actor, now = town.actor("first"), town.now
        close.withdraw(session, actor=actor, now=now, submission_id=submission_id, reason=REASON)
    assert open_tasks(town, "submissions") == open_tasks(town, "posts") == []


def test_what_waits_in_a_renamed_department_stays_where_it_is(town: City) -> None:
    post_id = town.in_review("road")
    before = open_tasks(town, "posts")
    with town.write() as session:
        department_changes.rename(
            session,
            actor=town.actor("lead"),
            now=town.now,
            department=session.get_one(Department, town.departments["road"]),
            names=department_orders.DepartmentNames("रस्ते विभाग", "Streets"),
            order=ending.order(town),
        )
    assert open_tasks(town, "posts") == before
    assert {subject_id for _kind, subject_id, _who in before} == {post_id}


def test_what_waits_in_a_merged_department_goes_to_the_other(town: City) -> None:
    (delivery_id,) = town.live("health")
    comment_id = town.comment(under=delivery_id)
    assert open_tasks(town) == [("comment", comment_id, "health_head")]
    ending.merge(town, "health", "road")
    assert "health_head" not in {who for _kind, _id, who in open_tasks(town)}


def test_what_is_held_in_a_merged_department_without_people_goes_along(town: City) -> None:
    delivery_id = town.hold(department="health")
    town.clock.move(MINUTE)
    town.save(town.delivery(delivery_id).post_id, on=["x"], text="नवा मजकूर")
    town.end("health_member")
    town.end("health_head")
    ending.merge(town, "health", "road")
    holders = [who for _kind, _id, who in open_tasks(town, "deliveries")]
    assert holders == ["lead", "road_officer"]


def test_an_office_that_is_put_back_leaves_its_work_to_the_others(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id, post_id = town.comment(under=delivery_id), town.in_review()
    put_back_now(town, "first")
    assert open_tasks(town) == [("comment", comment_id, "second")]
    assert open_tasks(town, "posts") == [("to_approve", post_id, "second")]


def test_an_officer_whose_confirmer_has_left_keeps_office_and_work(town: City) -> None:
    town.appoint("confirmer", *town.roles["admin"])
    with town.write() as session:
        office = session.get_one(Appointment, town.appointments["first"])
        office.confirmed_by_id = town.people["confirmer"]
        office.confirmed_under_id = town.appointments["confirmer"]
    post_id = town.in_review()
    before = open_tasks(town, "posts")
    assert ("to_approve", post_id, "first") in before
    town.end("confirmer")
    assert open_tasks(town, "posts") == before


def test_who_serves_two_departments_has_the_work_of_each_under_its_office(
    town: City,
) -> None:
    with town.write() as session:
        road = town.departments["road"]
        office = add_appointment(
            session, Role.OFFICER, road, rank=1, person_id=town.people["first"]
        )
    assert office.appointment_id is not None
    town.appointments["first_of_road"] = office.appointment_id
    town.end("road_officer")
    of_water, of_road = town.in_review(), town.in_review("road")
    tasks = open_tasks(town, "posts")
    assert ("to_approve", of_water, "first") in tasks
    assert ("to_approve", of_road, "first_of_road") in tasks
    assert not {("to_approve", of_road, "first"), ("to_approve", of_water, "first_of_road")} & {
        *tasks
    }


def test_an_absence_ends_at_the_city_s_midnight_of_31_december(town: City) -> None:
    last = date(2026, 12, 31)
    midnight = day_bounds(last)[1]
    (delivery_id,) = town.live()
    town.clock.move(midnight - timedelta(hours=2) - town.now)
    comment_id = town.comment(under=delivery_id)
    with town.write() as session:
        absences.record(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            person_id=town.people["first"],
            from_on=last,
            until_on=last,
        )
    both = [("comment", comment_id, name) for name in ("first", "second")]
    assert open_tasks(town) == both
    town.clock.move(midnight - MINUTE - town.now)
    tick_tasks(town.database, now=town.clock)
    assert open_tasks(town) == both
    town.clock.move(MINUTE)
    tick_tasks(town.database, now=town.clock)
    assert open_tasks(town) == both[:1]


@pytest.mark.proof
def test_5000_looks_in_one_second_are_done_by_one_tick(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    with town.write() as session:
        looks.look_now(session, "comments", range(1, 5_001), now=town.now)
    before = open_tasks(town)
    assert tick_tasks(town.database, now=town.clock) >= 5_000
    assert open_tasks(town) == before == [("comment", comment_id, "first")]
    with town.read() as session:
        assert session.scalars(select(TaskLook).where(TaskLook.subject == "comments")).all() == []
