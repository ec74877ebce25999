from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from approvals.errors import NotAllowed, WrongRole, WrongState
from approvals.policy import Role
from publisher import working_time
from publisher.inbox import routing
from publisher.inbox.routing import RoutingReason
from publisher.models.comments import Comment, Routing
from publisher.models.deliveries import Delivery
from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.scheduling.schedule import OnItsWay
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid, NotFound
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, HOUR

WORDS = "हा विषय आपल्या विभागाचा आहे."


@pytest.mark.parametrize(
    ("gone", "holder"),
    [((), "first"), (("first",), "second"), (("first", "second"), "head")],
)
def test_a_comment_goes_to_the_first_rung_that_is_in_office(
    town: City, gone: tuple[str, ...], holder: str
) -> None:
    (delivery_id,) = town.live()
    for name in gone:
        town.end(name)
    comment_id = town.comment(under=delivery_id)
    comment, steps = _look(town, comment_id)
    assert comment.state is CommentState.ROUTED
    assert comment.department_id == town.departments["water"]
    assert [step.appointment_id for step in steps] == [town.appointments[holder]]
    assert town.notified("comment_routed") == [holder]


def test_a_disabled_officer_gets_no_comment(town: City) -> None:
    (delivery_id,) = town.live()
    town.disable("first")
    _, steps = _look(town, town.comment(under=delivery_id))
    assert steps[0].appointment_id == town.appointments["second"]


def test_a_comment_for_a_department_without_people_goes_to_the_cell(
    town: City,
) -> None:
    (delivery_id,) = town.live("road")
    town.end("road_officer")
    comment, steps = _look(town, town.comment(under=delivery_id))
    assert (comment.state, comment.department_id) == (CommentState.RECEIVED, None)
    assert steps[0].reason == RoutingReason.NOBODY_THERE
    assert steps[0].details["department"] == town.departments["road"]
    assert steps[0].details["meant"] == RoutingReason.UNDER_POST
    assert comment.due_at == working_time.add_working_hours(comment.seen_at, 4)


def test_the_reason_names_the_post_it_stands_under(town: City) -> None:
    (delivery_id,) = town.live()
    _, steps = _look(town, town.comment(under=delivery_id))
    assert steps[0].reason == RoutingReason.UNDER_POST
    assert steps[0].details["title"] == "शनिवारी पाणीपुरवठा बंद"
    assert steps[0].details["post"] == town.delivery(delivery_id).post_id


def test_an_answer_is_due_three_working_days_after_the_citizen_wrote(town: City) -> None:
    (delivery_id,) = town.live()
    comment, _ = _look(town, town.comment(under=delivery_id))
    assert comment.due_at == working_time.add_working_days(comment.written_at, 3)


def test_what_has_no_department_waits_with_the_cell_which_assigns_it(town: City) -> None:
    comment_id = town.comment("रस्त्यावर खड्डा आहे")
    comment, steps = _look(town, comment_id)
    assert (comment.state, steps[0].reason) == (CommentState.RECEIVED, "no_department")
    assert town.notified("comment_routed") == []
    town.assign(comment_id, "road")
    comment, steps = _look(town, comment_id)
    assert comment.state is CommentState.ROUTED
    assert [(step.reason, step.until_at) for step in steps] == [
        ("no_department", town.now),
        ("assigned", None),
    ]
    assert town.notified("comment_routed") == ["road_officer"]
    assert comment.due_at == working_time.add_working_days(comment.written_at, 3)


def test_assigned_to_a_department_with_nobody_it_stays_with_the_cell(town: City) -> None:
    comment_id = town.comment()
    town.assign(comment_id, "garden")
    comment, steps = _look(town, comment_id)
    assert (comment.state, steps[-1].reason) == (CommentState.RECEIVED, "nobody_there")


@pytest.mark.parametrize("who", ["admin", "auditor"])
def test_only_the_cell_assigns(town: City, who: str) -> None:
    comment_id = town.comment()
    with pytest.raises(WrongRole):
        town.assign(comment_id, "water", by=who)


@pytest.mark.parametrize("who", ["first", "head", "member", "oversight"])
def test_an_unrouted_comment_does_not_exist_for_a_department(town: City, who: str) -> None:
    comment_id = town.comment()
    with pytest.raises(NotFound):
        town.assign(comment_id, "water", by=who)


@pytest.mark.parametrize(
    ("from_on", "until_on"), [(timedelta(days=1), None), (None, timedelta(days=-1))]
)
def test_a_department_not_in_force_is_given_no_comment(
    town: City, from_on: timedelta | None, until_on: timedelta | None
) -> None:
    comment_id, today = town.comment(), local_day(town.now)
    with town.write() as session:
        road = session.get_one(Department, town.departments["road"])
        road.from_on = None if from_on is None else today + from_on
        road.until_on = None if until_on is None else today + until_on
    with pytest.raises(Invalid) as raised:
        town.assign(comment_id, "road", by="clerk")
    assert raised.value.codes == [("department", "unknown_department")]


def test_what_is_routed_is_not_assigned_but_transferred(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    with pytest.raises(WrongState):
        town.assign(comment_id, "road")


def test_a_transfer_keeps_the_citizens_clock_and_says_why(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    due_at = _look(town, comment_id)[0].due_at
    town.clock.move(DAY)
    _transfer(town, comment_id, "road")
    comment, steps = _look(town, comment_id)
    assert comment.department_id == town.departments["road"]
    assert comment.due_at == due_at
    assert (steps[-1].reason, steps[-1].details["words"]) == ("transferred", WORDS)
    assert steps[-1].details["from"] == town.departments["water"]
    assert town.notified("comment_routed") == ["road_officer"]


def test_given_back_it_waits_with_the_cell(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    _transfer(town, comment_id, None)
    comment, steps = _look(town, comment_id)
    assert (comment.state, comment.department_id) == (CommentState.RECEIVED, None)
    assert steps[-1].reason == "given_back"


def test_after_a_transfer_it_is_no_longer_the_first_departments(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    _transfer(town, comment_id, "road")
    with pytest.raises(NotFound):
        _transfer(town, comment_id, "water")
    with pytest.raises(NotFound):
        town.answer(comment_id, by="first")


def test_a_transfer_takes_back_an_answer_that_has_not_left(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id)
    _transfer(town, comment_id, "road")
    town.tick_dispatch(HOUR)
    assert _delivery_of(town, post_id).state is DeliveryState.CANCELLED
    assert len(town.platform("x").published) == 1
    town.answer(comment_id, by="road_officer")
    town.tick_dispatch()
    assert len(town.platform("x").published) == 2


def test_an_answer_in_review_can_no_longer_be_approved_after_a_transfer(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id, by="clerk")
    _transfer(town, comment_id, "road", by="clerk")
    with pytest.raises(WrongState):
        town.approve(post_id, by="first")
    town.tick_dispatch()
    assert len(town.platform("x").published) == 1


def test_an_answer_taken_back_cannot_be_scheduled_again(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id)
    _transfer(town, comment_id, "road")
    with pytest.raises(WrongState):
        town.schedule(post_id)


@pytest.mark.parametrize("settle", ["transfer", "close"])
def test_an_answer_that_may_be_live_holds_the_comment(town: City, settle: str) -> None:
    comment_id = _routed(town)
    town.platform("x").fail_next(OutcomeUnknown())
    town.answer(comment_id)
    town.tick_dispatch()
    with pytest.raises(OnItsWay):
        _settle(town, settle, comment_id)
    assert _look(town, comment_id)[0].state is CommentState.ROUTED


def test_closing_needs_a_reason_and_keeps_it(town: City) -> None:
    comment_id = _routed(town)
    with pytest.raises(Invalid):
        _close(town, comment_id, reason="  ")
    _close(town, comment_id)
    comment, _ = _look(town, comment_id)
    assert (comment.state, comment.reason) == (CommentState.CLOSED, WORDS)


def test_an_answered_comment_can_be_closed(town: City) -> None:
    comment_id = _answered(town)
    _close(town, comment_id)
    assert _look(town, comment_id)[0].state is CommentState.CLOSED


def test_the_cell_closes_what_nobody_has_to_answer(town: City) -> None:
    comment_id = town.comment()
    _close(town, comment_id, by="clerk")
    assert _look(town, comment_id)[0].state is CommentState.CLOSED


@pytest.mark.parametrize("settled", ["answered", "closed"])
def test_reopened_it_is_the_officers_again_with_a_new_clock(town: City, settled: str) -> None:
    comment_id = _answered(town) if settled == "answered" else _routed(town)
    if settled == "closed":
        _close(town, comment_id)
    town.clock.move(DAY)
    _reopen(town, comment_id)
    comment, steps = _look(town, comment_id)
    assert (comment.state, comment.opening, comment.reason) == (CommentState.ROUTED, 2, "")
    assert "reopen" in town.verbs("comments", comment_id)
    assert (steps[-1].reason, steps[-1].appointment_id) == (
        "reopened",
        town.appointments["first"],
    )
    assert comment.due_at == working_time.add_working_days(town.now, 3)


def test_reopened_it_can_be_answered_once_more(town: City) -> None:
    comment_id = _answered(town)
    _reopen(town, comment_id)
    town.answer(comment_id, "आणखी एक उत्तर.")
    town.tick_dispatch()
    assert town.note_answers() == 1
    assert _look(town, comment_id)[0].state is CommentState.ANSWERED
    assert len(town.platform("x").published) == 3


def test_what_the_cell_closed_in_its_queue_comes_back_to_its_queue(town: City) -> None:
    comment_id = town.comment()
    _close(town, comment_id, by="clerk")
    _reopen(town, comment_id, by="clerk")
    comment, _ = _look(town, comment_id)
    assert comment.state is CommentState.RECEIVED
    assert comment.due_at == working_time.add_working_hours(town.now, 4)


def test_what_is_open_is_not_reopened(town: City) -> None:
    comment_id = _routed(town)
    with pytest.raises(WrongState):
        _reopen(town, comment_id)


@pytest.mark.parametrize("who", ["road_officer", "member", "admin", "auditor", "oversight"])
def test_who_does_not_answer_for_the_department_moves_nothing(town: City, who: str) -> None:
    comment_id = _routed(town)
    acts: list[Callable[[], object]] = [
        lambda: _transfer(town, comment_id, "road", by=who),
        lambda: _close(town, comment_id, by=who),
        lambda: _reopen(town, comment_id, by=who),
        lambda: town.answer(comment_id, by=who),
    ]
    for act in acts:
        with pytest.raises((NotAllowed, NotFound)):
            act()
    assert _look(town, comment_id)[0].state is CommentState.ROUTED


def test_a_department_or_comment_that_does_not_exist_is_refused(town: City) -> None:
    comment_id = _routed(town)
    with town.write() as session, pytest.raises(Invalid):
        routing.transfer(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            department_id=4_711,
            reason=WORDS,
        )
    with pytest.raises(NotFound):
        _close(town, 4_711)


@pytest.mark.twin
def test_a_comment_always_has_exactly_one_routing_in_force(town: City) -> None:
    comment_id = _routed(town)
    town.appoint("garden_officer", Role.OFFICER, "garden")
    for department in ("road", "garden", "health", None):
        _transfer(town, comment_id, department, by="clerk")
    _, steps = _look(town, comment_id)
    assert [step.until_at is None for step in steps] == [False] * 4 + [True]
    assert all(step.until_at == following.since_at for step, following in pairwise(steps))


def _routed(town: City) -> int:
    (delivery_id,) = town.live()
    return town.comment(under=delivery_id)


def _answered(town: City) -> int:
    comment_id = _routed(town)
    town.answer(comment_id)
    town.tick_dispatch()
    town.note_answers()
    assert _look(town, comment_id)[0].state is CommentState.ANSWERED
    return comment_id


def _look(town: City, comment_id: int) -> tuple[Comment, list[Routing]]:
    with town.read() as session:
        steps = select(Routing).where(Routing.comment_id == comment_id).order_by(Routing.id)
        return session.get_one(Comment, comment_id), list(session.scalars(steps))


def _delivery_of(town: City, post_id: int) -> Delivery:
    with town.read() as session:
        return session.get_one(Post, post_id).deliveries[0]


def _transfer(town: City, comment_id: int, department: str | None, *, by: str = "first") -> None:
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor(by),
            now=town.now,
            comment_id=comment_id,
            department_id=town.departments[department] if department else None,
            reason=WORDS,
        )


def _settle(town: City, how: str, comment_id: int) -> None:
    if how == "transfer":
        _transfer(town, comment_id, "road")
    else:
        _close(town, comment_id)


def _close(town: City, comment_id: int, *, by: str = "first", reason: str = WORDS) -> None:
    with town.write() as session:
        routing.close(
            session, actor=town.actor(by), now=town.now, comment_id=comment_id, reason=reason
        )


def _reopen(town: City, comment_id: int, *, by: str = "first") -> None:
    with town.write() as session:
        routing.reopen(
            session, actor=town.actor(by), now=town.now, comment_id=comment_id, reason=WORDS
        )
