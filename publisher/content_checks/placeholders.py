"""Blanks in a text, written like {helpline}: found, filled, and none of them sent for review."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from publisher.models.posts import Revision
from publisher.validation import FieldError, Invalid

LONGEST_BLANK = 40
_BLANK = re.compile(r"\{([^{}\n]{1," + str(LONGEST_BLANK) + r"})\}")


@dataclass(frozen=True)
class Placeholder:
    """A blank by its name, as it stands between the braces."""

    name: str

    @property
    def text(self) -> str:
        """As it stands in a text: `{helpline}`."""
        return "{" + self.name + "}"


def blanks_in(text: str) -> list[Placeholder]:
    """The blanks of a text in the order in which they first stand, each once."""
    names = (match[1].strip() for match in _BLANK.finditer(text))
    return [Placeholder(name) for name in dict.fromkeys(names) if name]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with these blanks filled; one without a value stays as it is."""

    def replacement(match: re.Match[str]) -> str:
        filled_text = " ".join(values.get(match[1].strip(), "").split())
        return filled_text or match[0]

    return _BLANK.sub(replacement, text)


def unfilled(texts: Iterable[tuple[str, str]]) -> list[FieldError]:
    """A problem for each text that still holds blanks; `texts` are (field, text)."""
    blanks_by_field = ((field, blanks_in(text)) for field, text in texts)
    return [
        FieldError(field, "blank_left", {"blanks": ", ".join(blank.text for blank in blanks)})
        for field, blanks in blanks_by_field
        if blanks
    ]


def check_filled(revision: Revision) -> None:
    """Raise `Invalid` where a text or a description of this revision holds a blank."""
    texts = [
        pair
        for index, variant in enumerate(revision.variants)
        for pair in (
            (f"variants-{index}-text", variant.text),
            *(
                (f"variants-{index}-pictures-{picture_index}-alt_text", rendition.alt_text)
                for picture_index, rendition in enumerate(variant.renditions)
            ),
        )
    ]
    if problems := unfilled(texts):
        raise Invalid(problems)
