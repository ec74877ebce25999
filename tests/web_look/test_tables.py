"""The tables behind the pages: states, labels, colours and their contrast, previews, dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from approvals.states import PostState
from publisher.states import AccountState, CommentState, DeliveryState, NoticeState, SubmissionState
from tests.support.tables import each
from web.core.state_badges import STATE_BADGES, deadline_look
from web.preview_filters import fold, hashtags, initial, paragraphs

STYLES = (Path(__file__).parents[2] / "web" / "static" / "nagarvani.css").read_text("utf-8")
TOKENS = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", STYLES))
TONES = ("grey", "amber", "teal", "green", "red", "plum")
WEDNESDAY = datetime(2026, 11, 25, 8, 40, tzinfo=UTC)  # 14:10 in Pune
STATES: list[tuple[str, type[StrEnum]]] = [
    ("submission", SubmissionState),
    ("post", PostState),
    ("delivery", DeliveryState),
    ("order", DeliveryState),
    ("comment", CommentState),
    ("account", AccountState),
    ("notice", NoticeState),
]


def contrast(colour: str, other: str) -> float:
    """Return the WCAG contrast of two colours or their tokens, to one decimal place."""

    def light(name: str) -> float:
        value = TOKENS.get(name, name).lstrip("#")
        value = "".join(sign * 2 for sign in value) if len(value) == 3 else value
        parts = [int(value[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(colour), light(other)), reverse=True)
    return round((high + 0.05) / (low + 0.05), 1)


@pytest.mark.parametrize(("thing", "states"), STATES)
def test_every_state_of_the_house_has_a_badge(thing: str, states: type[StrEnum]) -> None:
    for state in states:
        assert (thing, state) in STATE_BADGES


@pytest.mark.parametrize("tone", TONES)
def test_each_tone_is_read_on_its_tint_and_its_border_is_seen(tone: str) -> None:
    assert contrast(f"{tone}-ink", f"{tone}-tint") >= 8
    assert contrast("#ffffff", f"{tone}-ink") >= 9.3
    assert contrast(f"{tone}-border", "#ffffff") >= 3


@each(
    "colour, other, least",
    [
        ("ink", "ground", 14.8),
        ("ink-2", "ground", 8.0),
        ("ink-2", "strip", 7.0),
        ("ink-2", "selected", 7.2),
        ("#ffffff", "bar", 15.4),
        ("act", "#ffffff", 8.4),
        ("act", "ground", 7.6),
        ("edge", "#ffffff", 5.6),
        ("focus", "bar", 10.5),
        ("ink", "focus", 3.0),
        ("hashtag", "#ffffff", 6.9),
    ],
)
def test_colours_keep_the_contrast_that_the_look_names(
    colour: str, other: str, least: float
) -> None:
    assert contrast(colour, other) >= least


def test_the_font_sits_on_its_line() -> None:
    assert "ascent-override: 97%" in STYLES
    assert "descent-override: 34%" in STYLES


@pytest.mark.parametrize(
    ("hours", "look"),
    [(-1, "over"), (0, "over"), (1, "near"), (3.8, "near"), (18, "near"), (20.84, "later")],
)
def test_a_deadline_turns_amber_on_its_last_working_day(hours: float, look: str) -> None:
    assert deadline_look(WEDNESDAY + timedelta(hours=hours), WEDNESDAY) == look


def test_a_hashtag_keeps_its_vowel_signs_and_nothing_else_is_let_through() -> None:
    markup = hashtags("<b>पाहा</b> #पाणीपुरवठा, #Pune; A#no #123 https://pmc.example/#top")
    assert markup == (
        '&lt;b&gt;पाहा&lt;/b&gt; <span class="hashtag">#पाणीपुरवठा</span>, '
        '<span class="hashtag">#Pune</span>; A#no #123 https://pmc.example/#top'
    )


def test_facebook_cuts_after_five_lines_or_477_characters_at_a_word() -> None:
    assert fold("एक\nदोन", "facebook") == ("एक\nदोन", "")
    assert fold("1\n2\n3\n4\n5\n6\n7", "facebook") == ("1\n2\n3\n4\n5", "6\n7")
    long = fold("शब्द " * 200, "facebook")
    assert len(long.before) <= 477
    assert long.before.endswith("शब्द")
    assert long.after
    assert fold("x" * 600, "facebook") == ("x" * 477, "x" * 123)


def test_paragraphs_part_at_empty_lines_and_initials_keep_their_signs() -> None:
    assert paragraphs("एक\r\nदोन\r\n\r\nतीन\n\n\n") == ["एक\nदोन", "तीन"]
    assert initial(" पुणे") == "पु"
    assert initial("") == ""
