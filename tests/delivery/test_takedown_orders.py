"""Orders to delete live posts have a public reason, and are carried out by clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from approvals.errors import WrongRole, WrongState
from approvals.states import PostState
from publisher.models.comments import Comment, Source
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.reports import comment_detail, decision_board, timeline
from publisher.reports.next_step import NextKind
from publisher.reports.progress import Stage
from publisher.reports.tab_counts import overview_of
from publisher.reports.timeline_steps import StepKind
from publisher.review import takedown_orders
from publisher.review.takedown_orders import AlreadyOrdered
from publisher.scheduling import constraints, corrections, schedule
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

WHY = "चुकीच्या भागाचे नाव प्रसिद्ध झाले."


def take_back(
    town: City, post_id: int, *, by: str = "lead", on: Sequence[str] = ("x", "facebook")
) -> list[int]:
    """Order the deletion of a post on these accounts; return the deliveries' ids."""
    with town.write() as session:
        receipt_ids = [
            live_text.receipt.id
            for live_text in corrections.list_live_texts(session, post_id)
            if live_text.account.platform in on
        ]
        orders = takedown_orders.take_back(
            session,
            actor=town.actor(by),
            now=town.now,
            post_id=post_id,
            receipt_ids=receipt_ids,
            reason=WHY,
        )
        return [order.delivery_id for order in orders]


def live_post(town: City, *, on: Sequence[str] = ("x", "facebook")) -> int:
    """Return the id of a post that went live an hour ago."""
    deliveries = town.live(on=on)
    town.clock.move(HOUR)
    return town.delivery(deliveries[0]).post_id


def post(town: City, post_id: int) -> Post:
    """Return the post's row."""
    with town.read() as session:
        return session.get_one(Post, post_id)


def test_what_is_ordered_away_is_deleted_and_the_post_withdrawn(town: City) -> None:
    post_id = live_post(town)
    deliveries = take_back(town, post_id)
    assert post(town, post_id).state is PostState.WITHDRAWN
    assert post(town, post_id).reason == WHY
    assert len(town.platform("x").published) == 1
    town.tick_dispatch()
    assert town.platform("x").published == town.platform("facebook").published == []
    for delivery in deliveries:
        carried = town.delivery(delivery)
        assert (carried.action, carried.state) == (DeliveryAction.DELETE, DeliveryState.PUBLISHED)
    with town.read() as session:
        assert corrections.list_live_texts(session, post_id) == []
        orders = takedown_orders.list_orders(session, post_id)
        assert [order.reason for order in orders] == [WHY, WHY]
        gone = [order.receipt.gone_at for order in orders if order.receipt is not None]
    assert gone == [town.now, town.now]


def test_a_part_of_it_can_be_ordered_away_and_the_rest_stands(town: City) -> None:
    post_id = live_post(town)
    take_back(town, post_id, on=["x"])
    town.tick_dispatch()
    assert post(town, post_id).state is PostState.APPROVED
    assert town.platform("x").published == []
    assert len(town.platform("facebook").published) == 1
    take_back(town, post_id, on=["facebook"])
    assert post(town, post_id).state is PostState.WITHDRAWN


@pytest.mark.parametrize("by", ["lead", "first", "head"])
def test_the_lead_the_officer_and_the_head_may_order_it(town: City, by: str) -> None:
    assert take_back(town, live_post(town, on=["x"]), by=by)


@pytest.mark.parametrize("by", ["clerk", "member", "road_officer", "admin", "auditor"])
def test_nobody_else_may_order_it(town: City, by: str) -> None:
    post_id = live_post(town, on=["x"])
    with pytest.raises(WrongRole):
        take_back(town, post_id, by=by)


def test_an_order_needs_a_reason_and_something_that_stands(town: City) -> None:
    post_id = live_post(town, on=["x"])
    actor = town.actor("lead")
    with town.write() as session:
        (live_text,) = corrections.list_live_texts(session, post_id)
        for receipts, reason, code in (
            ([live_text.receipt.id], "  ", ("reason", "required")),
            ([], WHY, ("things", "nothing_chosen")),
            ([live_text.receipt.id + 1], WHY, ("things", "nothing_chosen")),
        ):
            with pytest.raises(Invalid) as wrong:
                takedown_orders.take_back(
                    session,
                    actor=actor,
                    now=town.now,
                    post_id=post_id,
                    receipt_ids=receipts,
                    reason=reason,
                )
            assert wrong.value.codes == [code]


def test_the_same_is_not_ordered_twice_at_once(town: City) -> None:
    post_id = live_post(town, on=["x"])
    with town.read() as session:
        (live_text,) = corrections.list_live_texts(session, post_id)
    take_back(town, post_id)
    with town.write() as session, pytest.raises(AlreadyOrdered):
        takedown_orders.order(
            session,
            actor=town.actor("lead"),
            now=town.now,
            action=DeliveryAction.DELETE,
            target=session.get_one(type(live_text.receipt), live_text.receipt.id),
            department_id=town.departments["water"],
            reason=WHY,
            variant=session.get_one(type(live_text.first), live_text.first.id),
        )


def test_a_new_revision_does_not_call_an_order_back(town: City) -> None:
    """A new revision cancels scheduled publications, but not deletions."""
    post_id = live_post(town)
    (order,) = take_back(town, post_id, on=["x"])
    town.save(post_id, on=["facebook"], text="दुरुस्त मजकूर")
    town.tick_dispatch()
    assert town.delivery(order).state is DeliveryState.PUBLISHED
    assert town.platform("x").published == []


def test_an_order_is_bound_by_no_window(town: City) -> None:
    """Thirty days after its review no revision may be published, but it may be deleted."""
    post_id = live_post(town, on=["x"])
    town.clock.move(60 * DAY)
    (order,) = take_back(town, post_id)
    with town.read() as session:
        row = session.get_one(Delivery, order)
        assert constraints.latest_moment(row) == town.now + DAY
    town.tick_dispatch(5 * MINUTE)
    assert town.delivery(order).state is DeliveryState.PUBLISHED


def test_a_refused_deletion_stays_on_the_board_until_it_is_ordered_again(
    town: City,
) -> None:
    post_id = live_post(town, on=["x"])
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION), on="delete")
    (order,) = take_back(town, post_id)
    town.tick_dispatch()
    assert town.delivery(order).state is DeliveryState.FAILED
    with pytest.raises(WrongState), town.write() as session:
        schedule.cancel(session, actor=town.actor("lead"), now=town.now, delivery_id=order)
    with town.read() as session:
        (line,) = decision_board.board(session, actor=town.actor("lead"), now=town.now).lines
        (row,) = line.rows
        assert (row.subject_id, row.is_order, row.action) == (order, True, DeliveryAction.DELETE)
        counted = overview_of(session, actor=town.actor("lead"), now=town.now).counts
        assert counted.decisions == 1
    (again,) = take_back(town, post_id)
    with town.read() as session:
        assert decision_board.board(session, actor=town.actor("lead"), now=town.now).total == 0
    town.tick_dispatch()
    assert town.delivery(again).state is DeliveryState.PUBLISHED
    with town.read() as session:
        assert decision_board.board(session, actor=town.actor("lead"), now=town.now).total == 0


def test_deleting_a_final_answer_opens_its_comment_again(town: City) -> None:
    (delivery,) = town.live()
    comment_id = town.comment(under=delivery)
    reply_id = town.answer(comment_id)
    town.tick_dispatch()
    town.note_answers()
    assert _comment(town, comment_id).state is CommentState.ANSWERED
    take_back(town, reply_id, by="first")
    town.note_answers()
    assert _comment(town, comment_id).state is CommentState.ANSWERED
    town.tick_dispatch()
    town.note_answers()
    reopened = _comment(town, comment_id)
    assert (reopened.state, reopened.opening) == (CommentState.ROUTED, 2)
    with town.read() as session:
        page = comment_detail.comment_page(
            session, actor=town.actor("first"), comment_id=comment_id, now=town.now
        )
    assert (page.routing_steps[-1].reason, page.routing_steps[-1].person_reason) == (
        "answer_deleted",
        WHY,
    )
    assert town.note_answers() == 0
    town.answer(comment_id, "आज रात्री आठ वाजता.")
    town.tick_dispatch()
    town.note_answers()
    assert _comment(town, comment_id).state is CommentState.ANSWERED


def test_an_answer_deleted_before_it_was_noted_opens_its_comment_again(town: City) -> None:
    (delivery,) = town.live()
    comment_id = town.comment(under=delivery)
    reply_id = town.answer(comment_id)
    town.tick_dispatch()
    take_back(town, reply_id, by="first")
    town.tick_dispatch()
    town.note_answers()
    reopened = _comment(town, comment_id)
    assert (reopened.state, reopened.opening) == (CommentState.ROUTED, 2)


def _comment(town: City, comment_id: int) -> Comment:
    with town.read() as session:
        return session.get_one(Comment, comment_id)


def test_comments_under_a_deleted_post_are_no_longer_read(town: City) -> None:
    (delivery,) = town.live()
    town.comment(under=delivery)
    with town.read() as session:
        post_id = session.get_one(Delivery, delivery).post_id
        sources = session.query(Source).filter(Source.receipt_id.is_not(None)).count()
    take_back(town, post_id)
    town.tick_dispatch()
    platform = town.platform("x")
    town.listen(2 * HOUR)
    with town.read() as session:
        (source,) = session.query(Source).filter(Source.receipt_id.is_not(None))
    assert sources == 1
    assert source.last_read_at is not None
    assert source.last_read_at < town.now - HOUR
    assert platform.published == []


def test_the_department_reads_in_its_timeline_what_became_of_it(town: City) -> None:
    submission = town.hand_in()
    post_id = town.draft(submission)
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, timedelta(0))
    town.tick_dispatch()
    town.clock.move(HOUR)
    take_back(town, post_id)
    before = _timeline(town, submission)
    assert before.next is not None
    assert before.next.kind is NextKind.TAKE_BACK
    town.tick_dispatch()
    after = _timeline(town, submission)
    kinds = [step.kind for step in after.steps]
    assert kinds[-3:] == [StepKind.DELETION_ORDERED, StepKind.POST_WITHDRAWN, StepKind.DELETED]
    assert (
        next(step for step in after.steps if step.kind is StepKind.DELETION_ORDERED).statement
        == WHY
    )
    assert (after.lives, after.stage, after.next) == ((), Stage.POST_WITHDRAWN, None)


def _timeline(town: City, submission: int) -> timeline.Timeline:
    with town.read() as session:
        return timeline.load_timeline(
            session, submission=session.get_one(Submission, submission), now=town.now
        )


def test_an_order_to_delete_is_called_off_by_whoever_may_give_it(town: City) -> None:
    post_id = live_post(town, on=["x"])
    (order,) = take_back(town, post_id)
    with town.write() as session, pytest.raises(WrongRole):
        schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=order)
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("first"), now=town.now, delivery_id=order)
    town.tick_dispatch()
    assert len(town.platform("x").published) == 1
    with town.read() as session:
        assert session.query(Order).count() == 1
