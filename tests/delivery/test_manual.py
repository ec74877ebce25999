"""Publishing by hand: only approved texts, checked against the account, read back and stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.errors import NotAllowed, NotApproved, WrongRole, WrongState
from publisher.content_checks import outgoing_text
from publisher.delivery import manual
from publisher.delivery.manual import HeldByFreeze, HeldByStop
from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery, ReceiptOrigin, ReceiptRow
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Medium, Outgoing
from publisher.review import withdraw
from publisher.scheduling.schedule import OnItsWay
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid
from tests.delivery.test_freeze import freeze
from tests.delivery.test_stop import stop
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.support.memory_platform.store import address

FROM = [
    DeliveryState.SCHEDULED,
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
]
PICTURE = Medium(b"x", "image/jpeg", "पाण्याची टाकी", "0" * 64)


def scheduled(town: City, *, on: str = "x", department: str = "water") -> int:
    return town.schedule(town.approved(department, on=[on]), HOUR)[0]


def set_state(town: City, delivery_id: int, state: DeliveryState) -> None:
    """Set a delivery's state without a transition."""
    with town.write() as session:
        session.get_one(Delivery, delivery_id).state = state


def post(
    town: City, delivery_id: int, *, on: str = "x", text: str = "", media: tuple[Medium, ...] = ()
) -> str:
    """Publish as a person does on the platform, and return the link."""
    with town.read() as session:
        approved = outgoing_text.outgoing_text(session.get_one(Delivery, delivery_id).variant)
    platform = town.platform(on)
    deadline = Deadline.after(60, lambda: 0.0)
    outgoing = Outgoing(text or approved, media=media)
    receipt = platform.publish(platform.prepare(outgoing, deadline=deadline), deadline=deadline)
    return link_to(receipt.platform_id, on=on)


def link_to(number: str, *, on: str = "x") -> str:
    way = "status" if on == "x" else "posts"
    return f"https://platform.example/pmc_{on}/{way}/{number}"


def paste(town: City, delivery_id: int, link: str, *, by: str = "clerk", on: str = "x") -> Delivery:
    """Record a post published by hand as the page does: check the link, read back, store."""
    with town.read() as session:
        pasted = manual.look_at_link(
            session, actor=town.actor(by), now=town.now, delivery_id=delivery_id, link=link
        )
    read_back = manual.read_back(town.platform(on), pasted)
    with town.write() as session:
        return manual.publish_by_hand(
            session, actor=town.actor(by), now=town.now, manual_post=pasted, linked_post=read_back
        )


def receipt_of(town: City, delivery_id: int) -> ReceiptRow:
    with town.read() as session:
        receipt = session.get_one(Delivery, delivery_id).receipt
        assert receipt is not None
        return receipt


@pytest.mark.parametrize("state", FROM)
def test_a_manual_post_stores_the_persons_receipt_and_is_never_sent(
    town: City, state: DeliveryState
) -> None:
    delivery_id = scheduled(town)
    set_state(town, delivery_id, state)
    link = post(town, delivery_id)
    paste(town, delivery_id, link)
    receipt = receipt_of(town, delivery_id)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert (receipt.origin, receipt.person_id) == (ReceiptOrigin.BY_HAND, town.people["clerk"])
    assert (receipt.url, receipt.platform_id) == (link, link.rpartition("/")[2])
    assert receipt.answer
    town.tick_dispatch(2 * HOUR)
    assert len(town.platform("x").published) == 1
    assert town.verbs("deliveries", delivery_id)[-1] == "publish_by_hand"


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENDING])
def test_a_delivery_that_a_clock_has_claimed_cannot_be_published_by_hand(
    town: City, state: DeliveryState
) -> None:
    delivery_id = scheduled(town)
    set_state(town, delivery_id, state)
    with pytest.raises(OnItsWay):
        paste(town, delivery_id, link_to("1"))


@pytest.mark.parametrize("state", [DeliveryState.CANCELLED, DeliveryState.PUBLISHED])
def test_a_cancelled_or_published_delivery_cannot_be_published_by_hand(
    town: City, state: DeliveryState
) -> None:
    delivery_id = scheduled(town)
    set_state(town, delivery_id, state)
    with pytest.raises(WrongState):
        paste(town, delivery_id, link_to("1"))


@pytest.mark.parametrize("by", ["admin", "first", "head", "member", "oversight", "auditor"])
def test_only_the_cell_publishes_by_hand(town: City, by: str) -> None:
    delivery_id = scheduled(town)
    link = post(town, delivery_id)
    with pytest.raises(WrongRole):
        paste(town, delivery_id, link, by=by)
    assert paste(town, delivery_id, link, by="lead").state is DeliveryState.PUBLISHED


def test_comments_under_a_manual_post_are_read_and_routed(town: City) -> None:
    delivery_id = scheduled(town)
    paste(town, delivery_id, post(town, delivery_id))
    comment = town.comment(under=delivery_id)
    assert town.verbs("comments", comment)[0] == "receive"


def test_a_manual_reply_answers_its_comment(town: City) -> None:
    comment = town.comment(under=town.live()[0])
    post_id = town.answer(comment)
    with town.read() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()
        target = delivery.variant.target
    platform, deadline = town.platform("x"), Deadline.after(60, lambda: 0.0)
    outgoing = Outgoing("@udaharan उद्या सकाळी सहा वाजता.", reply_to=target)
    receipt = platform.reply(platform.prepare(outgoing, deadline=deadline), deadline=deadline)
    paste(town, delivery.id, link_to(receipt.platform_id))
    town.note_answers()
    with town.read() as session:
        assert session.get_one(Comment, comment).state is CommentState.ANSWERED


def test_a_manual_post_with_another_text_is_refused_and_the_text_shown(town: City) -> None:
    delivery_id = scheduled(town)
    link = post(town, delivery_id, text="दुसराच मजकूर")
    with pytest.raises(Invalid) as refusal:
        paste(town, delivery_id, link)
    assert refusal.value.codes == [("link", "other_text")]
    assert refusal.value.problems[0].values == {"there": "दुसराच मजकूर"}
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED


def test_a_manual_post_with_an_unapproved_picture_is_refused(town: City) -> None:
    delivery_id = scheduled(town)
    with pytest.raises(Invalid) as refusal:
        paste(town, delivery_id, post(town, delivery_id, media=(PICTURE,)))
    assert refusal.value.codes == [("link", "other_pictures")]


def test_a_link_to_a_citizens_post_or_to_no_post_is_refused(town: City) -> None:
    delivery_id = scheduled(town)
    theirs = town.platform("x").citizen_says("पाणी कधी येणार?")
    for number, code in ((theirs, "other_account"), ("999999", "not_there")):
        with pytest.raises(Invalid) as refusal:
            paste(town, delivery_id, link_to(number))
        assert refusal.value.codes == [("link", code)]


def test_a_link_to_the_post_of_another_delivery_is_refused(town: City) -> None:
    live = town.live("road")[0]
    delivery_id = scheduled(town)
    with pytest.raises(Invalid) as refusal:
        paste(town, delivery_id, link_to(town.platform_id(live)))
    assert refusal.value.codes == [("link", "other_post")]


def test_a_link_that_another_delivery_got_meanwhile_is_refused(town: City) -> None:
    """The platform does not respond, so both links are believed when they are judged."""
    first, second = scheduled(town), scheduled(town)
    link = post(town, first)
    with town.read() as session:
        judged = manual.look_at_link(
            session, actor=town.actor("clerk"), now=town.now, delivery_id=second, link=link
        )
    town.platform("x").fail_next(TryLater(), on="see")
    read_back = manual.read_back(town.platform("x"), judged)
    paste(town, first, link)
    with pytest.raises(Invalid) as refusal, town.write() as session:
        manual.publish_by_hand(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            manual_post=judged,
            linked_post=read_back,
        )
    assert refusal.value.codes == [("link", "other_post")]
    assert town.delivery(second).state is DeliveryState.SCHEDULED


@pytest.mark.parametrize(
    "trouble",
    [TryLater(), Refused(RefusalCode.PERMISSION), CredentialsExpired()],
    ids=["away", "no right", "expired"],
)
def test_a_manual_post_that_cannot_be_read_back_is_stored_as_unverified(
    town: City, trouble: PlatformError
) -> None:
    delivery_id = scheduled(town)
    link = post(town, delivery_id, text="अद्याप कोणी न वाचलेले")
    town.platform("x").fail_next(trouble, on="see")
    paste(town, delivery_id, link)
    receipt = receipt_of(town, delivery_id)
    assert (receipt.answer, receipt.published_at) == ("", town.now)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_link_without_an_id_is_found_by_the_text_of_the_post(town: City) -> None:
    """Facebook's newer links contain no id, so the post is found in the timeline by its text."""
    delivery_id = scheduled(town, on="facebook")
    number = post(town, delivery_id, on="facebook").rpartition("/")[2]
    paste(town, delivery_id, link_to("pfbid0abc", on="facebook"), on="facebook")
    receipt = receipt_of(town, delivery_id)
    assert (receipt.platform_id, receipt.url) == (number, address(number))


def test_a_link_without_an_id_is_refused_if_the_text_is_not_found(town: City) -> None:
    delivery_id = scheduled(town, on="facebook")
    post(town, delivery_id, on="facebook", text="दुसराच मजकूर")
    with pytest.raises(Invalid) as refusal:
        paste(town, delivery_id, link_to("pfbid0abc", on="facebook"), on="facebook")
    assert refusal.value.codes == [("link", "not_found_there")]


def test_nothing_is_published_by_hand_under_a_stop_or_a_freeze(town: City) -> None:
    delivery_id = scheduled(town)
    link = post(town, delivery_id)
    freeze(town, ends=town.now + HOUR)
    with pytest.raises(HeldByFreeze):
        paste(town, delivery_id, link)
    stop(town)
    with pytest.raises(HeldByStop):
        paste(town, delivery_id, link)


def test_an_approval_lost_after_the_link_was_read_blocks_the_manual_post(town: City) -> None:
    """The gate checks in the transaction that stores, not when the page was opened."""
    delivery_id = scheduled(town)
    link = post(town, delivery_id)
    with town.read() as session:
        pasted = manual.look_at_link(
            session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id, link=link
        )
    read_back = manual.read_back(town.platform("x"), pasted)
    set_state(town, delivery_id, DeliveryState.FAILED)
    town.end("first")
    with pytest.raises(NotApproved), town.write() as session:
        manual.publish_by_hand(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            manual_post=pasted,
            linked_post=read_back,
        )
    assert town.delivery(delivery_id).state is DeliveryState.FAILED


def test_a_manual_post_after_the_approvals_window_is_refused(town: City) -> None:
    delivery_id = scheduled(town)
    set_state(town, delivery_id, DeliveryState.MISSED)
    link = post(town, delivery_id)
    town.clock.move(timedelta(days=60))
    with pytest.raises(NotApproved):
        paste(town, delivery_id, link)


def test_the_same_link_pasted_twice_is_stored_once(town: City) -> None:
    delivery_id = scheduled(town)
    link = post(town, delivery_id)
    paste(town, delivery_id, link)
    with pytest.raises(WrongState):
        paste(town, delivery_id, link, by="lead")
    assert receipt_of(town, delivery_id).person_id == town.people["clerk"]


def test_a_delivery_without_its_approval_cannot_be_published_by_hand(town: City) -> None:
    delivery_id = scheduled(town)
    with town.write() as session:
        withdraw.withdraw_approval(
            session,
            actor=town.actor("first"),
            now=town.now + MINUTE,
            post_id=town.delivery(delivery_id).post_id,
            seen_revision=1,
        )
    with pytest.raises(NotAllowed):
        paste(town, delivery_id, link_to("1"))
