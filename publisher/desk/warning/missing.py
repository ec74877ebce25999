"""What a draft lacks: words for a picture, a second language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from publisher.desk.warning.shapes import Known, Place, Text, Warned, WarningCode
from publisher.models.content.posts import Language

BOTH = (Language.MARATHI, Language.ENGLISH)


def descriptions(texts: Sequence[Text], _known: Known) -> Iterator[Warned]:
    """Pictures without a description in the language of their text."""
    for index, text in enumerate(texts):
        for number, words in enumerate(text.descriptions):
            if not words.strip():
                place = Place(index, f"pictures-{number}")
                values = {"picture": number + 1, "language": text.language}
                yield Warned(WarningCode.NO_DESCRIPTION, place, values)


def languages(texts: Sequence[Text], _known: Known) -> Iterator[Warned]:
    """An account with a text in Marathi or English alone; an answer needs only its own."""
    seen: dict[int, set[Language]] = {}
    for text in texts:
        seen.setdefault(text.account_id, set()).add(text.language)
    for index, text in enumerate(texts):
        there = seen.pop(text.account_id, set())
        wanted = [one for one in BOTH if one not in there]
        if len(there) == 1 and Language.MIXED not in there and not text.target:
            yield Warned(
                WarningCode.ONE_LANGUAGE,
                Place(index, "language"),
                {"language": text.language, "missing": wanted[0]},
            )
