"""Links that lead nowhere, and links whose preview would show no picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from publisher.desk.warning.addresses import addresses_of
from publisher.desk.warning.shapes import Known, Place, SeenLink, Text, Warned, WarningCode
from publisher.models.warnings import LinkFinding

_ALIVE = (None, LinkFinding.FINE, LinkFinding.GUARDED)


def dead(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """Links that were looked at and lead nowhere."""
    for seen, place in _seen(texts, known):
        if seen.finding not in _ALIVE:
            values = {"url": seen.url, "finding": seen.finding, "answer": seen.code}
            yield Warned(WarningCode.DEAD_LINK, place, values)


def without_picture(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """The first link of a text without photos, where its page names no picture for a preview."""
    told: set[int] = set()
    for seen, place in _seen(texts, known):
        if place.variant in told or texts[place.variant].descriptions:
            continue
        told.add(place.variant)
        if seen.finding is LinkFinding.FINE and not seen.picture_sha256:
            yield Warned(WarningCode.NO_LINK_PICTURE, place, {"url": seen.url})


def _seen(texts: Sequence[Text], known: Known) -> Iterator[tuple[SeenLink, Place]]:
    for index, text in enumerate(texts):
        for address, place in addresses_of(text, index):
            if address in known.links:
                yield known.links[address], place
