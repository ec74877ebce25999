"""Text of invisible characters counts as empty."""

from __future__ import annotations

import pytest

from publisher.i18n.text_cleaning import is_visible, strip_leading_handles
from tests.support.tables import each


@each(
    "text",
    [
        "",
        " \u00a0\u2003\t\n",
        "\u200b\u200c\u200d\u2060\ufeff",
        "\u200e\u200f\u202a\u202e\u2066\u2069",
        "\u00ad\u061c\u180e",
        "\u2800\u3164\uffa0\u115f\u1160\u034f",
        "\ufe0f\ufe0e\u180b\u180f\U000e0100\U000e01ef",
        "\x00\x07",
    ],
)
def test_blanks_joiners_and_marks_of_direction_are_nothing(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["पाणी", "क्\u200dष", "\u202eabc", ".", "🚰", "\ufffd"])
def test_whatever_can_be_seen_is_something(text: str) -> None:
    assert is_visible(text)


@each(
    "text, expected",
    [
        ("@a_b @पुणे पाणी कधी?", "पाणी कधी?"),
        ("पाणी कधी @pmc?", "पाणी कधी @pmc?"),
        ("@pmc", "@pmc"),
        ("name@pmc.example येथे", "name@pmc.example येथे"),
    ],
)
def test_handles_are_left_out_at_the_beginning_alone(text: str, expected: str) -> None:
    assert strip_leading_handles(text) == expected
