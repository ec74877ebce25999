"""Corrections: a new revision edits the live post, or is published under it, on each account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import update

from approvals.errors import WrongState
from publisher.content_checks import outgoing_text
from publisher.drafting import drafts, prefill, renditions
from publisher.drafting.drafts import Draft, VariantDraft
from publisher.drafting.save import save
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptOrigin, ReceiptRow
from publisher.models.posts import Language, Post
from publisher.review import takedown_orders
from publisher.scheduling import corrections, schedule
from publisher.scheduling.corrections import AlreadyLive, CorrectionMode, CorrectsNothing, MayBeLive
from publisher.states import DeliveryState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE

EVERYWHERE = ("x", "facebook")
SAID = "शुद्धिपत्रक: वेळ सकाळी ९ ऐवजी १० अशी वाचावी."
MENDED = "शनिवारी सकाळी १० पासून पाणीपुरवठा बंद राहील."


def write(town: City, post_id: int, texts: Mapping[str, str], *, link: str = "") -> int:
    """Save these texts by account as the post's next revision, and return its number."""
    with town.read() as session:
        post, context = (
            session.get_one(Post, post_id),
            renditions.preparation_context(session, post_id=post_id),
        )
    variants = [
        VariantDraft(town.accounts[account], Language.MARATHI, text, link)
        for account, text in texts.items()
    ]
    draft = Draft(title=post.title, variants=tuple(variants))
    prepared = renditions.prepare_pictures(town.store, draft, context)
    with town.write() as session:
        return save(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            seen_revision=post.newest,
            prepared=prepared,
        ).number


def live_post(town: City, *, on: tuple[str, ...] = EVERYWHERE) -> int:
    """Return the id of a post that went live an hour ago."""
    deliveries = town.live(on=on)
    town.clock.move(HOUR)
    return town.delivery(deliveries[0]).post_id


def correct(town: City, post_id: int, texts: Mapping[str, str]) -> list[int]:
    """Write, approve and schedule a correction for now; return its deliveries' ids."""
    write(town, post_id, texts)
    town.send(post_id)
    town.approve(post_id)
    return town.schedule(post_id, timedelta(0))


def live_texts(town: City, post_id: int) -> dict[str, list[str]]:
    """Return the live texts of the post, by platform."""
    deliveries: dict[str, list[str]] = {}
    with town.read() as session:
        for live_text in corrections.list_live_texts(session, post_id):
            text = outgoing_text.outgoing_text(live_text.current)
            deliveries.setdefault(live_text.account.platform, []).append(text)
    return deliveries


def test_a_correction_edits_on_facebook_and_stands_under_the_post_on_x(town: City) -> None:
    post_id = live_post(town)
    (x_post,), (facebook_post,) = (town.platform(platform).published for platform in EVERYWHERE)
    deliveries = correct(town, post_id, {"x": SAID, "facebook": MENDED})
    town.tick_dispatch()

    actions = {town.delivery(delivery).action for delivery in deliveries}
    assert actions == {DeliveryAction.PUBLISH, DeliveryAction.EDIT}
    before, note = town.platform("x").published
    assert (before, note.text, note.parent_id) == (x_post, SAID, x_post.platform_id)
    (edited,) = town.platform("facebook").published
    assert (edited.platform_id, edited.text) == (facebook_post.platform_id, MENDED)
    assert live_texts(town, post_id) == {"x": [x_post.text, SAID], "facebook": [MENDED]}


def test_until_it_is_published_what_is_live_stays_what_was_published_last(town: City) -> None:
    post_id = live_post(town, on=("facebook",))
    (text,) = live_texts(town, post_id)["facebook"]
    write(town, post_id, {"facebook": MENDED})
    assert live_texts(town, post_id) == {"facebook": [text]}
    town.send(post_id)
    town.approve(post_id)
    assert live_texts(town, post_id) == {"facebook": [text]}
    town.schedule(post_id, timedelta(0))
    town.tick_dispatch()
    assert live_texts(town, post_id) == {"facebook": [MENDED]}


def test_the_approval_covers_what_a_correction_is_aimed_at(town: City) -> None:
    post_id = live_post(town)
    ids = {platform: town.platform(platform).published[0].platform_id for platform in EVERYWHERE}
    write(town, post_id, {"x": SAID, "facebook": MENDED})
    town.send(post_id)
    with town.read() as session:
        canonical = session.get_one(Post, post_id).revisions[-1].canonical
    assert all(f'"target":"{platform_id}"' in canonical for platform_id in ids.values())


def test_what_would_change_nothing_is_left_out(town: City) -> None:
    post_id = live_post(town)
    (text,) = live_texts(town, post_id)["facebook"]
    write(town, post_id, {"x": SAID, "facebook": text})
    with town.read() as session:
        (variant,) = session.get_one(Post, post_id).revisions[-1].variants
        assert (variant.account_id, variant.text) == (town.accounts["x"], SAID)
    with pytest.raises(Invalid) as wrong:
        write(town, post_id, {"x": "शुद्धिपत्रक: ", "facebook": text})
    assert wrong.value.codes == [("variants", "nothing_changed")]


def test_where_nothing_is_live_a_correction_is_published_as_any_other(town: City) -> None:
    post_id = live_post(town, on=("facebook",))
    x, facebook = correct(town, post_id, {"x": MENDED, "facebook": MENDED})
    assert town.delivery(x).action is DeliveryAction.PUBLISH
    assert town.delivery(facebook).action is DeliveryAction.EDIT
    town.tick_dispatch()
    assert [(post.text, post.parent_id) for post in town.platform("x").published] == [
        (MENDED, None)
    ]


def test_a_correction_begins_with_the_live_texts_and_its_standard_words(town: City) -> None:
    post_id = live_post(town)
    with town.read() as session:
        post = drafts.get_post(session, actor=town.actor("clerk"), post_id=post_id)
        begun = prefill.start_draft(post, drafts.usable_accounts(session))
        ways = {
            target.live.account.platform: target.mode
            for target in corrections.find_targets(post).values()
        }
    texts = {variant.account_id: variant.text for variant in begun.variants}
    assert texts[town.accounts["facebook"]] == town.platform("facebook").published[0].text
    assert texts[town.accounts["x"]] == "शुद्धिपत्रक: "
    assert ways == {"x": CorrectionMode.NOTE, "facebook": CorrectionMode.EDIT}


def test_the_next_correction_starts_from_the_last_and_edits_the_same_post(town: City) -> None:
    post_id = live_post(town, on=("facebook",))
    own = town.platform("facebook").published[0].platform_id
    correct(town, post_id, {"facebook": MENDED})
    town.tick_dispatch(MINUTE)
    with town.read() as session:
        post = drafts.get_post(session, actor=town.actor("clerk"), post_id=post_id)
        (again,) = prefill.start_draft(post, drafts.usable_accounts(session)).variants
    assert again.text == MENDED
    correct(town, post_id, {"facebook": f"{MENDED} टँकर मिळेल."})
    town.tick_dispatch(MINUTE)
    (edited,) = town.platform("facebook").published
    assert (edited.platform_id, edited.text) == (own, f"{MENDED} टँकर मिळेल.")


def test_nothing_is_scheduled_beside_what_may_be_live(town: City) -> None:
    """The correction may be approved; what it corrects is known once the outcome is known."""
    post_id = town.delivery(town.hold()).post_id
    write(town, post_id, {"x": MENDED})
    town.send(post_id)
    town.approve(post_id)
    with pytest.raises(MayBeLive):
        town.schedule(post_id, HOUR)


def test_a_text_published_during_a_newer_revision_is_not_posted_again(
    town: City,
) -> None:
    """The older revision turned out to be live after the newer one was saved."""
    post_id = town.approved(on=("x",))
    (delivery_id,) = town.schedule(post_id, HOUR)
    write(town, post_id, {"x": MENDED})
    _confirm_live(town, delivery_id)
    town.send(post_id)
    town.approve(post_id)
    with pytest.raises(AlreadyLive):
        town.schedule(post_id, HOUR)


def _confirm_live(town: City, delivery_id: int) -> None:
    """Store a receipt, which shows that the delivery is live after all."""
    out = update(Delivery).where(Delivery.id == delivery_id)
    with town.write() as session:
        session.execute(out.values({Delivery.state: DeliveryState.PUBLISHED}))
        session.add(
            ReceiptRow(
                delivery_id=delivery_id,
                account_id=town.accounts["x"],
                platform_id="77",
                published_at=town.now,
                stored_at=town.now,
                origin=ReceiptOrigin.ANSWER,
            )
        )


def test_what_is_gone_meanwhile_is_not_corrected(town: City) -> None:
    post_id = live_post(town, on=("facebook",))
    write(town, post_id, {"facebook": MENDED})
    town.send(post_id)
    town.approve(post_id)
    with town.write() as session:
        (live_text,) = corrections.list_live_texts(session, post_id)
        live_text.receipt.gone_at = town.now
    with pytest.raises(CorrectsNothing):
        town.schedule(post_id, HOUR)


def test_a_link_that_stands_with_the_post_is_not_said_again(town: City) -> None:
    link = "https://pmc.example/water"
    post_id = town.start(town.hand_in())
    write(town, post_id, {"x": "पाणी बंद", "facebook": "पाणी बंद"}, link=link)
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, timedelta(0))
    town.tick_dispatch()
    write(town, post_id, {"x": SAID, "facebook": MENDED}, link=link)
    with town.read() as session:
        links = {variant.link for variant in session.get_one(Post, post_id).revisions[-1].variants}
    assert links == {""}
    with pytest.raises(Invalid) as wrong:
        write(town, post_id, {"facebook": MENDED}, link="https://pmc.example/other")
    assert wrong.value.codes == [("variants-0-link", "edit_keeps_link")]


def test_an_order_about_what_is_out_is_not_put_off_like_a_text(town: City) -> None:
    post_id = live_post(town, on=("x",))
    with town.write() as session:
        (live_text,) = corrections.list_live_texts(session, post_id)
        (order,) = takedown_orders.take_back(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=post_id,
            receipt_ids=[live_text.receipt.id],
            reason="चुकीची माहिती",
        )
        delivery_id = order.delivery_id
    due_at = town.delivery(delivery_id).due_at
    with town.write() as session, pytest.raises(WrongState):
        schedule.schedule(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_id=town.delivery(delivery_id).variant_id,
            due_at=town.now + HOUR,
        )
    assert town.delivery(delivery_id).due_at == due_at
