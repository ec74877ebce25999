"""Differences of texts by graphemes: conjuncts, joined emoji and vowel signs stay whole."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.drafting.diff import (
    Change,
    ChangeKind,
    Piece,
    PieceKind,
    changes,
    difference,
    finely,
    graphemes,
)
from publisher.models.posts import Language, Rendition, Revision, RevisionDepartment, Variant
from tests.support.city_people import DAY, NOON

SAME, REMOVED, ADDED = PieceKind.SAME, PieceKind.REMOVED, PieceKind.ADDED


def revision(*variants: Variant, **changed: object) -> Revision:
    revision = Revision(variants=list(variants), **changed)
    revision.departments = revision.departments or [RevisionDepartment(department_id=3, asked=True)]
    return revision


def text(content: str, *pictures: tuple[str, str], language: str = "mr", link: str = "") -> Variant:
    return Variant(
        account_id=1,
        language=Language(language),
        text=content,
        link=link,
        renditions=[Rendition(sha256=digest, alt_text=alt) for digest, alt in pictures],
    )


def kinds(old: Revision, new: Revision) -> list[str]:
    return [change.kind.value for change in changes(old, new)]


def only(old: Revision, new: Revision) -> Change:
    (change,) = changes(old, new)
    return change


def test_the_same_revision_has_no_changes() -> None:
    assert changes(revision(text("पाणी", ("a", "अ"))), revision(text("पाणी", ("a", "अ")))) == []


def test_a_changed_word_is_shown_within_what_stayed() -> None:
    change = only(
        revision(text("शनिवारी सकाळी ९ वाजता पाणी बंद.")),
        revision(text("शनिवारी सकाळी १० वाजता पाणी बंद.")),
    )
    assert change.kind is ChangeKind.TEXT
    assert change.pieces == (
        Piece(SAME, "शनिवारी सकाळी "),
        Piece(REMOVED, "९"),
        Piece(ADDED, "१०"),
        Piece(SAME, " वाजता पाणी बंद."),
    )


def test_a_devanagari_word_is_never_parted_at_its_signs() -> None:
    pieces = difference("पाणीपुरवठा बंद", "पाणीपुरवठ्याचे बंद")
    assert pieces[:2] == (Piece(REMOVED, "पाणीपुरवठा"), Piece(ADDED, "पाणीपुरवठ्याचे"))


def test_a_full_stop_that_was_added_leaves_its_word_alone() -> None:
    assert difference("पाणी बंद", "पाणी बंद।") == (Piece(SAME, "पाणी बंद"), Piece(ADDED, "।"))


@given(st.text("अ क्ष.\n|ab ", max_size=60), st.text("अ क्ष.\n|ab ", max_size=60))
def test_the_pieces_give_both_texts_back(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind is not ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.kind is not REMOVED) == new


def test_a_text_as_long_as_facebook_takes_is_compared_in_a_moment() -> None:
    sentences = [f"प्रभाग {number} मध्ये सकाळी पाणी येणार नाही. " for number in range(1_500)]
    new = [
        sentence.replace("सकाळी", "दुपारी") if at % 10 == 0 else sentence
        for at, sentence in enumerate(sentences)
    ]
    began = time.perf_counter()
    pieces = difference("".join(sentences), "".join(new))
    assert time.perf_counter() - began < 10
    assert [piece.text for piece in pieces if piece.kind is ADDED] == ["दुपारी"] * 150


def test_a_text_too_long_to_compare_is_told_as_a_whole_but_for_its_ends() -> None:
    text_words = [f"शब्द{number % 97}" for number in range(12_600)]
    new = [word.replace("शब्द13", "नवा") for word in text_words]
    began = time.perf_counter()
    pieces = difference(" ".join(text_words), " ".join(new))
    assert time.perf_counter() - began < 10
    assert [piece.kind for piece in pieces] == [SAME, REMOVED, ADDED, SAME]


def test_variants_that_came_and_went_are_told_with_their_text() -> None:
    came, went = changes(revision(text("जुने", language="en")), revision(text("नवे")))
    assert (came.kind, came.pieces) == (ChangeKind.VARIANT_ADDED, (Piece(ADDED, "नवे"),))
    assert (went.kind, went.pieces) == (ChangeKind.VARIANT_REMOVED, (Piece(REMOVED, "जुने"),))
    assert (came.variant and came.variant.language, went.variant and went.variant.language) == (
        "mr",
        "en",
    )


def test_pictures_are_told_by_what_happened_to_them() -> None:
    old = revision(text("अ", ("a", "एक"), ("b", "दोन"), ("c", "")))
    new = revision(text("अ", ("c", ""), ("a", "एक नवा"), ("d", "")))
    changed = changes(old, new)
    assert [
        (change.kind, change.picture.sha256 if change.picture else "") for change in changed
    ] == [
        (ChangeKind.ALT_TEXT, "a"),
        (ChangeKind.PICTURE_ADDED, "d"),
        (ChangeKind.PICTURE_REMOVED, "b"),
        (ChangeKind.PICTURES_REORDERED, ""),
    ]
    assert changed[0].pieces == (Piece(SAME, "एक"), Piece(ADDED, " नवा"))


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"not_before": NOON}, "not_before"),
        ({"not_after": NOON + DAY}, "not_after"),
        (
            {
                "departments": [
                    RevisionDepartment(department_id=department_id, asked=True)
                    for department_id in (3, 4)
                ]
            },
            "asked",
        ),
    ],
)
def test_window_and_departments_are_told(changed: dict[str, object], kind: str) -> None:
    change = only(revision(text("अ")), revision(text("अ"), **changed))
    assert change.kind.value == kind
    assert change.before != change.after


def test_a_link_is_told_with_both_addresses() -> None:
    change = only(
        revision(text("अ", link="https://a.example")), revision(text("अ", link="https://b.example"))
    )
    assert (change.before, change.after) == ("https://a.example", "https://b.example")
    assert change.kind is ChangeKind.LINK


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


def descriptions(old: str, new: str) -> list[tuple[str, list[str]]]:
    """Return each piece with its runs; those that differ are in brackets."""
    return [
        (str(piece.kind), [f"[{run.text}]" if run.differs else run.text for run in piece.runs])
        for piece in finely(difference(old, new))
    ]


def test_within_similar_words_only_what_differs_stands_out() -> None:
    assert descriptions("पाणीपुरवठा बंद", "पाणीपुरवठ्याची बंद") == [
        ("removed", ["पाणीपुरव", "[ठा]"]),
        ("added", ["पाणीपुरव", "[ठ्याची]"]),
        ("same", [" बंद"]),
    ]


def test_a_conjunct_that_gains_a_sign_changes_as_a_whole() -> None:
    assert descriptions("या क्षत्रात", "या क्षेत्रात") == [
        ("same", ["या "]),
        ("removed", ["[क्ष]", "त्रात"]),
        ("added", ["[क्षे]", "त्रात"]),
    ]


def test_words_that_have_little_in_common_are_told_as_wholes() -> None:
    assert descriptions("सोमवारी सुरू", "बुधवारी उशिरा सुरू")[-1] == ("same", [" सुरू"])
    assert descriptions("बंद", "सुरू") == [("removed", ["बंद"]), ("added", ["सुरू"])]


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
