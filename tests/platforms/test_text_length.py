"""The weighted length of texts, against hand-computed weights and X's conformance file."""

from __future__ import annotations

import time
from typing import TypedDict

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from publisher.platforms.x.text_length import LIMIT, count
from publisher.platforms.x.url_detection import extract_urls
from tests.platforms.weights import CONFORMANCE, WEIGHTS
from tests.support.tables import each


class Expected(TypedDict):
    weightedLength: int
    valid: bool
    permillage: int
    validRangeEnd: int


class Case(TypedDict):
    description: str
    text: str
    expected: Expected


def conformance(section: str) -> list[Case]:
    if not CONFORMANCE.exists():
        return []
    cases: list[Case] = yaml.safe_load(CONFORMANCE.read_text(encoding="utf-8"))["tests"][section]
    return cases


@each("text, weight", WEIGHTS.items())
def test_a_text_has_the_weight_worked_out_by_hand(text: str, weight: int) -> None:
    assert count(text).weighted == weight


@pytest.mark.parametrize(
    ("section", "whole_emoji", "number"),
    [
        ("WeightedTweetsCounterTest", False, 20),
        ("WeightedTweetsWithDiscountedEmojiCounterTest", True, 22),
        ("UnicodeDirectionalMarkerCounterTest", True, 2),
    ],
)
def test_the_weighted_sections_of_the_conformance_file_pass(
    section: str, whole_emoji: bool, number: int
) -> None:
    if not CONFORMANCE.exists():
        pytest.skip("the conformance file does not lie beside the repository")
    cases = conformance(section)
    assert len(cases) == number
    for case in cases:
        counted = count(case["text"], whole_emoji=whole_emoji)
        expected = case["expected"]
        assert (counted.weighted, counted.valid, counted.fits - 1) == (
            expected["weightedLength"],
            expected["valid"],
            expected["validRangeEnd"],
        ), case["description"]
        assert counted.weighted * 1000 // LIMIT == expected["permillage"]


def test_addresses_are_given_as_written_and_in_order() -> None:
    text = (
        "पाहा https://Example.com/A(b)c, pib.gov.in व #pune.in किंवा x@y.in; www.example.org/?a=1."
    )
    assert extract_urls(text) == [
        "https://Example.com/A(b)c",
        "pib.gov.in",
        "www.example.org/?a=1",
    ]


def test_two_bare_domains_joined_by_devanagari_are_two_addresses() -> None:
    assert extract_urls("example.comआणिexample.org/a") == ["example.com", "example.org/a"]


def test_an_address_longer_than_4096_is_weighed_by_its_characters() -> None:
    assert count("http://example.com/" + "a" * 4_077).weighted == 23
    assert count("http://example.com/" + "a" * 4_078).weighted == 4_097


def test_the_limit_itself_fits_and_one_more_does_not() -> None:
    assert count("क" * 280).valid
    over = count("क" * 281)
    assert (over.valid, over.weighted, over.fits) == (False, 281, 280)


def test_an_address_that_crosses_the_limit_does_not_fit_in_part() -> None:
    counted = count("क" * 270 + " pib.gov.in")
    assert (counted.weighted, counted.fits) == (294, 271)


def test_an_empty_text_is_not_valid() -> None:
    assert not count("").valid


def processor_seconds(text: str) -> float:
    """Return the processor time for counting this text, which other processes do not affect."""
    began = time.thread_time()
    count(text)
    return time.thread_time() - began


@pytest.mark.proof
@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "क",
        "a.",
        "क.",
        "a.com/(",
        "a.com.",
        "@a.com",
        "a_",
        "com-",
        "a.xn--",
        "http://",
        "👨‍👩‍👧‍👦",
    ],
)
def test_the_work_grows_with_the_length_alone(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        return min(processor_seconds(text) for _ in range(2))

    count(piece)
    # Twenty times the text; quadratic work would take four hundred times as long.
    assert seconds(100_000) < 150 * max(seconds(5_000), 0.005)


@pytest.mark.proof
def test_a_million_characters_do_not_hang() -> None:
    assert processor_seconds("पाणी " * 200_000) < 60
    assert count("पाणी " * 200_000).weighted == 1_000_000


@given(st.text(), st.text())
def test_the_weight_never_falls_below_the_fitting_part(first: str, second: str) -> None:
    counted = count(first + second)
    assert 0 <= counted.weighted <= 2 * len(first + second) + 23 * (first + second).count(".")
    assert counted.fits >= 0
