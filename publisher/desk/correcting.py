"""शुद्धिपत्रक: what a new revision does to what is out already, account by account.

Where the platform lets a text be changed, it is changed; elsewhere an answer of ours that says
what changed stands under it. Where nothing is out, the text is published as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher.desk import leaving, live
from publisher.desk.live import LiveText, Slot
from publisher.i18n import text_cleaning
from publisher.models.content.posts import Language, Post, PostKind, Variant
from publisher.models.deliveries import Delivery

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


class Way(StrEnum):
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
    way: Way

    @property
    def begins_with(self) -> str:
        """What the box for the correction begins with."""
        text = self.live.shown.text
        return text if self.way is Way.EDIT else f"{STARTS[self.live.first.language]} "


def targets(lives: Iterable[LiveText]) -> dict[Slot, Target]:
    """What a new revision of the post would correct, by account and language."""
    return {slot: Target(one, _way(one)) for slot, one in live.by_slot(lives).items()}


def _way(one: LiveText) -> Way:
    if not one.is_known:
        return Way.UNKNOWN
    return Way.EDIT if one.can_be_edited else Way.NOTE


def targets_of(post: Post) -> dict[Slot, Target]:
    """The same from the rows of a post in hand; an answer is not corrected, but given anew."""
    return targets(live.among(post.deliveries)) if post.kind is PostKind.POST else {}


def is_only_begun(text: str) -> bool:
    """Whether nothing stands there but the words with which a correction begins."""
    return plain(text) in {"", *STARTS.values()}


def plain(text: str) -> str:
    """A text as it would be kept, for comparing."""
    return text_cleaning.clean(text).text.strip()


def is_out(variant: Variant, deliveries: Iterable[Delivery]) -> bool:
    """Whether this very text came out."""
    return any(one.variant_id == variant.id and one.receipt is not None for one in deliveries)


def check_beside(session: Session, variant: Variant) -> None:
    """What an earlier revision brought out is corrected where it stands, and while it stands.

    Between the writing of this revision and its scheduling something may have gone live, or may
    have gone: `OutAlready` and `CorrectsNothing` say so, and `MayBeLive` where nobody knows.
    """
    revision = variant.revision
    if revision.number == 1 or revision.post.kind is not PostKind.POST:
        return
    deliveries = live.deliveries_of(session, revision.post_id)
    slot = variant.account_id, variant.language
    if slot in unsettled(one for one in deliveries if one.variant_id != variant.id):
        raise MayBeLive
    lives = live.among(deliveries)
    if variant.target and variant.target not in {one.platform_id for one in lives}:
        raise CorrectsNothing
    stands = live.by_slot(lives).get(slot)
    if not variant.target and stands is not None and stands.first.id != variant.id:
        raise OutAlready


def unsettled(deliveries: Iterable[Delivery]) -> set[Slot]:
    """Where something may be live and nobody knows: on which accounts, in which languages."""
    return {
        (one.account_id, one.variant.language)
        for one in deliveries
        if one.state in live.MAY_BE_LIVE
    }


def way_of(variant: Variant) -> Way | None:
    """What this text does to what is out; None where it is published, or answers a comment."""
    if leaving.is_edit(variant):
        return Way.EDIT
    return Way.NOTE if leaving.is_note(variant) else None
