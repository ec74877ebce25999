"""Hiding a citizen's comment under a post of the city, and showing it again."""

from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import Action
from publisher.inbox import hide as inbox_hide
from publisher.inbox.hide import HiddenAlready, NotUnderOurs
from publisher.models.comments import Comment
from publisher.models.controls import Order
from publisher.models.posts import Post
from publisher.reports import comment_detail, timeline
from publisher.reports.comment_detail import CommentDetail
from publisher.review import takedown_orders
from publisher.review.takedown_orders import AlreadyOrdered
from publisher.states import DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.memory_platform.store import StoredPost

WHY = "दुसऱ्या नागरिकाचा दूरध्वनी क्रमांक लिहिला आहे."


def hide(town: City, comment_id: int, *, by: str = "first", again: bool = False) -> int:
    """Order that the comment is hidden, or shown again; return the delivery."""
    act = inbox_hide.unhide if again else inbox_hide.hide
    with town.write() as session:
        hide_id: Order = act(
            session, actor=town.actor(by), now=town.now, comment_id=comment_id, reason=WHY
        )
        return hide_id.delivery_id


def page(town: City, comment_id: int, *, by: str = "first") -> CommentDetail:
    """Load the comment's page."""
    with town.read() as session:
        return comment_detail.comment_page(
            session, actor=town.actor(by), comment_id=comment_id, now=town.now
        )


def test_a_comment_is_hidden_and_shown_again_by_the_press(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    own = town.platform("x").posts[-1].platform_id
    assert Action.HIDE in page(town, comment_id).acts
    hide(town, comment_id)
    assert page(town, comment_id).hidden_at is None
    town.tick_dispatch()
    assert _remote_comment(town, own).is_hidden
    hidden = page(town, comment_id)
    assert hidden.hidden_at == town.now
    assert {Action.HIDE, Action.UNHIDE} & hidden.acts == {Action.UNHIDE}
    assert "hidden" in town.verbs("comments", comment_id)
    hide(town, comment_id, again=True)
    town.tick_dispatch()
    assert not _remote_comment(town, own).is_hidden
    assert page(town, comment_id).hidden_at is None
    with town.read() as session:
        orders = takedown_orders.list_comment_orders(session, comment_id)
    assert [(order.action.value, order.reason) for order in orders] == [
        ("hide", WHY),
        ("unhide", WHY),
    ]


def _remote_comment(town: City, platform_id: str) -> StoredPost:
    return next(post for post in town.platform("x").posts if post.platform_id == platform_id)


def test_it_stays_with_its_officer_and_can_still_be_answered(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    before = page(town, comment_id)
    hide(town, comment_id)
    town.tick_dispatch()
    after = page(town, comment_id)
    assert (after.state, after.due_at, after.holder) == (
        before.state,
        before.due_at,
        before.holder,
    )
    assert Action.ANSWER in after.acts


def test_only_what_stands_under_a_live_post_of_ours_can_be_hidden(town: City) -> None:
    mention = town.comment()
    town.assign(mention, "water")
    assert Action.HIDE not in page(town, mention).acts
    with pytest.raises(NotUnderOurs):
        hide(town, mention)


def test_it_is_hidden_once_and_with_a_reason(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    with town.write() as session, pytest.raises(Invalid):
        inbox_hide.hide(
            session, actor=town.actor("first"), now=town.now, comment_id=comment_id, reason=" "
        )
    with pytest.raises(HiddenAlready):
        hide(town, comment_id, again=True)
    hide(town, comment_id)
    with pytest.raises(AlreadyOrdered):
        hide(town, comment_id)
    town.tick_dispatch()
    with pytest.raises(HiddenAlready):
        hide(town, comment_id)


@pytest.mark.parametrize("by", ["lead", "clerk", "first", "head"])
def test_the_cell_and_the_department_may_hide(town: City, by: str) -> None:
    assert hide(town, town.comment(under=town.live()[0]), by=by)


@pytest.mark.parametrize(
    ("by", "error"),
    [
        ("member", WrongRole),
        ("road_officer", NotFound),
        ("admin", WrongRole),
        ("auditor", WrongRole),
        ("oversight", WrongRole),
    ],
)
def test_nobody_else_may_hide(town: City, by: str, error: type[Exception]) -> None:
    comment_id = town.comment(under=town.live()[0])
    with pytest.raises(error):
        hide(town, comment_id, by=by)


def test_a_hidden_comment_is_no_step_of_the_posts_timeline(town: City) -> None:
    (delivery,) = town.live()
    post_id = town.delivery(delivery).post_id
    comment_id = town.comment(under=delivery)
    with town.read() as session:
        before = timeline.post_timeline(
            session, post=session.get_one(Post, post_id), now=town.now
        ).steps
    order = hide(town, comment_id)
    town.tick_dispatch()
    assert town.delivery(order).state is DeliveryState.PUBLISHED
    with town.read() as session:
        after = timeline.post_timeline(
            session, post=session.get_one(Post, post_id), now=town.now
        ).steps
        assert session.get_one(Comment, comment_id).hidden_at is not None
    assert [step.kind for step in after] == [step.kind for step in before]
