"""Raise before sending when a platform is certain to refuse the post."""

from __future__ import annotations

from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.platforms.base.types import Outgoing, PlatformLimits, PreparedPost


def refuse_unfit(outgoing: Outgoing, limits: PlatformLimits, units: int) -> None:
    """Raise Refused if the text (of length `units`) or a picture exceeds the limits."""
    reason = _reason(outgoing, limits, units)
    if reason is not None:
        raise Refused(reason, "beyond the platform's limits; nothing was sent")


def _reason(outgoing: Outgoing, limits: PlatformLimits, units: int) -> RefusalCode | None:
    if not outgoing.text.strip() and not outgoing.link and not outgoing.media:
        return RefusalCode.INVALID
    if units > limits.text_units:
        return RefusalCode.TOO_LONG
    if any(len(medium.content) > limits.media_bytes for medium in outgoing.media):
        return RefusalCode.MEDIA_TOO_LARGE
    is_known = all(medium.mime in limits.media_types for medium in outgoing.media)
    is_described = all(len(medium.alt_text) <= limits.alt_text for medium in outgoing.media)
    if len(outgoing.media) > limits.media or not is_known or not is_described:
        return RefusalCode.MEDIA_INVALID
    return None


def must_answer(prepared: PreparedPost) -> PreparedPost:
    """Return `prepared` unchanged if it is a reply. Raises ValueError otherwise."""
    if prepared.outgoing.reply_to is None:
        raise ValueError("a reply needs what it answers")
    return prepared
