"""Find and fill blanks like {helpline}, and refuse to review a text that still has some."""

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
    """A blank; `name` is the text between the braces."""

    name: str

    @property
    def text(self) -> str:
        """Return the blank as it is written in a text: `{helpline}`."""
        return "{" + self.name + "}"


def blanks_in(text: str) -> list[Placeholder]:
    """Return the blanks of a text, each once, in order of first appearance."""
    names = (match[1].strip() for match in _BLANK.finditer(text))
    return [Placeholder(name) for name in dict.fromkeys(names) if name]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill the blanks that have a value; the others stay."""

    def replacement(match: re.Match[str]) -> str:
        filled_text = " ".join(values.get(match[1].strip(), "").split())
        return filled_text or match[0]

    return _BLANK.sub(replacement, text)


def unfilled(texts: Iterable[tuple[str, str]]) -> list[FieldError]:
    """Return an error for each of the (field, text) pairs whose text still has blanks."""
    blanks_by_field = ((field, blanks_in(text)) for field, text in texts)
    return [
        FieldError(field, "blank_left", {"blanks": ", ".join(blank.text for blank in blanks)})
        for field, blanks in blanks_by_field
        if blanks
    ]


def check_filled(revision: Revision) -> None:
    """Raise `Invalid` if a text or a description of this revision still has blanks."""
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
