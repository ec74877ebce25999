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
    return text_that_leaves(
        variant.account.platform, variant.text, variant.link, is_reply=bool(variant.target)
    )


def leaving_link(variant: Variant) -> str | None:
    """The link that leaves beside the text; None where there is none, or it is in the text."""
    beside = _link_is_beside(variant.account.platform, is_reply=bool(variant.target))
    return (variant.link or None) if beside else None


def text_that_leaves(platform: str, text: str, link: str, *, is_reply: bool = False) -> str:
    """The same for a text that is not stored yet."""
    return text if _link_is_beside(platform, is_reply=is_reply) else with_link(text, link)


def _link_is_beside(platform: str, *, is_reply: bool) -> bool:
    """Only a post on Facebook has a field for its link; a comment there has none."""
    return platform == FACEBOOK and not is_reply


def room(platform: str, text: str, link: str, *, is_reply: bool = False) -> Room:
    """How much of what the platform takes this text needs, its link counted where it is in it."""
    whole = text_that_leaves(platform, text, link, is_reply=is_reply)
    if platform == X:
        return Room(counting.count(whole).weighted, counting.LIMIT)
    return Room(len(whole), FACEBOOK_COMMENT if is_reply else FACEBOOK_POST)
