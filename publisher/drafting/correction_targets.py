"""Match each text of a new revision with the publication that it corrects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from publisher.content_checks import outgoing_text
from publisher.drafting.drafts import PreparedPicture, PreparedVariant
from publisher.models.posts import Post, PostKind, Rendition, Variant
from publisher.platforms.base.text import with_link
from publisher.scheduling import corrections
from publisher.scheduling.corrections import CorrectionMode, CorrectionTarget
from publisher.validation import Validator

Placed = tuple[int, PreparedVariant]
"""The index of a variant in the form, which its errors refer to, and the variant."""


def fit(
    session: Session, post: Post, variants: Sequence[PreparedVariant], validator: Validator
) -> list[Placed]:
    """Set the target that each text corrects, and drop texts that would change nothing.

    A reply to a comment has its target already. Adds errors if the link of a live post is unknown,
    or if an edit would change more than the text.
    """
    placed = list(enumerate(variants))
    if post.kind is not PostKind.POST or post.newest == 0:
        return placed
    targets = corrections.targets(corrections.list_live_texts(session, post.id))
    fitted = []
    for index, variant in placed:
        slot = variant.account_id, variant.language
        fitted_variant = _fit_to_target(variant, targets.get(slot), f"variants-{index}", validator)
        fitted += [] if fitted_variant is None else [(index, fitted_variant)]
    if placed and not fitted:
        validator.add("variants", "nothing_changed")
    return fitted


def _fit_to_target(
    variant: PreparedVariant,
    target: CorrectionTarget | None,
    field_prefix: str,
    validator: Validator,
) -> PreparedVariant | None:
    if target is None:
        return replace(variant, target="")
    match target.mode:
        case CorrectionMode.EDIT:
            return _prepare_edit(variant, target, field_prefix, validator)
        case CorrectionMode.NOTE:
            return _prepare_note(variant, target)
        case CorrectionMode.UNKNOWN:
            validator.add(f"{field_prefix}-text", "link_not_given")
            return variant


def _prepare_edit(
    variant: PreparedVariant, target: CorrectionTarget, field_prefix: str, validator: Validator
) -> PreparedVariant | None:
    """Return the variant as an edit, or None if it changes nothing."""
    first, current = target.live.first, target.live.current
    if _sources(variant.pictures) != _sources(first.renditions):
        validator.add(f"{field_prefix}-pictures", "edit_keeps_pictures")
    if _has_card(first) and variant.link.strip() not in ("", first.link):
        validator.add(f"{field_prefix}-link", "edit_keeps_link")
    link = link_left(target, variant.link)
    if outgoing_text.outgoing_text(current) == with_link(corrections.normalize(variant.text), link):
        return None
    pictures = tuple(PreparedPicture.of(rendition) for rendition in first.renditions)
    return replace(variant, link=link, pictures=pictures, target=target.live.platform_id)


def link_left(target: CorrectionTarget, link: str) -> str:
    """Return the link that a correction sends, or "" if the publication already shows it."""
    first = target.live.first
    stands = link.strip() == first.link if target.mode is CorrectionMode.NOTE else _has_card(first)
    return "" if stands else link.strip()


def pictures_to_leave(target: CorrectionTarget) -> frozenset[str]:
    """Return the digests of the originals that a reply below the publication need not repeat."""
    return (
        frozenset(_sources(target.live.first.renditions))
        if target.mode is CorrectionMode.NOTE
        else frozenset()
    )


def _has_card(first: Variant) -> bool:
    """Return True if the variant was published with a link card, which cannot be edited."""
    return outgoing_text.outgoing_link(first) is not None


def _prepare_note(variant: PreparedVariant, target: CorrectionTarget) -> PreparedVariant | None:
    """Return the variant as a reply, without the link and pictures that the publication shows."""
    if corrections.has_only_opening(variant.text):
        return None
    out = pictures_to_leave(target)
    return replace(
        variant,
        link=link_left(target, variant.link),
        pictures=tuple(picture for picture in variant.pictures if picture.source_sha256 not in out),
        target=target.live.platform_id,
    )


def _sources(pictures: Iterable[PreparedPicture | Rendition]) -> list[str]:
    return [picture.source_sha256 for picture in pictures]
