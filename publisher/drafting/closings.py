"""Insert a starting text above a draft's text, and append the signature and hashtags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from publisher.models.desk import Snippet, TextPart
from publisher.models.posts import Language


@dataclass(frozen=True)
class Closings:
    """The signature line and the hashtags that end a post in one language."""

    signature: str = ""
    hashtags: str = ""


def text_in_language(text: Snippet, language: Language) -> str:
    """Return the snippet in this language; a mixed text uses the Marathi version."""
    return {
        Language.MARATHI: text.text_mr,
        Language.MIXED: text.text_mr,
        Language.ENGLISH: text.text_en,
        Language.HINDI: text.text_hi,
    }[language]


def closings(texts: Iterable[Snippet], language: Language) -> Closings:
    """Return the first signature and the first hashtags that exist in this language.

    `texts` are ordered: the department's own snippets come before those for every department.
    """
    texts_by_part: dict[TextPart, str] = {}
    for text in texts:
        if part_text := text_in_language(text, language):
            texts_by_part.setdefault(text.part, part_text)
    return Closings(
        texts_by_part.get(TextPart.SIGNATURE, ""), texts_by_part.get(TextPart.HASHTAGS, "")
    )


def prepend_text(starting: str, written: str) -> str:
    """Return `starting`, followed by what was already `written`, so that nothing is lost."""
    if not starting or starting in written:
        return written
    return f"{starting}\n\n{written}" if written.strip() else starting


def append_closing(written: str, closing: Closings) -> str:
    """Append signature and hashtags to the text, each once; an empty text stays empty."""
    text = written.rstrip()
    if not text:
        return written
    if closing.signature and closing.signature not in text:
        text = f"{text}\n{closing.signature}"
    present_words = set(text.split())
    missing = [tag for tag in closing.hashtags.split() if tag not in present_words]
    return f"{text}\n{' '.join(missing)}" if missing else text
