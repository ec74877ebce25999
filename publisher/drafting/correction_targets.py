"""A revision fitted to what is out already: each text finds the publication that it corrects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from publisher.content_checks import outgoing_text
from publisher.drafting.drafts import PreparedPicture, PreparedVariant
from publisher.models.posts import Post, PostKind, Rendition, Variant
from publisher.platforms.base.text import with_link
from publisher.scheduling import corrections
from publisher.scheduling.corrections import CorrectionMode, Target
from publisher.validation import Validator

Placed = tuple[int, PreparedVariant]
"""A text with its place in the form, where its errors are shown."""


def fit(
    session: Session, post: Post, variants: Sequence[PreparedVariant], validator: Validator
) -> list[Placed]:
    """Give each text the target that it corrects; what would change nothing is left out.

    An answer to a comment has its target already. Adds problems where the link of what is live
    was never given, and where an edit would have to change more than words.
    """
    placed = list(enumerate(variants))
    if post.kind is not PostKind.POST or post.newest == 0:
        return placed
    targets = corrections.targets(corrections.of_post(session, post.id))
    fitted = []
    for index, variant in placed:
        slot = variant.account_id, variant.language
        fitted_variant = _fitted(variant, targets.get(slot), f"variants-{index}", validator)
        fitted += [] if fitted_variant is None else [(index, fitted_variant)]
    if placed and not fitted:
        validator.add("variants", "nothing_changed")
    return fitted


def _fitted(
    variant: PreparedVariant, target: Target | None, field_prefix: str, validator: Validator
) -> PreparedVariant | None:
    if target is None:
        return replace(variant, target="")
    match target.way:
        case CorrectionMode.EDIT:
            return _as_edit(variant, target, field_prefix, validator)
        case CorrectionMode.NOTE:
            return _as_note(variant, target)
        case CorrectionMode.UNKNOWN:
            validator.add(f"{field_prefix}-text", "link_not_given")
            return variant


def _as_edit(
    variant: PreparedVariant, target: Target, field_prefix: str, validator: Validator
) -> PreparedVariant | None:
    """Words alone can be changed: pictures and their descriptions stay, and so does a link card."""
    first, current = target.live.first, target.live.current
    if _sources(variant.pictures) != _sources(first.renditions):
        validator.add(f"{field_prefix}-pictures", "edit_keeps_pictures")
    if _has_card(first) and variant.link.strip() not in ("", first.link):
        validator.add(f"{field_prefix}-link", "edit_keeps_link")
    link = link_left(target, variant.link)
    if outgoing_text.outgoing_text(current) == with_link(corrections.plain(variant.text), link):
        return None
    pictures = tuple(_same_picture(rendition) for rendition in first.renditions)
    return replace(variant, link=link, pictures=pictures, target=target.live.platform_id)


def link_left(target: Target, link: str) -> str:
    """What leaves of a link with a correction: nothing, where it stands with what it corrects."""
    first = target.live.first
    stands = link.strip() == first.link if target.way is CorrectionMode.NOTE else _has_card(first)
    return "" if stands else link.strip()


def pictures_out(target: Target) -> frozenset[str]:
    """The originals, by digest, of the pictures that an answer under them need not repeat."""
    return (
        frozenset(_sources(target.live.first.renditions))
        if target.way is CorrectionMode.NOTE
        else frozenset()
    )


def _has_card(first: Variant) -> bool:
    """Whether it came out with a link beside the text, which stands there for good."""
    return outgoing_text.outgoing_link(first) is not None


def _as_note(variant: PreparedVariant, target: Target) -> PreparedVariant | None:
    """An answer under it repeats neither the link nor the pictures that stand above it."""
    if corrections.has_only_opening(variant.text):
        return None
    out = pictures_out(target)
    return replace(
        variant,
        link=link_left(target, variant.link),
        pictures=tuple(picture for picture in variant.pictures if picture.source_sha256 not in out),
        target=target.live.platform_id,
    )


def _sources(pictures: Iterable[PreparedPicture | Rendition]) -> list[str]:
    return [picture.source_sha256 for picture in pictures]


def _same_picture(rendition: Rendition) -> PreparedPicture:
    return PreparedPicture(
        rendition.sha256,
        rendition.source_sha256,
        rendition.mime,
        rendition.width,
        rendition.height,
        rendition.alt_text,
    )
