"""Examples of changes to live posts: a correction, deletions, edits by others, a hidden comment."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from publisher.drafting import renditions
from publisher.drafting.drafts import Draft, VariantDraft
from publisher.drafting.save import save
from publisher.inbox.hide import hide
from publisher.models.controls import Order
from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Language, Post
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from tests.support.city import City

CORRECTED_TEXT = "शनिवारी सकाळी ९ ऐवजी १० ते सायंकाळी ५ या वेळेत पूर्व भागाचा पाणीपुरवठा बंद राहील."


def add_examples(town: City, paths: dict[str, int | str]) -> None:
    """Write the examples into the city, and add their ids to `paths`."""
    corrected = _publish_new_post(town)
    _send_correction(town, corrected)
    paths["corrected"] = corrected
    live_texts = _publish_new_post(town)
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION), on="delete")
    _order_deletion(town, live_texts)
    town.tick_dispatch()
    paths["taken"] = live_texts
    with town.read() as session:
        orders = takedown_orders.list_orders(session, live_texts)
        paths["deletion"], paths["stuck_deletion"] = _deletion_ids(orders)
    paths["found"] = _record_external_change(
        town, _publish_new_post(town), finding_text="शनिवारी पाणीपुरवठा सुरळीत राहील."
    )
    paths["found_gone"] = _record_external_change(town, _publish_new_post(town), finding_text="")
    _hide_comment(town, paths)


def _publish_new_post(town: City) -> int:
    deliveries = town.live(on=("x", "facebook"))
    town.clock.move(timedelta(minutes=11))
    return town.delivery(deliveries[0]).post_id


def _send_correction(town: City, post_id: int) -> None:
    """Send a correction of the post for review, for both accounts."""
    with town.read() as session:
        post, context = (
            session.get_one(Post, post_id),
            renditions.preparation_context(session, post_id=post_id),
        )
    texts = {"x": f"शुद्धिपत्रक: {CORRECTED_TEXT}", "facebook": CORRECTED_TEXT}
    variants = [
        VariantDraft(town.accounts[platform], Language.MARATHI, text)
        for platform, text in texts.items()
    ]
    draft = Draft(title=post.title, note="वेळ दुरुस्त केली.", variants=tuple(variants))
    prepared = renditions.prepare_pictures(town.store, draft, context)
    with town.write() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post_id,
            seen_revision=post.newest,
            prepared=prepared,
        )
    town.send(post_id)


def _order_deletion(town: City, post_id: int) -> None:
    with town.write() as session:
        takedown_orders.take_back(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=post_id,
            receipt_ids=[
                live_text.receipt.id for live_text in corrections.list_live_texts(session, post_id)
            ],
            reason="चुकीच्या भागाचे नाव प्रसिद्ध झाले होते; सुधारित माहिती लवकरच.",
        )


def _deletion_ids(orders: list[Order]) -> tuple[int, int]:
    """Return the id of the completed deletion, then of the refused one."""
    done = {order.delivery.state.value: order.delivery_id for order in orders}
    return done["published"], done["failed"]


def _record_external_change(town: City, post_id: int, *, finding_text: str) -> int:
    """Record that others edited the post on Facebook, or deleted it; return the watch's id."""
    with town.write() as session:
        (receipt,) = [
            live_text.receipt
            for live_text in corrections.list_live_texts(session, post_id)
            if live_text.account.platform == "facebook"
        ]
        watch = Watch(receipt_id=receipt.id, looked_at=town.now, seen_text=finding_text)
        if finding_text:
            watch.differs_at = town.now
        else:
            watch.found_gone_at = town.now
            session.get_one(ReceiptRow, receipt.id).gone_at = town.now
        session.add(watch)
        session.flush()
        return session.scalars(select(Watch.id).where(Watch.receipt_id == receipt.id)).one()


def _hide_comment(town: City, paths: dict[str, int | str]) -> None:
    """Add a comment and hide it."""
    comment_id = town.comment("या नंबरवर फोन करा: तो माणूस चोर आहे.", under=town.live()[0])
    with town.write() as session:
        hide(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            reason="एका व्यक्तीवर वैयक्तिक आरोप व तिचा दूरध्वनी क्रमांक.",
        )
    town.tick_dispatch()
    paths["hidden"] = comment_id
