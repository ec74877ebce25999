"""One try of one delivery: prepare, let the gate judge, send, and store what came of it.

No transaction is open while a platform is called.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import Overtaken
from approvals.policy import CLOCK
from publisher import checkpoints, moving
from publisher.desk import judging, leaving
from publisher.desk.timing import latest_moment
from publisher.lifecycle import DeliveryState
from publisher.media.store import MediumChanged, MediumMissing, Store
from publisher.models.content import Post, Rendition, Variant
from publisher.models.deliveries import Delivery
from publisher.platforms.base import (
    CredentialsExpired,
    Deadline,
    Medium,
    OutcomeUnknown,
    Outgoing,
    Platform,
    Prepared,
    Receipt,
    Refused,
    TryLater,
)
from publisher.press import recording, telling
from publisher.press.bench import Bench, Claim


class HeldBack(Exception):
    """Between claim and sending something was found that keeps it here; already stored."""


def carry_out(bench: Bench, claim: Claim) -> None:
    """Try this delivery once, and store the outcome."""
    deadline = Deadline.after(bench.pace.send_deadline, bench.monotonic)
    try:
        platform, prepared = _prepare(bench, claim, deadline)
        _begin_sending(bench, claim, prepared.outgoing)
        receipt = _send(platform, prepared, deadline)
    except (HeldBack, Overtaken):
        return
    except MediumMissing as problem:
        recording.store_failure(bench, claim, {"code": "medium_missing"}, problem.digest)
    except MediumChanged as problem:
        recording.store_failure(bench, claim, {"code": "medium_changed"}, problem.digest)
    except Refused as problem:
        recording.store_failure(bench, claim, {"code": problem.reason.value}, problem.detail)
    except TryLater as problem:
        recording.store_delay(bench, claim, problem)
    except CredentialsExpired as problem:
        recording.store_expiry(bench, claim, problem)
    except OutcomeUnknown as problem:
        recording.store_unknown(bench, claim, problem)
    else:
        checkpoints.reach("publish.answer_unstored")
        recording.store_receipt(bench, claim, receipt)
        checkpoints.reach("publish.stored")


def _send(platform: Platform, prepared: Prepared, deadline: Deadline) -> Receipt:
    if prepared.outgoing.reply_to is not None:
        return platform.reply(prepared, deadline=deadline)
    return platform.publish(prepared, deadline=deadline)


def _prepare(bench: Bench, claim: Claim, deadline: Deadline) -> tuple[Platform, Prepared]:
    """Open the pictures and upload them: nothing of this can be seen by the public."""
    with bench.database.reading() as session:
        delivery = session.get_one(Delivery, claim.delivery_id)
        outgoing = outgoing_of(delivery.variant, bench.store)
        platform = bench.open_account(delivery.account)
    return platform, platform.prepare(outgoing, deadline=deadline)


def outgoing_of(variant: Variant, store: Store) -> Outgoing:
    """Exactly what leaves for this variant; the pictures' bytes are compared with their digests."""
    return _outgoing(variant, lambda one: store.open(one.sha256))


def sought_of(variant: Variant) -> Outgoing:
    """What to look for on the platform: pictures are counted there, so their bytes stay unread."""
    return _outgoing(variant, lambda _: b"")


def _outgoing(variant: Variant, content_of: Callable[[Rendition], bytes]) -> Outgoing:
    media = tuple(
        Medium(content_of(one), one.mime, one.alt_text, one.sha256) for one in variant.renditions
    )
    return Outgoing(
        text=leaving.leaving_text(variant),
        link=leaving.leaving_link(variant),
        media=media,
        reply_to=variant.target or None,
    )


def _begin_sending(bench: Bench, claim: Claim, outgoing: Outgoing) -> None:
    """Commit `sending`, if the gate lets exactly this leave now; raises `HeldBack` if not."""
    with bench.database.transaction() as session:
        now = bench.now()
        _lock_post(session, claim)
        delivery = recording.held_delivery(session, claim)
        if delivery is None or delivery.state is not DeliveryState.CLAIMED:
            raise HeldBack
        refusal = _refusal(delivery, outgoing, now)
        if refusal is None:
            _enter_sending(session, delivery, claim, now)
        else:
            _refuse(session, delivery, claim, refusal, now)
    if refusal is not None:
        raise HeldBack
    checkpoints.reach("publish.before_connect")


def _lock_post(session: Session, claim: Claim) -> None:
    """Post before delivery, in the desk's own order, so that the two never block each other."""
    query = select(Post).join(Delivery, Delivery.post_id == Post.id)
    locked = query.where(Delivery.id == claim.delivery_id).with_for_update(read=True, of=Post)
    session.scalars(locked).one()


def _refusal(delivery: Delivery, outgoing: Outgoing, now: datetime) -> str | None:
    """Why it may not leave, as a code; the gate judges once, in this transaction."""
    if now > latest_moment(delivery):
        return "late"
    case = judging.case_of(delivery.variant.revision, now=now)
    verdict = gate.judge(case, now=now)
    if verdict.refusal is not None:
        return verdict.refusal.value
    digests = [one.sha256 for one in delivery.variant.renditions]
    if digests != [one.sha256 for one in outgoing.media]:
        return gate.Refusal.CHANGED.value
    return None


def _enter_sending(session: Session, delivery: Delivery, claim: Claim, now: datetime) -> None:
    delivery.sending_at = now
    recording.attempt_of(session, claim).sending_at = now
    moving.apply(
        session,
        delivery,
        DeliveryState.SENDING,
        actor=CLOCK,
        now=now,
        verb="send",
        fence=claim.fence,
    )


def _refuse(
    session: Session, delivery: Delivery, claim: Claim, refusal: str, now: datetime
) -> None:
    """Too late goes back, to be missed by the next tick; everything else is for a person."""
    recording.end_attempt(session, claim, "gate", refusal, now)
    if refusal == "late":
        recording.move(session, delivery, DeliveryState.SCHEDULED, claim, now, "give_back")
        return
    delivery.reason = {"code": refusal}
    recording.move(session, delivery, DeliveryState.FAILED, claim, now, "fail")
    telling.tell_failed(session, delivery, now=now)
