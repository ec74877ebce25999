"""The catalogues are complete, have the same placeholders, and use the agreed terms."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from publisher.i18n import TRANSLATIONS
from tests.support.runs import CHECKOUT
from tools.build_assets import compile_all

LANGUAGES = ("mr", "hi")
KEYWORDS = {
    "_": None,
    "_l": None,
    "_n": (1, 2),
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
UNIT = re.compile("MB|kB|PDF")
LATIN_WORD = re.compile(r"[A-Za-z]+")
# Latin letters that an officer reads every day, or that stand so on the platform or the screen.
LATIN_ALLOWED = {
    "Approval",
    "CSV",
    "DOCX",
    "GIF",
    "HEIC",
    "IT",
    "Excel",
    "JPEG",
    "key",  # "setup key", as apps with codes call it
    "setup",
    "encoding",
    "XLSX",
    "MB",
    "Nodal",
    "Officer",
    "PDF",
    "PNG",
    "TIFF",
    "X",
    "kB",
}
COMMAND = re.compile("“nagarvani init”|NAGARVANI_[A-Z]+|business_management|https://")


def catalogue_file(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


@cache
def catalogue(language: str) -> Catalog:
    with catalogue_file(language).open("rb") as file:
        return read_po(file)


@cache
def extracted() -> frozenset[str | tuple[str, ...]]:
    """Return every msgid of the code and the templates; a plural one as a pair."""
    with (TRANSLATIONS.parent / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel types it not
    return frozenset(
        msgid
        for folder in (
            CHECKOUT / part
            for part in (
                "web",
                "publisher/platforms",
                "publisher/notifications",
                "publisher/papers",
            )
        )
        for _file, _line, msgid, _comments, _context in extract_from_dir(
            folder, method_map=methods, options_map=options, keywords=KEYWORDS
        )
    )


def sources(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def key(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else sources(message)


def texts(message: Message) -> tuple[str, ...]:
    translation = message.string
    return (translation,) if isinstance(translation, str) else tuple(translation or ())


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def translation_of(language: str, msgid: str) -> str:
    translation = catalogue(language).get(msgid)
    assert translation is not None, f"{msgid} is not in the catalogue"
    return str(translation.string)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_exactly_what_the_pages_say(language: str) -> None:
    keys = {key(message) for message in messages(language)}
    assert len(extracted()) > 500
    assert extracted() - keys == set(), "missing: extract and translate, see docs/words.md"
    assert keys - extracted() == set(), "no page says this any more"
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_a_guess(language: str) -> None:
    forms = catalogue(language).num_plurals
    for message in messages(language):
        assert not message.fuzzy, message.id
        assert all(text.strip() for text in texts(message)), message.id
        assert len(texts(message)) == (1 if isinstance(message.id, str) else forms), message.id
        letters = UNIT.sub("", PLACEHOLDER.sub("", "".join(texts(message))))
        if any(letter.isalpha() for letter in letters):
            assert DEVANAGARI.search(letters), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_the_same_blanks_as_its_source(language: str) -> None:
    for message in messages(language):
        for source, text in zip(sources(message), texts(message), strict=True):
            blanks = PLACEHOLDER.findall(text)
            assert sorted(blanks) == sorted(PLACEHOLDER.findall(source)), text
            assert text.count("%") == len(blanks), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_stop_stands_where_the_source_ends_a_sentence(language: str) -> None:
    for message in messages(language):
        for source, text in zip(sources(message), texts(message), strict=True):
            assert text == text.strip(), text
            assert "  " not in text, text
            if text.endswith((".", "।")):
                assert source.endswith("."), text


def test_marathi_sentences_write_devanagari_digits() -> None:
    for message in messages("mr"):
        for text in texts(message):
            assert not re.search("[0-9]", PLACEHOLDER.sub("", text)), text


def test_marathi_sentences_hold_no_english_words() -> None:
    for message in messages("mr"):
        for text in texts(message):
            plain = COMMAND.sub("", PLACEHOLDER.sub("", text))
            assert set(LATIN_WORD.findall(plain)) <= LATIN_ALLOWED, text


def test_hindi_sentences_write_the_digits_and_words_of_hindi() -> None:
    marathi = re.compile("[०-९ळॲ]|मिडिया|समन्वयक|मान्यता द|आहे|करावे|नाही(?!ं)")
    for message in messages("hi"):
        for text in texts(message):
            assert not marathi.search(text), text
            plain = COMMAND.sub("", PLACEHOLDER.sub("", text))
            assert set(LATIN_WORD.findall(plain)) <= LATIN_ALLOWED, text


def test_hindi_ends_its_sentences_with_a_danda() -> None:
    for message in messages("hi"):
        for text in texts(message):
            assert not text.endswith("."), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_is_never_parted_from_the_word_before_it(language: str) -> None:
    for message in messages(language):
        for text in texts(message):
            assert not re.search(r"(क्र|दि|सायं)\. ", text), text


def test_every_count_in_a_template_is_written_in_the_page_s_digits() -> None:
    counts = [
        (path.name, line)
        for path in sorted((CHECKOUT / "web" / "templates").rglob("*.html"))
        for line in path.read_text(encoding="utf-8").split("ngettext(")[1:]
    ]
    assert len(counts) > 5
    for name, rest in counts:
        assert re.match(r"[^}]*\bnum(ber)?=[^}]*\|digits\)", rest), (name, rest[:80])


def test_compiling_writes_what_is_missing_or_older_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "mr" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr ""\n\nmsgid "See"\nmsgstr "पाहा"\n', encoding="utf-8")
    compiled = source.with_suffix(".mo")

    assert compile_all(tmp_path) == [compiled]
    assert compile_all(tmp_path) == []

    source.write_text('msgid ""\nmsgstr ""\n\nmsgid "See"\nmsgstr "बघा"\n', encoding="utf-8")
    later = compiled.stat().st_mtime_ns + 1_000_000_000
    os.utime(source, ns=(later, later))
    assert compile_all(tmp_path) == [compiled]
    with compiled.open("rb") as file:
        assert GNUTranslations(file).gettext("See") == "बघा"
    assert sorted(path.suffix for path in source.parent.iterdir()) == [".mo", ".po"]
