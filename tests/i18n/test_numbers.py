"""Numbers as each language writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.i18n.languages import (
    digits,
    format_count,
    format_numbered,
    latin_digits,
    number,
    plural,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("सकाळी 9 ते 11", "सकाळी ९ ते ११"),
        ("पापु/ता/1184", "पापु/ता/११८४"),
        ("020-5550-0123", "०२०-५५५०-०१२३"),
        ("पोच क्रमांक PMC/2026/000412.", "पोच क्रमांक PMC/2026/000412."),
        ("https://example.org/2026 वर 3 फोटो", "https://example.org/2026 वर ३ फोटो"),
        ("@namuna_12 यांची 2 री टिप्पणी", "@namuna_12 यांची २ री टिप्पणी"),
        ("", ""),
    ],
)
def test_marathi_has_devanagari_digits_except_in_pmc_numbers(text: str, written: str) -> None:
    assert digits(text, "mr") == written
    assert digits(text, "en") == digits(text, "hi") == text


@given(st.text(alphabet="0123456789 क,:-", max_size=40))
def test_devanagari_digits_read_back_as_the_same_number(text: str) -> None:
    assert latin_digits(digits(text, "mr")) == text


@pytest.mark.parametrize(
    ("value", "english", "marathi"),
    [
        (0, "0", "०"),
        (999, "999", "९९९"),
        (1000, "1,000", "१,०००"),
        (123456, "1,23,456", "१,२३,४५६"),
        (12345678, "1,23,45,678", "१,२३,४५,६७८"),
        (-100000, "-1,00,000", "-१,००,०००"),
    ],
)
def test_large_numbers_are_grouped_in_lakhs_and_crores(
    value: int, english: str, marathi: str
) -> None:
    assert number(value, "en") == english
    assert number(value, "mr") == marathi


@given(st.integers())
def test_grouping_loses_no_figure(value: int) -> None:
    assert int(number(value, "en").replace(",", "")) == value


def test_a_number_stays_with_its_sign() -> None:
    assert format_numbered(3, "mr") == "क्र.\u00a0३"
    assert format_numbered(12, "en") == "No.\u00a012"
    assert format_numbered(3, "hi") == "क्र.\u00a03"


@pytest.mark.parametrize(
    ("value", "english", "hindi"), [(0, "other", "one"), (1, "one", "one"), (2, "other", "other")]
)
def test_nought_is_singular_only_in_hindi(value: int, english: str, hindi: str) -> None:
    assert plural(value, "one", "other", "en") == plural(value, "one", "other", "mr") == english
    assert plural(value, "one", "other", "hi") == hindi


def test_a_counted_noun_takes_its_form() -> None:
    assert format_count(1, "मिनिट", "मिनिटे", "mr") == "१ मिनिट"
    assert format_count(20, "मिनिट", "मिनिटे", "mr") == "२० मिनिटे"
    assert format_count(1200, "comment", "comments", "en") == "1,200 comments"
