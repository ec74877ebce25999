"""An approval whose appointment has to be confirmed again: in review again, and never *failed*."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from approvals.errors import Overtaken
from approvals.policy import Role
from approvals.states import PostState
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Decision, Post
from publisher.people import confirmation, name_changes
from publisher.review import decide, withdraw
from publisher.review.lapsed_approvals import tick_lapsed_approvals
from publisher.states import AppointmentState, DeliveryState
from tests.support.city import City
from tests.support.city_people import HOUR, appoint


def change_address(town: City, name: str = "first") -> None:
    """Let the lead fill in the mobile of an officer who has never signed in."""
    with town.write() as session:
        person = session.get_one(Person, town.people[name])
        appoint(
            session,
            session.get_one(Department, town.departments["garden"]),
            Role.MEMBER,
            name=person.name_mr,
            mail=person.mail,
            mobile="5550008888",
            actor=town.actor("lead"),
            now=town.now,
        )


def states(town: City, post_id: int, *delivery_ids: int) -> tuple[PostState, list[DeliveryState]]:
    with town.read() as session:
        deliveries = [town.delivery(delivery_id).state for delivery_id in delivery_ids]
        return session.get_one(Post, post_id).state, deliveries


def tick(town: City) -> int:
    return tick_lapsed_approvals(town.database, now=town.now)


def told(town: City) -> dict[str, str]:
    """Return what was said of lapsed approvals, by the reader's name."""
    names = {person_id: name for name, person_id in town.people.items()}
    with town.read() as session:
        query = select(Notice).where(Notice.kind == "approvals_lapsed")
        return {names[row.person_id or 0]: row.body for row in session.scalars(query)}


def test_a_scheduled_post_is_in_review_again_and_never_failed(town: City) -> None:
    (delivery_id,) = town.schedule(post_id := town.approved())
    change_address(town)
    assert states(town, post_id, delivery_id) == (PostState.IN_REVIEW, [DeliveryState.CANCELLED])
    assert town.tick_dispatch(HOUR) == 0
    assert states(town, post_id, delivery_id) == (PostState.IN_REVIEW, [DeliveryState.CANCELLED])
    assert not town.platform("x").posts
    asked_before = town.notified("review_asked")
    assert (tick(town), tick(town)) == (1, 0)
    asked = town.notified("review_asked")
    assert sorted(set(asked)) == ["first", "second"]
    assert asked.count("second") == asked_before.count("second") + 1
    assert asked.count("first") == asked_before.count("first")  # waits to be confirmed
    assert sorted(told(town)) == ["clerk", "head", "lead", "other_clerk"]
    assert all("शनिवारी पाणीपुरवठा बंद" in body for body in told(town).values())


def test_another_officer_approves_it_and_it_is_published_once(town: City) -> None:
    (delivery_id,) = town.schedule(post_id := town.approved())
    change_address(town)
    tick(town)
    town.approve(post_id, by="second")
    town.schedule(post_id)
    town.tick_dispatch(HOUR)
    assert states(town, post_id, delivery_id) == (PostState.APPROVED, [DeliveryState.PUBLISHED])


def test_what_has_gone_out_stays_and_is_listed_for_head_and_lead(town: City) -> None:
    (delivery_id,) = town.live()
    with town.read() as session:
        post_id = session.scalars(select(Post.id)).one()
    change_address(town)
    assert states(town, post_id, delivery_id) == (PostState.APPROVED, [DeliveryState.PUBLISHED])
    tick(town)
    assert "आधीच प्रसिद्ध झालेल्या" in told(town)["head"]
    assert "आधीच प्रसिद्ध झालेल्या" in told(town)["lead"]
    assert town.notified("review_asked").count("second") == 1  # when it was sent for review


def test_what_has_gone_out_in_part_stops_for_the_rest(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    deliveries = town.schedule(post_id)
    with town.write() as session:
        withdraw_one = session.get_one(Post, post_id).deliveries[0]
        withdraw_one.due_at = town.now
    town.tick_dispatch()
    change_address(town)
    state, outcome = states(town, post_id, *deliveries)
    assert state is PostState.IN_REVIEW
    assert sorted(outcome) == [DeliveryState.CANCELLED, DeliveryState.PUBLISHED]


@pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.UNCONFIRMED])
def test_what_may_have_gone_is_left_alone_as_when_it_is_withdrawn(
    town: City, state: DeliveryState
) -> None:
    (delivery_id,) = town.schedule(post_id := town.approved())
    with town.write() as session:
        session.get_one(Post, post_id).deliveries[0].state = state
    change_address(town)
    assert states(town, post_id, delivery_id) == (PostState.APPROVED, [state])


def test_a_claimed_delivery_is_cancelled_as_when_it_is_withdrawn(town: City) -> None:
    (delivery_id,) = town.schedule(post_id := town.approved())
    with town.write() as session:
        session.get_one(Post, post_id).deliveries[0].state = DeliveryState.CLAIMED
    change_address(town)
    assert states(town, post_id, delivery_id) == (PostState.IN_REVIEW, [DeliveryState.CANCELLED])


def test_a_renaming_lets_the_approvals_lapse_as_well(town: City) -> None:
    (delivery_id,) = town.schedule(post_id := town.approved())
    with town.write() as session:
        name_changes.rename(
            session,
            actor=town.actor("lead"),
            person=session.get_one(Person, town.people["first"]),
            name_mr="मेधा जाधव",
            name_en="",
            designation="",
            now=town.now,
        )
    assert states(town, post_id, delivery_id) == (PostState.IN_REVIEW, [DeliveryState.CANCELLED])


def test_an_answer_that_has_not_gone_waits_for_the_other_officer(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    post_id = town.answer(comment_id)
    change_address(town)
    assert states(town, post_id)[0] is PostState.IN_REVIEW
    tick(town)
    assert town.notified("answer_waits") == ["second"]
    town.approve(post_id, by="second")
    town.tick_dispatch()
    with town.read() as session:
        (delivery,) = session.get_one(Post, post_id).deliveries
        assert delivery.state is DeliveryState.PUBLISHED


def test_approvals_that_were_withdrawn_or_revised_are_not_touched(town: City) -> None:
    withdrawn, revised = town.approved(), town.approved()
    with town.write() as session:
        withdraw.withdraw_approval(
            session, actor=town.actor("first"), now=town.now, post_id=withdrawn, seen_revision=1
        )
    town.save(revised, on=["x"])
    town.clock.move(timedelta(minutes=1))
    change_address(town)
    assert states(town, revised)[0] is PostState.DRAFT
    with town.read() as session:
        assert all(row.lapsed_at is None for row in session.scalars(select(Decision)))
    assert tick(town) == 0


def test_confirming_again_lets_the_officer_approve_again(town: City) -> None:
    post_id = town.approved()
    change_address(town)
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments["first"])
        digests = {appointment.id: confirmation.confirmation_digest(appointment)}
        confirmation.confirm(session, actor=town.actor("head"), now=town.now, digests=digests)
        session.execute(update(Appointment).values(taken_up_at=town.now))
        appointment.state = AppointmentState.ACTIVE
    town.approve(post_id, by="first")
    assert states(town, post_id)[0] is PostState.APPROVED


@pytest.mark.both
def test_at_the_moment_of_sending_it_is_published_or_in_review_again(
    town: City,
) -> None:
    posts = [(post_id := town.approved(), *town.schedule(post_id)) for _ in range(4)]
    town.clock.move(HOUR)
    barrier = threading.Barrier(2)

    def send() -> None:
        barrier.wait(timeout=10)
        town.tick_dispatch()

    sending = threading.Thread(target=send)
    sending.start()
    barrier.wait(timeout=10)
    change_address(town)
    sending.join(timeout=60)
    town.tick_dispatch()
    outcomes = {states(town, post_id, delivery_id)[1][0] for post_id, delivery_id in posts}
    assert outcomes <= {DeliveryState.PUBLISHED, DeliveryState.CANCELLED}
    for post_id, delivery_id in posts:
        state, (delivery_state,) = states(town, post_id, delivery_id)
        is_out = delivery_state is DeliveryState.PUBLISHED
        assert state is (PostState.APPROVED if is_out else PostState.IN_REVIEW)


@pytest.mark.both
def test_what_is_approved_at_the_same_moment_is_in_review_again(town: City) -> None:
    post_id = town.in_review()

    def change() -> None:
        try:
            change_address(town)
        except Overtaken:
            change_address(town)

    changing = threading.Thread(target=change)
    with town.write() as session:
        actor = town.actor("first")
        decide.approve(session, actor=actor, now=town.now, post_id=post_id, seen_revision=1)
        changing.start()
        changing.join(timeout=1)  # it waits, having read the approvals before this one
    changing.join(timeout=60)
    assert states(town, post_id)[0] is PostState.IN_REVIEW
    with town.read() as session:
        appointment = session.get_one(Appointment, town.appointments["first"])
        assert appointment.state is AppointmentState.RECORDED
