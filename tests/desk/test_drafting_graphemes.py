"""Differences down to the grapheme: conjuncts, joined emoji and vowel signs stay whole."""

from __future__ import annotations

import unicodedata

import pytest

from publisher.drafting.diff import difference, finely, graphemes


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("क्षेत्र", ["क्षे", "त्र"]),
        ("ज्ञानेश्वर", ["ज्ञा", "ने", "श्व", "र"]),
        ("पुरवठ्याची", ["पु", "र", "व", "ठ्या", "ची"]),
        ("त्र्यंबक", ["त्र्यं", "ब", "क"]),
        ("कऱ्हाड", ["क", "ऱ्हा", "ड"]),
        ("👨‍👩‍👧🙏🏽", ["👨‍👩‍👧", "🙏🏽"]),
    ],
)
def test_a_word_is_counted_as_its_reader_counts_it(word: str, parts: list[str]) -> None:
    assert graphemes(word) == parts


def told(old: str, new: str) -> list[tuple[str, list[str]]]:
    """Each piece with its runs; those that differ stand in brackets."""
    return [
        (str(piece.kind), [f"[{run.text}]" if run.differs else run.text for run in piece.runs])
        for piece in finely(difference(old, new))
    ]


def test_within_similar_words_only_what_differs_stands_out() -> None:
    assert told("पाणीपुरवठा बंद", "पाणीपुरवठ्याची बंद") == [
        ("removed", ["पाणीपुरव", "[ठा]"]),
        ("added", ["पाणीपुरव", "[ठ्याची]"]),
        ("same", [" बंद"]),
    ]


def test_a_conjunct_that_gains_a_sign_changes_as_a_whole() -> None:
    assert told("या क्षत्रात", "या क्षेत्रात") == [
        ("same", ["या "]),
        ("removed", ["[क्ष]", "त्रात"]),
        ("added", ["[क्षे]", "त्रात"]),
    ]


def test_words_that_have_little_in_common_are_told_as_wholes() -> None:
    assert told("सोमवारी सुरू", "बुधवारी उशिरा सुरू")[-1] == ("same", [" सुरू"])
    assert told("बंद", "सुरू") == [("removed", ["बंद"]), ("added", ["सुरू"])]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("पाणीपुरवठा बंद राहील.", "पाणीपुरवठ्याची वेळ बदलली."),
        ("धन्यवाद 👨‍👩‍👧 #पुणे", "धन्यवाद 👨‍👩‍👦 #पुणेकर"),
        ("", "नवा मजकूर"),
        ("र्‍हास", "ऱ्हास"),
        ("एक\nदोन", "एक\n\nतीन"),
    ],
)
def test_runs_and_pieces_give_both_texts_back_and_part_no_grapheme(old: str, new: str) -> None:
    pieces = finely(difference(old, new))
    for text, gone in ((old, "added"), (new, "removed")):
        mine = [piece for piece in pieces if piece.kind != gone]
        assert "".join(piece.text for piece in mine) == text
        assert all("".join(run.text for run in piece.runs) == piece.text for piece in mine)
    for piece in pieces:
        for run in piece.runs:
            assert not unicodedata.category(run.text[0]).startswith("M"), run


def test_very_long_stretches_are_told_as_wholes_at_once() -> None:
    pieces = finely(difference("क" * 5_000, "ख" + "क" * 4_000))
    assert all(not run.differs for piece in pieces for run in piece.runs)
