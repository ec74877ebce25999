"""Each rule by itself: its warnings, their places, and what it does not warn of."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from publisher.content_checks import checks, rules
from publisher.content_checks.types import (
    CheckContext,
    SeenLink,
    SimilarText,
    Text,
    TextLocation,
    WarningCode,
)
from publisher.models.content_checks import LinkFinding
from publisher.models.posts import Language

TODAY = date(2026, 11, 25)  # a Wednesday
KNOWN = CheckContext(leaves_on=TODAY)


def text(
    content: str, *, platform: str = "x", language: Language = Language.MARATHI, **more: object
) -> Text:
    """Return a draft with one variant."""
    account = {"x": 1, "facebook": 2}[platform]
    return Text(account, platform, language, content, **more)  # type: ignore[arg-type]  # named by the test


def event(first: date, last: date | None = None) -> CheckContext:
    """Return a draft about an event."""
    return CheckContext(leaves_on=TODAY, event=(first, last or first))


# Dates


def test_a_date_that_has_passed_is_warned_of_at_its_place() -> None:
    text_with_date = "शिबीर दि. २३ नोव्हेंबर रोजी"
    (warning,) = rules.dates_in_the_past([text("पाणी"), text(text_with_date)], KNOWN)
    assert warning.code is WarningCode.DATE_PASSED
    assert (warning.location.variant, warning.location.field) == (1, "text")
    assert warning.location.span is not None
    assert text_with_date[slice(*warning.location.span)] == warning.values["written"] == "२३ नोव्हेंबर"
    assert warning.values["day"] == date(2026, 11, 23)


@pytest.mark.parametrize(
    "content",
    [
        "दि. २५ नोव्हेंबर",  # today
        "28 November",
        "२३ ते २७ नोव्हेंबर",  # still going on
        "शासन निर्णय दि. १९.०७.२०२१",  # a reference
        "no date at all",
    ],
)
def test_a_date_that_is_still_to_come_or_is_a_reference_is_not(content: str) -> None:
    assert list(rules.dates_in_the_past([text(content)], KNOWN)) == []


def test_what_leaves_only_next_week_is_measured_by_then() -> None:
    context = CheckContext(leaves_on=date(2026, 12, 1))
    assert list(rules.dates_in_the_past([text("28 November")], context))


def test_a_year_written_by_mistake_counts_as_passed() -> None:
    assert list(rules.dates_in_the_past([text("28.11.2025")], KNOWN))


def test_a_date_that_is_not_the_events_is_warned_of_with_both() -> None:
    context = event(date(2026, 11, 29))
    (warning,) = rules.dates_off_the_event([text("रविवार दि. २८ नोव्हेंबर रोजी")], context)
    assert warning.code is WarningCode.DATE_DIFFERS
    assert warning.values["day"] == date(2026, 11, 28)
    assert warning.values["event_on"] == date(2026, 11, 29)


def test_one_date_of_the_event_is_enough() -> None:
    text_with_date = "नोंदणी २६ नोव्हेंबरपर्यंत; शिबीर २९ नोव्हेंबर रोजी"
    assert list(rules.dates_off_the_event([text(text_with_date)], event(date(2026, 11, 29)))) == []
    span = event(date(2026, 11, 27), date(2026, 11, 30))
    assert list(rules.dates_off_the_event([text("29 to 30 November")], span)) == []
    assert list(rules.dates_off_the_event([text("no date")], span)) == []
    assert list(rules.dates_off_the_event([text("२८ नोव्हेंबर")], KNOWN)) == []


def test_a_weekday_that_is_not_its_dates_is_warned_of() -> None:
    (warning,) = rules.weekdays([text("रविवार दि. २८ नोव्हेंबर २०२६")], KNOWN)
    assert (warning.code, warning.values["day"]) == (WarningCode.WRONG_WEEKDAY, date(2026, 11, 28))
    assert list(rules.weekdays([text("शनिवार दि. २८ नोव्हेंबर; 29 November (Sunday)")], KNOWN)) == []


# Numbers


@pytest.mark.parametrize(
    "content",
    ["संपर्क ९८२२० १२३४५", "call 9822012345", "+91 98220 12345", "09822012345", "९८२२०-१२३४५."],
)
def test_a_mobile_number_is_warned_of(content: str) -> None:
    (warning,) = rules.mobiles([text(content)], KNOWN)
    assert warning.code is WarningCode.MOBILE_NUMBER
    assert warning.location.span is not None
    assert content[slice(*warning.location.span)] == warning.values["written"]


@pytest.mark.parametrize(
    "content",
    [
        "०२०-५५५०-०१४५",
        "1800 1030 222",
        "108",
        "PMC/2026/9822012345",
        "98220123456789",
        "₹ 98,22,012",
        "5822012345",
    ],
)
def test_a_helpline_or_another_number_is_not(content: str) -> None:
    assert list(rules.mobiles([text(content)], KNOWN)) == []


def test_a_mobile_number_of_the_citys_own_is_no_fault() -> None:
    context = CheckContext(leaves_on=TODAY, city_numbers=frozenset({"9822012345"}))
    assert list(rules.mobiles([text("+91-98220 12345")], context)) == []


@pytest.mark.parametrize("content", ["आधार २३४१ २३४१ २३४६", "234123412346", "2341-2341-2346"])
def test_a_number_like_an_aadhaar_number_is_warned_of_by_its_end(content: str) -> None:
    (warning,) = rules.aadhaar([text(content)], KNOWN)
    assert warning.code is WarningCode.AADHAAR_NUMBER
    assert warning.values == {"ends_with": "2346"}


@pytest.mark.parametrize(
    "content", ["234123412345", "1341 2341 2346", "2341234123467", "+91 98220 12345"]
)
def test_twelve_digits_without_the_check_are_no_aadhaar_number(content: str) -> None:
    assert list(rules.aadhaar([text(content)], KNOWN)) == []


# What is missing


def test_a_photo_without_a_description_is_warned_of_in_its_language() -> None:
    texts = [
        text("अ", descriptions=("वर्णन", " ")),
        text("a", language=Language.ENGLISH, descriptions=("words", "more")),
    ]
    (warning,) = rules.descriptions(texts, KNOWN)
    assert warning.location == TextLocation(0, "pictures-1")
    assert warning.values == {"picture": 2, "language": Language.MARATHI}


def test_an_account_with_an_english_text_alone_is_warned_of() -> None:
    texts = [
        text("अ"),
        text("a", platform="facebook", language=Language.ENGLISH),
    ]
    (warning,) = rules.languages(texts, KNOWN)
    assert warning.location == TextLocation(1, "language")
    assert warning.values["missing"] is Language.MARATHI


def test_a_mixed_text_and_an_answer_need_no_second_language() -> None:
    assert list(rules.languages([text("अ a", language=Language.MIXED)], KNOWN)) == []
    assert list(rules.languages([text("अ", target="900")], KNOWN)) == []


# Links


def context_with_link(
    url: str, finding: LinkFinding | None, *, picture: str = "", code: int = 0
) -> CheckContext:
    """Return a context with a checked link."""
    link = SeenLink(url, finding, code or None, datetime(2026, 11, 25, tzinfo=UTC), "", picture)
    return CheckContext(leaves_on=TODAY, links={url: link})


def test_a_dead_link_is_warned_of_at_the_field_and_in_the_text() -> None:
    url = "https://pmc.example/camp"
    context = context_with_link(url, LinkFinding.GONE, code=404)
    (field,) = rules.dead([text("अ", link=url)], context)
    assert (field.location, field.values["answer"]) == (TextLocation(0, "link"), 404)
    (within,) = rules.dead([text(f"पाहा {url} येथे")], context)
    assert within.location == TextLocation(0, "text", (5, 5 + len(url)))


@pytest.mark.parametrize("finding", [None, LinkFinding.FINE, LinkFinding.GUARDED])
def test_a_link_that_is_there_or_was_not_looked_at_is_not(finding: LinkFinding | None) -> None:
    url = "https://pmc.example/camp"
    assert list(rules.dead([text("अ", link=url)], context_with_link(url, finding))) == []


def test_an_address_without_a_protocol_is_opened_as_the_platforms_do() -> None:
    assert rules.all_addresses([text("pib.gov.in पाहा"), text("", link="nonsense")]) == [
        "http://pib.gov.in"
    ]


def test_a_link_preview_without_a_picture_warns_if_no_photo_goes_along() -> None:
    url = "https://pmc.example/camp"
    context = context_with_link(url, LinkFinding.FINE)
    (warning,) = rules.link_without_picture([text("अ", link=url)], context)
    assert (warning.code, warning.location) == (
        WarningCode.NO_LINK_PICTURE,
        TextLocation(0, "link"),
    )
    assert (
        list(rules.link_without_picture([text("अ", link=url, descriptions=("फोटो",))], context))
        == []
    )
    with_picture = context_with_link(url, LinkFinding.FINE, picture="a" * 64)
    assert list(rules.link_without_picture([text("अ", link=url)], with_picture)) == []


# Replies, and like texts


def test_a_reply_that_x_does_not_take_is_warned_of() -> None:
    context = CheckContext(leaves_on=TODAY, may_reply=False)
    reply = text("आपली तक्रार मिळाली.", target="900")
    (warning,) = rules.reply_without_mention([reply], context)
    assert warning.code is WarningCode.REPLY_REFUSED
    assert list(rules.reply_without_mention([reply], KNOWN)) == []
    on_facebook = text("अ", platform="facebook", target="900")
    assert list(rules.reply_without_mention([on_facebook], context)) == []


@pytest.mark.parametrize(
    ("share", "code"), [(1.0, WarningCode.SAME_TEXT), (0.94, WarningCode.ALIKE_TEXT)]
)
def test_a_like_text_is_told_as_the_same_or_nearly_so(share: float, code: WarningCode) -> None:
    alike = SimilarText(7, "पाणी बंद", datetime(2026, 11, 20, tzinfo=UTC), share)
    context = CheckContext(leaves_on=TODAY, alike={1: alike})
    (warning,) = rules.same([text("अ"), text("आ")], context)
    assert (warning.code, warning.location.variant) == (code, 1)
    assert (warning.values["post_id"], warning.values["percent"]) == (7, int(share * 100))


def test_a_sound_draft_is_warned_of_nothing() -> None:
    texts = [
        text("शनिवार दि. २८ नोव्हेंबर रोजी पाणी बंद. ०२०-५५५०-०१४५", descriptions=("नळ",)),
        text(
            "No water on Saturday, 28 November. 020-5550-0145",
            language=Language.ENGLISH,
            descriptions=("A tap",),
        ),
    ]
    assert checks.warnings(texts, event(date(2026, 11, 28))) == []
