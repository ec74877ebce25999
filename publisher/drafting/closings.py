"""Putting a starting text above what is written, and signature and hashtags below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from publisher.models.desk import StartingText, TextPart
from publisher.models.posts import Language


@dataclass(frozen=True)
class Closings:
    """What stands at the end of a post in one language: the signature line, the hashtags."""

    signature: str = ""
    hashtags: str = ""


def in_language(text: StartingText, language: Language) -> str:
    """The text in this language; a mixed text takes the Marathi one."""
    return {
        Language.MARATHI: text.text_mr,
        Language.MIXED: text.text_mr,
        Language.ENGLISH: text.text_en,
        Language.HINDI: text.text_hi,
    }[language]


def closings(texts: Iterable[StartingText], language: Language) -> Closings:
    """The first signature and the first hashtags among these that speak the language.

    `texts` stand with the department's own before those for all.
    """
    texts_by_part: dict[TextPart, str] = {}
    for text in texts:
        if part_text := in_language(text, language):
            texts_by_part.setdefault(text.part, part_text)
    return Closings(
        texts_by_part.get(TextPart.SIGNATURE, ""), texts_by_part.get(TextPart.HASHTAGS, "")
    )


def begun_with(starting: str, written: str) -> str:
    """The starting text, and below it whatever stood there: nothing written is lost."""
    if not starting or starting in written:
        return written
    return f"{starting}\n\n{written}" if written.strip() else starting


def closed_with(written: str, closing: Closings) -> str:
    """The text with signature and hashtags at its end, each once; an empty text stays empty."""
    text = written.rstrip()
    if not text:
        return written
    if closing.signature and closing.signature not in text:
        text = f"{text}\n{closing.signature}"
    present_words = set(text.split())
    missing = [tag for tag in closing.hashtags.split() if tag not in present_words]
    return f"{text}\n{' '.join(missing)}" if missing else text
