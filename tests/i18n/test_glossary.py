"""The table of `docs/words.md` that pairs the words of pages with those of the code is true."""

from __future__ import annotations

from tests.i18n.test_catalogues import extracted, translation_of
from tests.support.runs import CHECKOUT

HEADING = "## What a page says and what the code says"


def pairs() -> list[tuple[str, str, str]]:
    """Return the words of pages in English, Marathi and Hindi, as the table has them."""
    text = (CHECKOUT / "docs" / "words.md").read_text(encoding="utf-8")
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return [(english, marathi, hindi) for _code, english, marathi, hindi in rows[2:]]


def test_a_page_says_the_words_of_the_table() -> None:
    for english, marathi, hindi in pairs():
        assert english in extracted()
        assert (translation_of("mr", english), translation_of("hi", english)) == (marathi, hindi)


def test_each_word_stands_for_one_thing() -> None:
    english, marathi, _hindi = zip(*pairs(), strict=True)
    assert len(set(english)) == len(english) > 30
    assert len(set(marathi)) == len(marathi)
