"""Text of forms: what is repaired silently, and what is refused with its position."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.i18n.text_cleaning import TextProblem, clean, detect_language
from tests.support.tables import each


def test_text_is_composed() -> None:
    assert clean("cafe\u0301").text == "caf\u00e9"
    assert clean("\u0928\u093c").text == "\u0929"


def test_every_newline_becomes_the_same() -> None:
    written = "एक\r\nदोन\rतीन\vचार\u2028पाच\u2029सहा\x85सात\n"
    assert clean(written).text == "एक\nदोन\nतीन\nचार\nपाच\nसहा\nसात\n"
    assert clean(written).ok


def test_tabs_from_a_table_and_the_mark_before_a_file_do_no_harm() -> None:
    cleaned = clean("\ufeffवेळ\tठिकाण")
    assert (cleaned.text, cleaned.ok) == ("वेळ ठिकाण", True)


@each(
    "character, code",
    [
        ("\x00", TextProblem.CONTROL),
        ("\x07", TextProblem.CONTROL),
        ("\x1b", TextProblem.CONTROL),
        ("\x7f", TextProblem.CONTROL),
        ("\x9b", TextProblem.CONTROL),
        *((chr(point), TextProblem.BIDI) for point in range(0x202A, 0x202F)),
        *((chr(point), TextProblem.BIDI) for point in range(0x2066, 0x206A)),
        ("\ud83d", TextProblem.SURROGATE),
        ("\ufeff", TextProblem.NONCHARACTER),
        ("\ufffe", TextProblem.NONCHARACTER),
        ("\U0010ffff", TextProblem.NONCHARACTER),
        ("\ufdd0", TextProblem.NONCHARACTER),
    ],
)
def test_what_deceives_or_breaks_is_refused_with_its_place(
    character: str, code: TextProblem
) -> None:
    (problem,) = clean(f"पहिली ओळ\r\nदुसरी{character} ओळ").problems
    assert problem.code is code
    assert (problem.index, problem.line, problem.column) == (14, 2, 6)
    assert problem.character == f"U+{ord(character):04X}"


def test_every_place_is_named_not_only_the_first() -> None:
    problems = clean("\x01a\n\u202eb\x02").problems
    assert [(problem.line, problem.column) for problem in problems] == [(1, 1), (2, 1), (2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "क्\u200dष आणि क्\u200cष",
        "👩‍🚒 अग्निशमन दल 🇮🇳 ✅",
        "₹ 1,200 – “दर” … • ‘नवीन’",
        "सकाळी\u00a0९:००",
        "\u05e2\u05d1\u200f \u0627\u0644",
        "",
    ],
)
def test_what_people_really_write_passes_unchanged(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.ok
    assert cleaned.text == unicodedata.normalize("NFC", text)


@given(st.text(alphabet=st.characters(), max_size=80))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    if not once.text.startswith("\ufeff"):
        assert clean(once.text) == once
    for problem in once.problems:
        line = once.text.split("\n")[problem.line - 1]
        assert f"U+{ord(line[problem.column - 1]):04X}" == problem.character
        assert f"U+{ord(once.text[problem.index]):04X}" == problem.character


@given(st.text(alphabet=st.characters(), max_size=80))
def test_what_passes_can_be_stored_and_sent(text: str) -> None:
    cleaned = clean(text)
    if cleaned.ok:
        assert cleaned.text.encode().decode() == cleaned.text
        assert not any(
            unicodedata.category(character) == "Cc" for character in cleaned.text.replace("\n", "")
        )


@each(
    "text, language",
    [
        ("शनिवारी खराडी परिसरात पाणीपुरवठा बंद राहील.", "mr"),
        ("खराडीत उद्या पाणी नाही. माहिती https://example.org/water #Pune", "mr"),
        ("No water in Kharadi on Saturday.", "en"),
        ("No water on Saturday. #पुणे #पाणीपुरवठा", "en"),
        ("tanker sathi arj kuthe karaycha?", "en"),
        ("पाणीपुरवठा बंद राहील. Water supply will be closed.", "mixed"),
        ("२८/११ 020-5550-0123 ✅", None),
        ("", None),
    ],
)
def test_the_language_is_told_roughly_by_its_script(text: str, language: str | None) -> None:
    assert detect_language(text) == language
