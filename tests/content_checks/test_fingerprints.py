"""Fingerprints: similar texts share one, different texts do not."""

from __future__ import annotations

import random

from publisher.content_checks.fingerprints import (
    MARKS,
    choose_marks,
    jaccard_similarity,
    normalize_words,
    word_runs,
)

NOTICE = (
    "पुणे महानगरपालिकेच्या पाणीपुरवठा विभागामार्फत सर्व नागरिकांना कळविण्यात येते की शनिवार दि. २८ "
    "नोव्हेंबर रोजी शहराच्या पूर्व भागाचा पाणीपुरवठा दुरुस्तीच्या कामासाठी बंद राहील. "
) * 3


def vocabulary(count: int) -> list[str]:
    """Return words that all differ."""
    return [f"शब्द{at}" for at in range(count)]


def test_case_marks_digits_spaces_and_addresses_do_not_count() -> None:
    text = "No Water on 28 November!  See https://pmc.example/a"
    other = "no water, on २८ november. see"
    assert (
        normalize_words(text)
        == normalize_words(other)
        == ["no", "water", "on", "28", "november", "see"]
    )


def test_a_devanagari_word_is_one_word_with_all_its_signs() -> None:
    assert normalize_words("क्षेत्रीय कार्यालय #पाणीपुरवठा") == ["क्षेत्रीय", "कार्यालय", "पाणीपुरवठा"]


def test_a_zero_width_mark_hides_nothing() -> None:
    assert choose_marks(word_runs("पाणी\u200b बंद आहे")) == choose_marks(word_runs("पाणी बंद आहे"))


def test_equal_texts_have_equal_marks_and_share_everything() -> None:
    runs = word_runs(NOTICE)
    assert len(choose_marks(runs)) == MARKS
    assert jaccard_similarity(runs, word_runs(NOTICE.replace("  ", " ").upper())) == 1.0


def test_texts_that_share_nine_tenths_share_a_mark() -> None:
    vocabulary_words = vocabulary(200)
    rng = random.Random(3)
    for _round in range(60):
        changed = list(vocabulary_words)
        for at in rng.sample(range(0, 200, 4), 3):
            changed[at] = "वेगळे"
        first_runs, other = word_runs(" ".join(vocabulary_words)), word_runs(" ".join(changed))
        assert jaccard_similarity(first_runs, other) > 0.9
        assert choose_marks(first_runs) & choose_marks(other)


def test_different_texts_share_no_mark() -> None:
    vocabulary_words = vocabulary(300)
    rng = random.Random(5)
    for _round in range(60):
        first_runs, other = (
            word_runs(" ".join(rng.sample(vocabulary_words, 60))) for _text in range(2)
        )
        assert not choose_marks(first_runs) & choose_marks(other)


def test_a_text_without_words_has_no_marks() -> None:
    assert choose_marks(word_runs(" … 👍 https://pmc.example ")) == frozenset()
    assert jaccard_similarity(frozenset(), frozenset()) == 0.0
