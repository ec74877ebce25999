"""What X takes, and the words that it gets."""

from __future__ import annotations

from publisher.platforms.base.texts import normal, with_link
from publisher.platforms.base.things import Limits, Outgoing
from publisher.platforms.counting.weighing import LIMIT

TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")


def limits(text_units: int = LIMIT) -> Limits:
    """What X takes: four pictures up to 5 MB, alt text up to 1,000; no edit, one step."""
    size = 5 * 1024 * 1024
    return Limits(text_units, 4, size, 1_000, TYPES, tells_hidden=False, seen_at_once=100)


def words_of(outgoing: Outgoing) -> str:
    """The text as X gets it: its link stands in it, and counts."""
    return normal(with_link(outgoing.text, outgoing.link))
