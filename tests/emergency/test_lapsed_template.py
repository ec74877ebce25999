"""An emergency post rests on a template's approval that lapses: in review again, never *failed*."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.states import PostState
from publisher.delivery import sending
from publisher.delivery.claim import claim
from publisher.emergency.publish import publish
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.people.appointment_return import lock_approvals, put_back
from publisher.review.lapsed_approvals import tick_lapsed_approvals
from publisher.states import DeliveryState
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import HOUR

VERB = "doubt_appointment"


def doubt(town: City, name: str = "first") -> None:
    """Let the appointment of the template's approver wait again."""
    with town.write() as session:
        office = session.get_one(Appointment, town.appointments[name])
        approvals = lock_approvals(session, [office])
        put_back(
            session,
            [office],
            approvals=approvals,
            actor=town.actor("admin"),
            now=town.now,
            verb=VERB,
        )


def states(town: City, use_id: int) -> set[DeliveryState]:
    return {delivery.state for delivery in emergency_steps.deliveries(town, use_id)}


def post_state(town: City, use_id: int) -> PostState:
    post_id = emergency_steps.post_of(town, use_id)
    with town.read() as session:
        return session.get_one(Post, post_id).state


def test_what_has_not_left_is_in_review_again_and_all_are_told(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    doubt(town)
    assert town.tick_dispatch() == 0
    assert (states(town, use_id), post_state(town, use_id)) == (
        {DeliveryState.CANCELLED},
        PostState.IN_REVIEW,
    )
    assert not town.platform("x").published
    assert tick_lapsed_approvals(town.database, now=town.now) == 1
    assert "second" in town.notified("review_asked")
    assert "first" not in town.notified("review_asked")
    assert set(town.notified("approvals_lapsed")) >= {"clerk", "lead", "head"}
    with town.read() as session:
        bodies = session.scalars(select(Notice.body).where(Notice.kind == "approvals_lapsed")).all()
        approver = session.get_one(Appointment, town.appointments["first"]).person.name_mr
        assert all(approver in body for body in bodies)


def test_another_officer_approves_it_and_it_goes_out(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    doubt(town)
    post_id = emergency_steps.post_of(town, use_id)
    town.approve(post_id, by="second")
    town.schedule(post_id)
    town.tick_dispatch(HOUR)
    assert states(town, use_id) == {DeliveryState.PUBLISHED}


def test_a_claimed_delivery_is_given_up_and_not_failed(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    (payload, *_) = claim(town.context, account_id=town.accounts["x"], most=1)
    doubt(town)
    with town.write() as session:
        assert sending.check(session, payload, now=town.now, seconds=1, machine="here") is not None
    town.clock.move(timedelta(minutes=10))
    town.tick_dispatch()
    assert states(town, use_id) == {DeliveryState.CANCELLED}


def test_what_has_gone_out_stays(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    doubt(town)
    assert (states(town, use_id), post_state(town, use_id)) == (
        {DeliveryState.PUBLISHED},
        PostState.APPROVED,
    )


@pytest.mark.both
def test_at_the_moment_of_sending_it_is_published_or_in_review(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    barrier = threading.Barrier(2)

    def send() -> None:
        barrier.wait(timeout=10)
        town.tick_dispatch()

    sender = threading.Thread(target=send)
    sender.start()
    barrier.wait(timeout=10)
    doubt(town)
    sender.join(timeout=60)
    town.tick_dispatch()
    assert states(town, use_id) <= {DeliveryState.PUBLISHED, DeliveryState.CANCELLED}
    is_out = states(town, use_id) == {DeliveryState.PUBLISHED}
    assert post_state(town, use_id) is (PostState.APPROVED if is_out else PostState.IN_REVIEW)


@pytest.mark.both
def test_a_post_made_at_that_moment_rests_on_no_lapsed_approval(town: City) -> None:
    if town.database.is_sqlite:
        pytest.skip("one writer at a time")
    template_id = emergency_steps.prepare_template(town)
    form = emergency_steps.use_form(town, template_id)
    doubting = threading.Thread(target=doubt, args=(town,))
    with town.write() as session:
        use = publish(session, actor=town.actor("clerk"), now=town.now, form=form)
        use_id = use.id
        doubting.start()
        doubting.join(timeout=1)  # it waits for the template
    doubting.join(timeout=60)
    town.tick_dispatch()
    assert states(town, use_id) == {DeliveryState.CANCELLED}
