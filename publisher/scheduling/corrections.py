"""शुद्धिपत्रक: what a new revision does to what is out already, account by account.

Where the platform lets a text be changed, it is changed; elsewhere an answer of ours that says
what changed stands under it. Where nothing is out, the text is published as any other.

What of a post is live now, and in which words: a fact of its receipts, not of its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.errors import NotAllowed
from publisher.content_checks import outgoing_text
from publisher.i18n import text_cleaning
from publisher.models.deliveries import OF_TEXTS, Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.states import DeliveryState

Slot = tuple[int, Language]
"""An account and a language: where one text of a post stands."""

MAY_BE_LIVE = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.HELD)
UNKNOWN_ID = "not-given-"
"""How the id begins of what a person saw live, without giving its link."""


@dataclass(frozen=True)
class LiveText:
    """One publication that stands on a platform: its receipt, and the text it shows now.

    `first` is the text with which it came out; `current` that of the last edit since, at `since`.
    """

    receipt: ReceiptRow
    first: Variant
    current: Variant
    since: datetime

    @property
    def account(self) -> Account:
        """Where it stands."""
        return self.first.account

    @property
    def slot(self) -> Slot:
        """On which account, in which language."""
        return self.first.account_id, self.first.language

    @property
    def platform_id(self) -> str:
        """The platform's id of it."""
        return self.receipt.platform_id

    @property
    def is_known(self) -> bool:
        """Whether its id is known, so that it can be changed and deleted from here."""
        return not self.receipt.platform_id.startswith(UNKNOWN_ID)

    @property
    def is_note(self) -> bool:
        """Whether it is a correction that stands as an answer under what it corrects."""
        return outgoing_text.is_note(self.first)

    @property
    def can_be_edited(self) -> bool:
        """Whether the platform lets a text be changed that is out."""
        return self.is_known and self.account.platform in outgoing_text.CAN_EDIT


def among(deliveries: Iterable[Delivery]) -> list[LiveText]:
    """What of these deliveries of one post stands now, in the order in which it came out."""
    done = [
        delivery
        for delivery in deliveries
        if delivery.state is DeliveryState.PUBLISHED and delivery.receipt
    ]
    edits = [delivery for delivery in done if delivery.action is DeliveryAction.EDIT]
    edits.sort(key=_carried_out_at)
    published = [delivery for delivery in done if delivery.action is DeliveryAction.PUBLISH]
    live_texts = [
        _live(delivery, delivery.receipt, edits) for delivery in published if delivery.receipt
    ]
    still_live = [live_text for live_text in live_texts if live_text.receipt.gone_at is None]
    return sorted(
        still_live, key=lambda live_text: (live_text.receipt.published_at, live_text.receipt.id)
    )


def _carried_out_at(delivery: Delivery) -> tuple[datetime, int]:
    """When it was carried out; of two in one moment the later one counts."""
    return (delivery.receipt.published_at if delivery.receipt else delivery.due_at), delivery.id


def _live(delivery: Delivery, receipt: ReceiptRow, edits: Iterable[Delivery]) -> LiveText:
    current, since = delivery.variant, receipt.published_at
    for edit in edits:
        is_of_this = (
            edit.account_id == delivery.account_id and edit.variant.target == receipt.platform_id
        )
        if is_of_this:
            current, since = edit.variant, _carried_out_at(edit)[0]
    return LiveText(receipt, delivery.variant, current, since)


def of_post(session: Session, post_id: int) -> list[LiveText]:
    """What of this post is live, freshly read."""
    return among(deliveries_of(session, post_id))


def deliveries_of(session: Session, post_id: int) -> list[Delivery]:
    """Every delivery that brings a text of this post out, with its receipt, freshly read."""
    query = (
        select(Delivery)
        .where(Delivery.post_id == post_id, Delivery.action.in_(OF_TEXTS))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.receipt),
            joinedload(Delivery.variant).options(
                joinedload(Variant.account),
                joinedload(Variant.revision).joinedload(Revision.post),
                selectinload(Variant.renditions),
            ),
        )
        .order_by(Delivery.id)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def by_slot(lives: Iterable[LiveText]) -> dict[Slot, LiveText]:
    """For each account and language the publication that a correction is about: the first one."""
    first_by_slot: dict[Slot, LiveText] = {}
    for live_text in lives:
        if not live_text.is_note:
            first_by_slot.setdefault(live_text.slot, live_text)
    return first_by_slot


STARTS: Mapping[Language, str] = {
    Language.MARATHI: "शुद्धिपत्रक:",
    Language.ENGLISH: "Correction:",
    Language.HINDI: "शुद्धिपत्र:",
    Language.MIXED: "शुद्धिपत्रक:",
}
"""How an answer that corrects begins, in the language of what it corrects."""


class OutAlready(NotAllowed):
    """An earlier revision stands on this account: it is corrected there, not posted again."""

    code = "out_already"


class CorrectsNothing(NotAllowed):
    """What this corrects is no longer on its platform."""

    code = "corrects_nothing"


class MayBeLive(NotAllowed):
    """An earlier revision may be live on this account, and nobody knows: that is settled first."""

    code = "may_be_live"


class CorrectionMode(StrEnum):
    """What a correction does on one account."""

    EDIT = "edit"
    NOTE = "note"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Target:
    """What stands on an account in a language, and how a correction reaches it.

    `UNKNOWN`: a person said that it is live, and its link was never given.
    """

    live: LiveText
    way: CorrectionMode

    @property
    def begins_with(self) -> str:
        """What the box for the correction begins with."""
        text = self.live.current.text
        return text if self.way is CorrectionMode.EDIT else f"{STARTS[self.live.first.language]} "


def targets(lives: Iterable[LiveText]) -> dict[Slot, Target]:
    """What a new revision of the post would correct, by account and language."""
    return {slot: Target(live_text, _mode(live_text)) for slot, live_text in by_slot(lives).items()}


def _mode(live_text: LiveText) -> CorrectionMode:
    if not live_text.is_known:
        return CorrectionMode.UNKNOWN
    return CorrectionMode.EDIT if live_text.can_be_edited else CorrectionMode.NOTE


def targets_of(post: Post) -> dict[Slot, Target]:
    """The same from the rows of a post in hand; an answer is not corrected, but given anew."""
    return targets(among(post.deliveries)) if post.kind is PostKind.POST else {}


def has_only_opening(text: str) -> bool:
    """Whether nothing stands there but the words with which a correction begins."""
    return plain(text) in {"", *STARTS.values()}


def plain(text: str) -> str:
    """A text as it would be kept, for comparing."""
    return text_cleaning.clean(text).text.strip()


def is_out(variant: Variant, deliveries: Iterable[Delivery]) -> bool:
    """Whether this very text came out."""
    return any(
        delivery.variant_id == variant.id and delivery.receipt is not None
        for delivery in deliveries
    )


def check_still_correct(session: Session, variant: Variant) -> None:
    """What an earlier revision brought out is corrected where it stands, and while it stands.

    Between the writing of this revision and its scheduling something may have gone live, or may
    have gone: `OutAlready` and `CorrectsNothing` say so, and `MayBeLive` where nobody knows.
    """
    revision = variant.revision
    if revision.number == 1 or revision.post.kind is not PostKind.POST:
        return
    deliveries = deliveries_of(session, revision.post_id)
    slot = variant.account_id, variant.language
    if slot in unsettled(delivery for delivery in deliveries if delivery.variant_id != variant.id):
        raise MayBeLive
    lives = among(deliveries)
    if variant.target and variant.target not in {live_text.platform_id for live_text in lives}:
        raise CorrectsNothing
    live_here = by_slot(lives).get(slot)
    if not variant.target and live_here is not None and live_here.first.id != variant.id:
        raise OutAlready


def unsettled(deliveries: Iterable[Delivery]) -> set[Slot]:
    """Where something may be live and nobody knows: on which accounts, in which languages."""
    return {
        (delivery.account_id, delivery.variant.language)
        for delivery in deliveries
        if delivery.state in MAY_BE_LIVE
    }


def way_of(variant: Variant) -> CorrectionMode | None:
    """What this text does to what is out; None where it is published, or answers a comment."""
    if outgoing_text.is_edit(variant):
        return CorrectionMode.EDIT
    return CorrectionMode.NOTE if outgoing_text.is_note(variant) else None
