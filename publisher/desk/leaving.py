"""How a variant's text and link leave on each platform, and how much text each one takes."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.models.content import Variant
from publisher.platforms import counting
from publisher.platforms.base import with_link

X = "x"
FACEBOOK = "facebook"
FACEBOOK_POST = 63_206
FACEBOOK_COMMENT = 8_000


@dataclass(frozen=True)
class Room:
    """How long a text is, in the platform's own units, and how long it may be."""

    found: int
    most: int

    @property
    def is_enough(self) -> bool:
        """Whether the text fits."""
        return self.found <= self.most


def leaving_text(variant: Variant) -> str:
    """The text as it leaves, with the link in it where the platform has no place of its own."""
    if _has_field_for_link(variant):
        return variant.text
    return with_link(variant.text, variant.link)


def leaving_link(variant: Variant) -> str | None:
    """The link that leaves beside the text; None where there is none, or it is in the text."""
    return (variant.link or None) if _has_field_for_link(variant) else None


def _has_field_for_link(variant: Variant) -> bool:
    return has_field_for_link(
        variant.account.platform,
        is_reply=bool(variant.target),
        has_pictures=bool(variant.renditions),
    )


def has_field_for_link(
    platform: str, *, is_reply: bool = False, has_pictures: bool = False
) -> bool:
    """Whether the link stays out of the text: only for a post on Facebook without pictures."""
    return platform == FACEBOOK and not is_reply and not has_pictures


def room(
    platform: str, text: str, link: str, *, is_reply: bool = False, has_pictures: bool = False
) -> Room:
    """How much of what the platform takes this text needs, its link counted where it is in it."""
    beside = has_field_for_link(platform, is_reply=is_reply, has_pictures=has_pictures)
    whole = text if beside else with_link(text, link)
    if platform == X:
        return Room(counting.count(whole).weighted, counting.LIMIT)
    return Room(len(whole), FACEBOOK_COMMENT if is_reply else FACEBOOK_POST)
