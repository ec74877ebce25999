"""Bad input when handing in: a sentence in Marathi at its field, everything typed still there."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.web import pictures
from tests.web.counter import Browser, File, Site
from tests.web.reading import Page

TYPED: dict[str, list[str]] = {
    "kind": ["public_notice"],
    "title": ["शनिवारी पाणीपुरवठा बंद"],
    "text_mr": ["शनिवारी पूर्व भागाचा पाणीपुरवठा बंद राहील.\r\nचौकशी: १८०० २००"],
    "text_en": ["No water on Saturday in the eastern part."],
    "text_hi": ["शनिवार को पूर्वी भाग में पानी नहीं आएगा।"],
    "link": ["https://pmc.example/water"],
    "wished_day": ["27", "11", "2026"],
    "wished_clock": ["9:00"],
    "useful_day": ["२९", "११", "२०२६"],
    "outward_number": ["पापु/४१२"],
    "alt_mr_0": ["पर्वती येथील पाण्याची टाकी"],
    "alt_en_0": ["The water tank at Parvati"],
}
"""A form without a fault; the city's clock shows noon of 25 November 2026."""

Typed = dict[str, list[str]]


@pytest.fixture
def member(site: Site) -> Browser:
    """The browser of a member of the water supply."""
    return site.browser("member")


def send(browser: Browser, changed: Typed, files: Iterable[tuple[str, File]] = ()) -> Page:
    """Hand in with one fault; it is refused, nothing is stored, and nothing that was typed lost."""
    token = Page(browser.get("/submissions/new").text).named("form_token")[0].get("value")
    typed = TYPED | changed | {"form_token": [token]}
    pairs = [(name, value) for name, values in typed.items() for value in values]
    answer = browser.post("/submissions/new", pairs, files=files)
    assert answer.status_code == 422
    page = Page(answer.text)
    shown: Typed = {}
    for name, value in page.form("hand-in"):
        shown.setdefault(name, []).append(value)
    for name, values in typed.items():
        lines = ["\n".join(one.splitlines()) for one in shown.get(name, [])]
        assert lines == ["\n".join(one.splitlines()) for one in values], name
    assert page.named("title")[0].get("aria-invalid") == ("true" if "title" in changed else "")
    assert not browser.get("/submissions").text.count("PMC/2026/")
    return page


def test_without_any_text_each_field_that_is_wanted_says_so(member: Browser) -> None:
    page = send(
        member, {"kind": [], "title": [""], "text_mr": [""], "text_en": [""], "text_hi": [""]}
    )
    assert page.error_at("title") == "शीर्षक लिहावे."
    assert page.error_at("kind") == "माहितीचा प्रकार निवडावा."
    assert page.error_at("text_mr") == "किमान एका भाषेत मजकूर लिहावा."


def test_a_text_of_blanks_is_no_text(member: Browser) -> None:
    page = send(member, {"title": [" \u00a0\u2003 "]})
    assert page.error_at("title") == "शीर्षक लिहावे."


def test_an_over_long_title_says_how_long_it_is_and_may_be(member: Browser) -> None:
    page = send(member, {"title": ["पाणी " * 200]})
    assert page.error_at("title") == "मजकूर मोठा आहे: ९९९ अक्षरे; जास्तीत जास्त २०० चालतात."


def test_an_over_long_text_says_how_long_it_is_and_may_be(member: Browser) -> None:
    page = send(member, {"text_mr": ["पा" * 10_001]})
    assert page.error_at("text_mr") == "मजकूर मोठा आहे: २०,००२ अक्षरे; जास्तीत जास्त २०,००० चालतात."


def test_a_nul_is_pointed_at_in_its_line(member: Browser) -> None:
    page = send(member, {"text_mr": ["पहिली ओळ\r\nदुसरी\x00ओळ"]})
    said = page.error_at("text_mr")
    assert said == "ओळ क्र. २ मध्ये न दिसणारे नियंत्रण चिन्ह (U+0000) आहे. ते काढून टाकावे."


def test_a_bidirectional_override_is_pointed_at_in_its_line(member: Browser) -> None:
    page = send(member, {"title": ["पाणी \u202eबंद"]})
    assert page.error_at("title") == (
        "ओळ क्र. १ मध्ये लेखनाची दिशा बदलणारे न दिसणारे चिन्ह (U+202E) आहे. ते काढून टाकावे."
    )


def test_a_link_that_is_none_says_how_one_begins(member: Browser) -> None:
    page = send(member, {"link": ["javascript:alert(1)"]})
    assert page.error_at("link") == "https:// ने सुरू होणारी पूर्ण लिंक लिहावी."


def test_a_wished_time_in_the_past_asks_for_a_later_one(member: Browser) -> None:
    page = send(member, {"wished_day": ["24", "11", "2026"]})
    said = "ही वेळ उलटून गेली आहे. आत्तानंतरची तारीख व वेळ लिहावी."
    assert page.error_at("wished_day") == said


def test_a_wished_time_on_30_february_is_no_day(member: Browser) -> None:
    page = send(member, {"wished_day": ["30", "2", "2027"], "useful_day": ["1", "3", "2027"]})
    said = "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at("wished_day") == said


def test_a_day_that_is_wrong_is_told_together_with_whatever_else_is(member: Browser) -> None:
    page = send(member, {"wished_day": ["३०", "२", "२०२७"], "title": [""]})
    assert page.error_at("wished_day") == "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at("title") == "शीर्षक लिहावे."


def test_a_time_that_no_clock_shows_is_told_at_the_time(member: Browser) -> None:
    page = send(member, {"wished_clock": ["25:70"]})
    assert page.error_at("wished_clock") == "अशी वेळ नसते. तास व मिनिटे तपासावीत."


def test_useful_until_before_the_wished_time_is_told_at_its_date(member: Browser) -> None:
    page = send(member, {"useful_day": ["26", "11", "2026"]})
    assert page.error_at("useful_day") == (
        "माहिती उपयुक्त राहण्याची अंतिम तारीख प्रसिद्धीच्या अपेक्षित वेळेनंतरची असावी."
    )


BAD_FILES = {
    "a renamed executable": (
        ("फोटो.jpg", pictures.executable()),
        "“फोटो.jpg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "an svg": (
        ("चित्र.svg", pictures.drawing()),
        "“चित्र.svg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "an svg that says it is a photo": (
        ("चित्र.png", pictures.drawing()),
        "“चित्र.png” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "a photo under another name": (
        ("फोटो.pdf", pictures.jpeg()),
        (
            "“फोटो.pdf” ही फाइल तिच्या नावातील प्रकाराशी जुळत नाही. "
            "फोटो JPEG किंवा PNG म्हणून पुन्हा जतन करावा."
        ),
    ),
    "a truncated jpeg": (
        ("टाकी.jpg", pictures.truncated_jpeg()),
        "“टाकी.jpg” ही फाइल खराब किंवा अपूर्ण आहे. ती कॅमेऱ्यातून पुन्हा घ्यावी.",
    ),
    "a decompression bomb": (
        ("नकाशा.png", pictures.bomb()),
        "“नकाशा.png” या फोटोचा आकार (पिक्सेल) फार मोठा आहे. आधी तो लहान करावा.",
    ),
    "an empty file": (
        ("रिकामी.jpg", b""),
        "“रिकामी.jpg” ही फाइल रिकामी आहे. ती पुन्हा निवडावी.",
    ),
    "a photo of more than 20 MB": (
        ("मोठा.jpg", pictures.jpeg() + bytes(20_000_000)),
        "“मोठा.jpg” ही फाइल मर्यादेपेक्षा मोठी आहे. लहान फाइल निवडावी.",
    ),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_file_is_named_at_its_place_and_not_kept(member: Browser, what: str) -> None:
    file, said = BAD_FILES[what]
    page = send(member, {}, files=[("file_0", file)])
    assert page.error_at("file_0") == said
    assert page.named("kept_0")[0].get("value") == ""


def test_good_photos_beside_a_bad_one_are_kept_and_handed_in_with_the_mended_form(
    member: Browser,
) -> None:
    good, bad = ("टाकी.jpg", pictures.jpeg()), ("फोटो.jpg", pictures.executable())
    page = send(member, {}, files=[("file_0", good), ("file_2", bad)])
    assert "टाकी.jpg" in page
    answer = member.post("/submissions/new", page.form("hand-in"))
    assert answer.status_code == 302
    assert "टाकी.jpg" in member.page(answer.headers["Location"])


def test_a_kept_photo_cannot_be_forged(member: Browser) -> None:
    """What the form holds of it is signed: nobody reads the store by a digest."""
    fields = {**{name: values[0] for name, values in TYPED.items()}, "kept_0": "WyJhYiIsIngiXQ.abc"}
    pairs = [one for one in fields.items() if not one[0].startswith(("wished", "useful"))]
    answer = member.post("/submissions/new", pairs)
    assert answer.status_code == 302
    assert "abc" not in member.get(answer.headers["Location"]).text


def test_the_summary_counts_the_corrections_and_leads_to_each(member: Browser) -> None:
    page = send(member, {"title": [""], "wished_day": ["30", "2", "2027"]})
    summary = next(one for one in page.all if "error-summary" in one.get("class"))
    assert summary.text.startswith("२ दुरुस्त्या कराव्यात")
    links = [one.get("href") for one in page.all if one.within("ul") and one.tag == "a"]
    for target in ("#title", "#wished_day-day"):
        assert target in links
        page.by_id(target.removeprefix("#"))
