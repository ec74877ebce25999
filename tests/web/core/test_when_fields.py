"""Days and moments typed as people speak: what was understood is said, and asked where in doubt."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import web
from publisher.models.deliveries import Delivery
from publisher.models.posts import Language
from publisher.states import DeliveryState
from tests.support import city_controls
from tests.support.city_people import DAY
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import Browser, Site

# The city's time is Wednesday, 25 November 2026, noon.


def answer(browser: Browser, text: str, **query: object) -> tuple[str, str]:
    """Return the words and the mark for a text that somebody types."""
    query_string = {"when": text, **query}
    response = browser.client.get("/understood", base_url=browser.base, query_string=query_string)
    assert response.status_code == 200
    found = response.get_json()
    return found["words"].replace("\u00a0", " "), found["mark"]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("mr", "उद्या 10", "उद्या, गुरुवार, दि. २६ नोव्हेंबर, सकाळी १०:००"),
        ("en", "उद्या 10", "Tomorrow, Thursday, 26 November, 10:00 am"),
        ("hi", "tomorrow 6 pm", "कल, गुरुवार, 26 नवंबर, शाम 6:00 बजे"),
        ("mr", "9", "उद्या, गुरुवार, दि. २६ नोव्हेंबर, सकाळी ९:००"),
        ("mr", "24/11/2026 9", "काल, मंगळवार, दि. २४ नोव्हेंबर, सकाळी ९:०० – ही वेळ होऊन गेली आहे"),
    ],
)
def test_what_was_understood_is_said_with_weekday_and_part_of_the_day(
    site: Site, language: str, text: str, words: str
) -> None:
    clerk = site.browser("clerk")
    clerk.post("/language", {"lang": language, "next": "/"})
    assert answer(clerk, text)[0] == words
    assert datetime.fromisoformat(answer(clerk, text)[1]).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "query", "sentence"),
    [
        ("6", {}, "दोन्हींपैकी कोणती वेळ? “आज सायं. ६:००” किंवा “उद्या सकाळी ६:००” असे लिहावे."),
        ("उद्या 25:00", {}, "अशी वेळ नसते. तास व मिनिटे तपासावीत."),
        ("उद्या", {}, "वेळ लिहावी."),
        ("30/2", {"kind": "day"}, "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."),
        ("लवकर", {"kind": "day"}, "दिवस लिहावा, उदा. “उद्या”, “सोमवार” किंवा २७/११/२०२६."),
    ],
)
def test_what_is_not_understood_is_asked_while_it_is_typed(
    site: Site, text: str, query: dict[str, str], sentence: str
) -> None:
    words, mark = answer(site.browser("clerk"), text, **query)
    assert (words, mark) == (sentence, "")


def test_a_field_of_the_past_and_a_whole_day_are_said_as_such(site: Site) -> None:
    clerk = site.browser("clerk")
    assert answer(clerk, "रविवार", kind="day", back=1)[0] == "रविवार, दि. २२ नोव्हेंबर"
    assert answer(clerk, "9", back=1)[0].endswith("सकाळी ९:००")
    assert answer(clerk, "उद्या", whole="last_minute")[0].endswith("रात्री ११:५९")
    assert answer(clerk, "", kind="none", whole="none") == ("", "")


@pytest.mark.parametrize(
    ("text", "words", "mark"),
    [
        ("9", "सकाळी ९:००", "09:00:00"),
        ("सायं. ६", "सायं. ६:००", "18:00:00"),
        ("22:30", "रात्री १०:३०", "22:30:00"),
        ("6", "दोन्हींपैकी कोणती वेळ? “सकाळी ६:००” किंवा “सायं. ६:००” असे लिहावे.", ""),
        ("25", "अशी वेळ नसते. तास व मिनिटे तपासावीत.", ""),
    ],
)
def test_a_time_of_day_is_said_or_asked_while_it_is_typed(
    site: Site, text: str, words: str, mark: str
) -> None:
    assert answer(site.browser("clerk"), text, kind="clock") == (words, mark)


def test_a_time_without_its_part_of_the_day_is_asked(
    site: Site,
) -> None:
    form = {"quiet-account": "", "quiet-weekday": "6", "quiet-begins": "10", "quiet-ends": "7"}
    refused = site.browser("clerk").post("/slots/quiet", form)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "किंवा" in page.error_at("quiet-ends")
    assert page.by_id("quiet-begins-understood").text == "सकाळी १०:००"
    assert page.by_id("quiet-ends").get("value") == "7"
    assert "kind=clock" in (page.by_id("quiet-ends").get("data-when") or "")


def deliveries(site: Site, post: int) -> list[Delivery]:
    with site.city.read() as session:
        query = select(Delivery).where(Delivery.post_id == post).order_by(Delivery.variant_id)
        return list(session.scalars(query))


def test_a_time_in_doubt_comes_back_once_and_is_then_taken(any_site: Site) -> None:
    post = any_site.city.approved()
    (text,) = any_site.city.variants(post)
    clerk, path = any_site.browser("clerk"), f"/posts/{post}/schedule"
    asked = clerk.post(path, [*time_fields(text, "", "9"), ("late_limit", "60")])
    assert asked.status_code == 422
    page = Page(asked.text)
    assert "असा अर्थ घेतला: उद्या, गुरुवार" in page.error_at(f"text-{text}-due_at")
    fields = page.form("schedule")
    assert (f"text-{text}-due_at", "9") in fields, "what was typed stays"
    assert clerk.post(path, fields).status_code == 302
    assert deliveries(any_site, post)[0].due_at == datetime(2026, 11, 26, 3, 30, tzinfo=UTC)
    flashed = "".join(clerk.page(f"/posts/{post}").notices())
    assert "उद्या सकाळी ९:००" in flashed.replace("\u00a0", " ")


def test_what_was_shown_in_time_is_asked_again_if_it_now_means_another_day(site: Site) -> None:
    post = site.city.approved()
    (text,) = site.city.variants(post)
    clerk, path = site.browser("clerk"), f"/posts/{post}/schedule"
    _words, mark = answer(clerk, "11")
    fields = [*time_fields(text, "", "11"), (f"text-{text}-due_at-understood", mark)]
    site.city.clock.move(DAY)
    late = site.browser("clerk").post(path, [*fields, ("late_limit", "60")])
    assert late.status_code == 422
    assert deliveries(site, post) == []


def test_a_plain_time_is_taken_at_once(site: Site) -> None:
    post = site.city.approved()
    (text,) = site.city.variants(post)
    fields = [*time_fields(text, "उद्या", "सायं. ६"), ("late_limit", "60")]
    assert site.browser("clerk").post(f"/posts/{post}/schedule", fields).status_code == 302
    assert deliveries(site, post)[0].due_at == datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


def test_loose_times_of_which_three_cannot_be_stay_as_they_were_typed(any_site: Site) -> None:
    city = any_site.city
    post = city.start(city.hand_in())
    city.save(post, languages=(Language.MARATHI, Language.ENGLISH))
    city.send(post)
    city.approve(post)
    out, past, frozen, wrong = city.variants(post)
    clerk, path = any_site.browser("clerk"), f"/posts/{post}/schedule"
    city_controls.add_freeze(city, department="water", ahead=3, days=2, on="facebook")
    assert clerk.post(f"/posts/{post}/publish-now", {"chosen": str(out)}).status_code == 302
    city.tick_dispatch(timedelta(minutes=1))
    loose = {
        out: "उद्या १०",
        past: "मंगळवार 24/11/2026 9",
        frozen: "शनिवारी सायं. ६",
        wrong: "उद्या 25:00",
    }
    fields = [("late_limit", "60")]
    for text, typed in loose.items():
        fields += time_fields(text, "", typed)
    refused = clerk.post(path, fields)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert page.error_at(f"text-{wrong}-due_at") == "अशी वेळ नसते. तास व मिनिटे तपासावीत."
    assert page.named(f"text-{out}-due_at") == [], "what is out stands as a fact"
    assert {(f"text-{text}-due_at", loose[text]) for text in (past, frozen, wrong)} <= set(
        page.form("schedule")
    )
    again = [(name, value) for name, value in page.form("schedule") if value != str(wrong)]
    refused = clerk.post(path, again)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "उलटून गेली" in page.error_at(f"text-{past}-due_at")
    assert "स्थगित" in page.error_at(f"text-{frozen}-due_at")
    assert {(f"text-{text}-due_at", typed) for text, typed in loose.items() if text != out} <= set(
        page.form("schedule")
    )
    assert [delivery.state for delivery in deliveries(any_site, post)] == [DeliveryState.PUBLISHED]


def test_a_filter_takes_a_day_as_people_say_it(site: Site) -> None:
    site.city.hand_in()
    clerk = site.browser("clerk")
    page = clerk.page("/submissions?view=all&since=आज")
    assert "शनिवारी पाणीपुरवठा बंद" in page
    assert ("since", "2026-11-25") in page.form_to("/submissions/views"), "a view keeps the date"
    assert "शनिवारी पाणीपुरवठा बंद" not in clerk.page("/submissions?view=all&until=काल")
    assert clerk.page("/submissions?view=all&until=30/2").error_at("until")
    assert site.browser("admin").page("/access-log?day=लवकर").error_at("day")


def test_no_page_has_a_date_field_of_the_browser_or_a_pattern_of_its_own() -> None:
    native = re.compile(r"type=.(date|time|datetime-local|month|week)\b")
    folder = Path(web.__file__).parent
    files = [*folder.rglob("*.html"), *folder.rglob("*.py"), *folder.rglob("*.js")]
    assert [path for path in files if native.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("language", ["mr", "en", "hi"])
def test_the_examples_beside_times_of_day_are_understood(site: Site, language: str) -> None:
    clerk = site.browser("clerk")
    clerk.post("/language", {"lang": language, "next": "/"})
    page = clerk.page("/slots")
    hints = [page.by_id(f"{field}-hint").text for field in ("quiet-begins", "quiet-ends")]
    for hint in hints:
        example = re.split(r"[;.।](?:\s|$)", re.sub(r"^(उदा\.|जैसे|For example) ", "", hint))[0]
        assert answer(clerk, example, kind="clock")[1], example
