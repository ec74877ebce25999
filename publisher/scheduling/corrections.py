"""Corrections (शुद्धिपत्रक): find out which texts of a post are live, and how to correct them.

If the platform can edit a text, it is edited; otherwise our reply below it says what changed.
If nothing is live, the text is published as a post. A text is live if it has a receipt: the state
of its delivery does not decide.
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
from publisher.states import MAY_BE_LIVE, DeliveryState

TextKey = tuple[int, Language]
"""The account and the language of a text; a post has at most one text for each."""

UNKNOWN_ID = "not-given-"
"""The prefix of the platform id of a publication that a person confirmed without giving its link.
"""


@dataclass(frozen=True)
class LiveText:
    """A publication that is live, with its receipt.

    `first` is the text that was published; `current` is the text since the last edit, made at
    `since`.
    """

    receipt: ReceiptRow
    first: Variant
    current: Variant
    since: datetime

    @property
    def account(self) -> Account:
        """Return the account that it is published on."""
        return self.first.account

    @property
    def text_key(self) -> TextKey:
        """Return its account and language."""
        return self.first.account_id, self.first.language

    @property
    def platform_id(self) -> str:
        """Return its id on the platform."""
        return self.receipt.platform_id

    @property
    def is_known(self) -> bool:
        """Return True if its platform id is known, so that it can be edited and deleted."""
        return not self.receipt.platform_id.startswith(UNKNOWN_ID)

    @property
    def is_note(self) -> bool:
        """Return True if it is a reply that corrects another publication."""
        return outgoing_text.is_note(self.first)

    @property
    def can_be_edited(self) -> bool:
        """Return True if its text can be edited on the platform."""
        return self.is_known and outgoing_text.can_edit(self.account.platform)


def select_live_texts(deliveries: Iterable[Delivery]) -> list[LiveText]:
    """Return the live texts among the deliveries of one post, in the order of publication."""
    carried_out = [
        delivery
        for delivery in deliveries
        if delivery.state is DeliveryState.PUBLISHED and delivery.receipt
    ]
    edits = [delivery for delivery in carried_out if delivery.action is DeliveryAction.EDIT]
    edits.sort(key=_publication_key)
    published = [delivery for delivery in carried_out if delivery.action is DeliveryAction.PUBLISH]
    live_texts = [
        _live_text(delivery, delivery.receipt, edits) for delivery in published if delivery.receipt
    ]
    still_live = [live_text for live_text in live_texts if live_text.receipt.gone_at is None]
    return sorted(
        still_live, key=lambda live_text: (live_text.receipt.published_at, live_text.receipt.id)
    )


def _publication_key(delivery: Delivery) -> tuple[datetime, int]:
    """Return a sort key: the time of publication, then the id."""
    return (delivery.receipt.published_at if delivery.receipt else delivery.due_at), delivery.id


def _live_text(delivery: Delivery, receipt: ReceiptRow, edits: Iterable[Delivery]) -> LiveText:
    current, since = delivery.variant, receipt.published_at
    for edit in edits:
        is_of_this = (
            edit.account_id == delivery.account_id and edit.variant.target == receipt.platform_id
        )
        if is_of_this:
            current, since = edit.variant, _publication_key(edit)[0]
    return LiveText(receipt, delivery.variant, current, since)


def list_live_texts(session: Session, post_id: int) -> list[LiveText]:
    """Return the live texts of this post, freshly read from the database."""
    return select_live_texts(list_deliveries(session, post_id))


def list_deliveries(session: Session, post_id: int) -> list[Delivery]:
    """Return every delivery of a text of this post, with its receipt, freshly read."""
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


def find_corrected_texts(live_texts: Iterable[LiveText]) -> dict[TextKey, LiveText]:
    """Return for each account and language the live text that a correction refers to.

    It is the one that was published first; replies that correct it do not count.
    """
    first_by_key: dict[TextKey, LiveText] = {}
    for live_text in live_texts:
        if not live_text.is_note:
            first_by_key.setdefault(live_text.text_key, live_text)
    return first_by_key


OPENING_WORDS: Mapping[Language, str] = {
    Language.MARATHI: "शुद्धिपत्रक:",
    Language.ENGLISH: "Correction:",
    Language.HINDI: "शुद्धिपत्र:",
    Language.MIXED: "शुद्धिपत्रक:",
}
"""The opening words of a reply that corrects, in the language of the corrected text."""


class AlreadyLive(NotAllowed):
    """An earlier revision is live on this account: it has to be corrected, not posted again."""

    code = "out_already"


class CorrectsNothing(NotAllowed):
    """The publication that this text corrects is no longer live."""

    code = "corrects_nothing"


class MayBeLive(NotAllowed):
    """An earlier revision may be live on this account; its delivery has to be settled first."""

    code = "may_be_live"


class CorrectionMode(StrEnum):
    """The way in which a correction reaches a publication."""

    EDIT = "edit"
    NOTE = "note"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CorrectionTarget:
    """A live text and how a correction reaches it.

    `UNKNOWN` means that a person confirmed the publication without giving its link.
    """

    live: LiveText
    mode: CorrectionMode

    @property
    def initial_text(self) -> str:
        """Return the initial text of the form field for the correction."""
        text = self.live.current.text
        return (
            text
            if self.mode is CorrectionMode.EDIT
            else f"{OPENING_WORDS[self.live.first.language]} "
        )


def targets(live_texts: Iterable[LiveText]) -> dict[TextKey, CorrectionTarget]:
    """Return what a new revision of the post would correct, by account and language."""
    return {
        text_key: CorrectionTarget(live_text, _mode(live_text))
        for text_key, live_text in find_corrected_texts(live_texts).items()
    }


def _mode(live_text: LiveText) -> CorrectionMode:
    if not live_text.is_known:
        return CorrectionMode.UNKNOWN
    return CorrectionMode.EDIT if live_text.can_be_edited else CorrectionMode.NOTE


def find_targets(post: Post) -> dict[TextKey, CorrectionTarget]:
    """Return the targets from a loaded post; a reply to a citizen has none."""
    return targets(select_live_texts(post.deliveries)) if post.kind is PostKind.POST else {}


def has_only_opening(text: str) -> bool:
    """Return True if the text is empty or only the opening words of a correction."""
    return normalize(text) in {"", *OPENING_WORDS.values()}


def normalize(text: str) -> str:
    """Return the text as it would be saved, for comparison."""
    return text_cleaning.clean(text).text.strip()


def was_published(variant: Variant, deliveries: Iterable[Delivery]) -> bool:
    """Return True if this variant was published."""
    return any(
        delivery.variant_id == variant.id and delivery.receipt is not None
        for delivery in deliveries
    )


def check_still_correct(session: Session, variant: Variant) -> None:
    """Check that the variant still corrects a text that is live.

    That may have changed since the variant was written. Raises `AlreadyLive` if a text was
    published meanwhile, `CorrectsNothing` if the corrected one is gone, and `MayBeLive` if it is
    unknown whether a text is live.
    """
    revision = variant.revision
    if revision.number == 1 or revision.post.kind is not PostKind.POST:
        return
    deliveries = list_deliveries(session, revision.post_id)
    text_key = variant.account_id, variant.language
    if text_key in find_unsettled(
        delivery for delivery in deliveries if delivery.variant_id != variant.id
    ):
        raise MayBeLive
    live_texts = select_live_texts(deliveries)
    if variant.target and variant.target not in {live_text.platform_id for live_text in live_texts}:
        raise CorrectsNothing
    corrected = find_corrected_texts(live_texts).get(text_key)
    if not variant.target and corrected is not None and corrected.first.id != variant.id:
        raise AlreadyLive


def find_unsettled(deliveries: Iterable[Delivery]) -> set[TextKey]:
    """Return the accounts and languages in which a text may be live without being confirmed."""
    return {
        (delivery.account_id, delivery.variant.language)
        for delivery in deliveries
        if delivery.state in MAY_BE_LIVE
    }


def correction_mode(variant: Variant) -> CorrectionMode | None:
    """Return how the variant corrects a publication, or None if it is a new post or a reply."""
    if outgoing_text.is_edit(variant):
        return CorrectionMode.EDIT
    return CorrectionMode.NOTE if outgoing_text.is_note(variant) else None
