"""Publishing by hand: a person posts the approved text on the platform, and pastes its link.

First the link is parsed, then the post is read back without a transaction, then both are stored.
The gate judges the approved revision, as it does when a clock publishes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import NotAllowed, WrongState
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.delivery import outcomes, permalinks
from publisher.delivery.attempt import build_lookup
from publisher.delivery.claim import DeliveryPayload, load_payloads
from publisher.delivery.permalinks import PastedLink
from publisher.delivery.worker_context import Claim
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptOrigin, ReceiptRow
from publisher.models.monitoring import UnreadLink
from publisher.models.posts import Post, PostKind
from publisher.platforms.base.charges import Cause, attribute_calls
from publisher.platforms.base.protocol import CredentialsExpired, Platform, Refused, TryLater
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import Outgoing, Receipt, RemotePost
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.scheduling.corrections import UNKNOWN_ID
from publisher.scheduling.holds import Hold
from publisher.scheduling.schedule import OnItsWay
from publisher.states import CLAIMED_OR_SENDING, PUBLISHABLE_BY_HAND, DeliveryState
from publisher.validation import FieldError, Invalid, existing

LOOK_BACK = timedelta(days=1)

FIRST_LOOK_AFTER = timedelta(minutes=15)
"""The time until a link that could not be read back is read again; a platform may also need it to
list a new post."""

_LEADING_NAMES = re.compile(r"^(?:@\w+\s+)+")


class HeldByStop(NotAllowed):
    """Everything is stopped, so nothing may be posted by hand either."""

    code = Hold.STOPPED.value


class HeldByFreeze(NotAllowed):
    """A freeze holds the delivery, so it may not be posted by hand either."""

    code = Hold.FROZEN.value


@dataclass(frozen=True)
class ManualPost:
    """A delivery's text for a post made by hand, and the pasted link. Detached from any session.

    It was made between `since` and `pasted_at`. `known_ids` are the platform's ids of other
    deliveries on the account.
    """

    delivery_id: int
    account: Account
    outgoing: Outgoing
    pasted: PastedLink
    since: datetime
    pasted_at: datetime
    known_ids: frozenset[str]


@dataclass(frozen=True)
class LinkedPost:
    """The post behind the link. `is_read` is False if the platform could not be read.

    `url` is the platform's own address, if the link held no id to build it from.
    """

    is_read: bool
    platform_id: str
    published_at: datetime | None = None
    answer: str = ""
    url: str = ""


def require_publishable(
    session: Session, *, actor: Actor, now: datetime, delivery_id: int
) -> Delivery:
    """Return the delivery if this actor may publish it by hand now.

    Raises `NotFound`, `WrongRole`, `OnItsWay`, `WrongState`, `HeldByStop`, `HeldByFreeze`, and
    `NotApproved` if the gate refuses.
    """
    delivery = existing(session.get(Delivery, delivery_id), delivery_id)
    require(actor, Action.PUBLISH_BY_HAND, delivery.post.department_id, now=now)
    if delivery.state in CLAIMED_OR_SENDING:
        raise OnItsWay(state=delivery.state)
    if delivery.state not in PUBLISHABLE_BY_HAND or delivery.action is not DeliveryAction.PUBLISH:
        raise WrongState(state=delivery.state, to=DeliveryState.PUBLISHED)
    match holds.active_holds(session, now=now).holds(holds.facts_of(delivery)):
        case Hold.STOPPED:
            raise HeldByStop
        case Hold.FROZEN:
            raise HeldByFreeze
    case = gate_adapter.load_case(session, delivery.variant.revision_id, now=now)
    variant = gate_adapter.variant_subject(delivery.variant)
    gate.require_verdict(gate.judge_variant(case, variant, account_id=delivery.account_id, now=now))
    return delivery


def look_at_link(
    session: Session, *, actor: Actor, now: datetime, delivery_id: int, link: str
) -> ManualPost:
    """Parse the link and check it against the account, without storing or requesting anything.

    Raises what `require_publishable` raises, and `Invalid` if the link leads elsewhere.
    """
    delivery = require_publishable(session, actor=actor, now=now, delivery_id=delivery_id)
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    pasted = parse_link(session, payload, link)
    if pasted.platform_id:
        _check_unknown(session, delivery, pasted.platform_id)
    return make_manual_post(session, delivery, payload, pasted, now=now)


def make_manual_post(
    session: Session,
    delivery: Delivery,
    payload: DeliveryPayload,
    pasted: PastedLink,
    *,
    now: datetime,
) -> ManualPost:
    """Return what the post behind the link has to be."""
    since = min(delivery.due_at, now) - LOOK_BACK
    return ManualPost(
        delivery_id=delivery.id,
        account=payload.account,
        outgoing=build_lookup(payload),
        pasted=pasted,
        since=since,
        pasted_at=now,
        known_ids=outcomes.receipt_ids(session, delivery.account_id, since),
    )


def unread_post(session: Session, delivery: Delivery, receipt: ReceiptRow) -> ManualPost:
    """Return the post of a delivery that was published by hand, to be read back now."""
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    is_known = not receipt.platform_id.startswith(UNKNOWN_ID)
    pasted = PastedLink(receipt.url, receipt.platform_id if is_known else "")
    return make_manual_post(session, delivery, payload, pasted, now=receipt.stored_at)


def parse_link(session: Session, payload: DeliveryPayload, link: str) -> PastedLink:
    """Parse a link to a post on the payload's account. Raises `Invalid`."""
    return permalinks.read_link(
        link,
        payload.account,
        is_reply=payload.is_reply,
        page_id=_page_id(session, payload.account),
    )


def _page_id(session: Session, account: Account) -> str:
    """Return our page's number from its handle or the ids of its posts; "" if unknown."""
    if account.handle.isdecimal():
        return account.handle
    query = (
        select(ReceiptRow.platform_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Post, Post.id == Delivery.post_id)
        .where(ReceiptRow.account_id == account.id, Post.kind == PostKind.POST)
        .order_by(ReceiptRow.id.desc())
        .limit(20)
    )
    pages = (
        platform_id.partition("_")[0]
        for platform_id in session.scalars(query)
        if "_" in platform_id
    )
    return next((page_id for page_id in pages if page_id.isdecimal()), "")


def _check_unknown(session: Session, delivery: Delivery, platform_id: str) -> None:
    if outcomes.is_known(session, delivery.account_id, platform_id):
        raise Invalid([FieldError("link", "other_post")])


@attribute_calls(Cause.CONFIRMATION)
def read_back(platform: Platform, manual_post: ManualPost) -> LinkedPost:
    """Read the post from the platform; call this outside of any transaction.

    Raises `Invalid` if it is not there, not ours, or not what was approved.
    """
    try:
        if not manual_post.pasted.platform_id:
            # The link holds no id, so the account is searched for the approved text.
            match = platform.look_up(
                manual_post.outgoing,
                since=manual_post.since,
                near=manual_post.pasted_at,
                known_ids=manual_post.known_ids,
            )
            if match is None:
                of_another = platform.look_up(manual_post.outgoing, since=manual_post.since)
                code = "other_post" if of_another is not None else "not_found_there"
                raise Invalid([FieldError("link", code)])
            return LinkedPost(True, match.platform_id, match.published_at, match.answer, match.url)
        remote_post = platform.see(manual_post.pasted.platform_id)
        if remote_post is None:
            raise Invalid([FieldError("link", "not_there")])
        problem = _difference(remote_post, manual_post.outgoing)
        if problem is not None:
            raise Invalid([problem])
        return LinkedPost(True, remote_post.platform_id, remote_post.published_at, remote_post.text)
    except (TryLater, Refused, CredentialsExpired):
        return unread(manual_post)


def unread(manual_post: ManualPost) -> LinkedPost:
    """Return the post without having read it; pages then say that it is unverified."""
    return LinkedPost(
        False, manual_post.pasted.platform_id or f"{UNKNOWN_ID}{manual_post.delivery_id}"
    )


def _difference(remote_post: RemotePost, outgoing: Outgoing) -> FieldError | None:
    """Return how the post differs from what was approved, or None."""
    if not remote_post.by_ourselves:
        return FieldError("link", "other_account")
    if not remote_post.is_public:
        return FieldError("link", "not_public")
    if outgoing.reply_to is not None and remote_post.parent_id != outgoing.reply_to:
        return FieldError("link", "other_target")
    with_same_count = replace(remote_post, media=len(outgoing.media))
    if not is_shown_as_sent(with_same_count, outgoing) and not is_shown_as_sent(
        *_strip_reply_names(with_same_count, outgoing)
    ):
        return FieldError("link", "other_text", {"there": remote_post.text})
    if remote_post.media != len(outgoing.media):
        return FieldError(
            "link", "other_pictures", {"found": remote_post.media, "most": len(outgoing.media)}
        )
    return None


def _strip_reply_names(remote_post: RemotePost, outgoing: Outgoing) -> tuple[RemotePost, Outgoing]:
    """Return both without the leading @names that X puts before a reply."""
    if outgoing.reply_to is None:
        return remote_post, outgoing
    shown_text, approved_text = (
        _LEADING_NAMES.sub("", text) for text in (remote_post.text, outgoing.text)
    )
    return replace(remote_post, text=shown_text), replace(outgoing, text=approved_text)


def publish_by_hand(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    manual_post: ManualPost,
    linked_post: LinkedPost,
) -> Delivery:
    """Store that a person published the delivery, with the receipt, after judging it once more.

    Raises what `require_publishable` raises, and `Invalid` if the post belongs to another delivery.
    """
    delivery_id = manual_post.delivery_id
    unlocked = existing(session.get(Delivery, delivery_id), delivery_id)
    transitions.lock(session, Post, unlocked.post_id)
    transitions.lock(session, Delivery, unlocked.id)
    delivery = require_publishable(session, actor=actor, now=now, delivery_id=unlocked.id)
    _check_unknown(session, delivery, linked_post.platform_id)
    receipt = Receipt(
        linked_post.platform_id,
        linked_post.url or manual_post.pasted.url,
        linked_post.published_at or now,
        linked_post.answer,
    )
    outcomes.add_receipt(
        session,
        delivery,
        receipt,
        ReceiptOrigin.BY_HAND,
        now=now,
        person_id=actor.person_id,
    )
    if not linked_post.is_read:
        session.add(UnreadLink(delivery_id=delivery.id, look_at=now + FIRST_LOOK_AFTER))
    delivery.reason, delivery.look_at = {}, None
    transitions.apply(
        session,
        delivery,
        DeliveryState.PUBLISHED,
        actor=actor,
        now=now,
        verb="publish_by_hand",
        values={"read_back": linked_post.is_read},
    )
    return delivery
