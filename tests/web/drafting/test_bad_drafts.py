"""Bad input in drafts gets an error in Marathi at its field, and no typed value is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from tests.web import pictures
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import Browser, File, Site

X_TEXT = "शनिवारी पूर्व भागाचा पाणीपुरवठा बंद राहील. " * 6
FACEBOOK_TEXT = "शनिवारी पूर्व भागाचा पाणीपुरवठा बंद राहील.\r\n\r\nचौकशी: १८०० २००"

Typed = dict[str, list[str]]


@dataclass
class DraftPage:
    """A clerk's browser on the draft of a post."""

    browser: Browser
    post_id: int
    x: str
    facebook: str

    @property
    def path(self) -> str:
        """The path of the draft."""
        return f"/posts/{self.post_id}/draft"

    def form(self, changed: Typed) -> Typed:
        """Return a valid form with these changes."""
        return {
            "seen": ["1"],
            "title": ["शनिवारी पाणीपुरवठा बंद"],
            "link": ["https://pmc-namuna.in/pani"],
            "note": ["वेळ स्पष्ट केली"],
            "not_before": ["26/11/2026 8:00"],
            "not_after": ["२९/११/२०२६ सायं. ६"],
            f"text_{self.x}_mr": ["शनिवारी पाणीपुरवठा बंद राहील."],
            f"text_{self.x}_en": ["No water on Saturday."],
            f"text_{self.facebook}_mr": [FACEBOOK_TEXT],
            f"text_{self.facebook}_en": ["No water on Saturday.\r\n\r\nAsk: 1800 200"],
        } | changed

    def save(self, changed: Typed, files: Iterable[tuple[str, File]] = ()) -> Page:
        """Check that a bad form saves no revision and loses no input; return the page."""
        fields = self.form(changed)
        pairs = [(name, value) for name, values in fields.items() for value in values]
        response = self.browser.post(self.path, [*pairs, ("then", "save")], files=files)
        assert response.status_code == 422
        page = Page(response.text)
        by_name: Typed = {}
        for name, value in page.form("draft"):
            by_name.setdefault(name, []).append("\n".join(value.splitlines()))
        for name, values in fields.items():
            assert by_name.get(name) == ["\n".join(text.splitlines()) for text in values], name
        again = self.browser.page(self.path)
        assert again.named("seen")[0].get("value") == "1"
        return page


@pytest.fixture
def draft_page(site: Site) -> DraftPage:
    """Open a draft with a saved first revision."""
    post_id = site.city.draft(site.city.hand_in())
    x, facebook = site.city.accounts["x"], site.city.accounts["facebook"]
    return DraftPage(site.browser("clerk"), post_id, str(x), str(facebook))


def test_each_line_of_the_summary_names_its_text(draft_page: DraftPage) -> None:
    """Two texts are too long by different numbers: without their names nobody knows which."""
    page = draft_page.save(
        {f"text_{draft_page.x}_mr": ["पाणी " * 80], f"text_{draft_page.x}_en": ["water " * 90]}
    )
    lines = [
        tag.text
        for tag in page.all
        if tag.tag == "a" and (box := tag.within("div")) and box.get("class") == "error-summary"
    ]
    assert [line.split(":")[0] for line in lines] == [
        "एक्स (X) – मराठी मजकूर",
        "एक्स (X) – इंग्रजी मजकूर",
    ]


def test_a_text_for_x_that_is_too_long_only_with_its_link_says_so(draft_page: DraftPage) -> None:
    """The text fits alone; the link at its end counts 23, and the blank before it 1."""
    text = "पाणी " * 54
    page = draft_page.save({f"text_{draft_page.x}_mr": [text]})
    assert page.error_at(f"text_{draft_page.x}_mr") == (
        "लिंकसह मजकूर मोठा होतो: मर्यादा २८०, सध्या २९३. मजकूर कमी करावा किंवा लिंक वगळावी."
    )


def test_the_same_x_text_without_the_link_fits(draft_page: DraftPage) -> None:
    fields = draft_page.form({f"text_{draft_page.x}_mr": ["पाणी " * 54], "link": [""]})
    pairs = [(name, value) for name, values in fields.items() for value in values]
    assert draft_page.browser.post(draft_page.path, pairs).status_code == 302


def test_a_text_too_long_for_x_shows_its_length_and_the_limit(draft_page: DraftPage) -> None:
    page = draft_page.save({f"text_{draft_page.x}_mr": [X_TEXT * 2], "link": [""]})
    error = page.error_at(f"text_{draft_page.x}_mr")
    assert error == "मजकूर मोठा आहे: ५१५ अक्षरे; जास्तीत जास्त २८० चालतात."


def test_a_draft_without_any_text_asks_for_one(draft_page: DraftPage) -> None:
    texts = [
        f"text_{account}_{rules}"
        for account in (draft_page.x, draft_page.facebook)
        for rules in ("mr", "en")
    ]
    page = draft_page.save({name: [""] for name in texts})
    assert "किमान एका सोशल मिडिया खात्यासाठी मजकूर लिहावा." in page


def test_a_draft_without_a_title_asks_for_one(draft_page: DraftPage) -> None:
    assert draft_page.save({"title": [""]}).error_at("title") == "शीर्षक लिहावे."


def test_the_error_for_a_nul_character_in_a_text_names_its_line(draft_page: DraftPage) -> None:
    page = draft_page.save({f"text_{draft_page.facebook}_mr": ["एक\r\nदोन\x00"]})
    assert page.error_at(f"text_{draft_page.facebook}_mr") == (
        "ओळ क्र. २ मध्ये न दिसणारे नियंत्रण चिन्ह (U+0000) आहे. ते काढून टाकावे."
    )


def test_the_error_for_a_bidirectional_override_in_a_text_names_its_line(
    draft_page: DraftPage,
) -> None:
    page = draft_page.save({f"text_{draft_page.x}_en": ["No \u202ewater"]})
    assert page.error_at(f"text_{draft_page.x}_en") == (
        "ओळ क्र. १ मध्ये लेखनाची दिशा बदलणारे न दिसणारे चिन्ह (U+202E) आहे. ते काढून टाकावे."
    )


def test_a_bidirectional_override_in_the_link_is_an_error_at_the_link(
    draft_page: DraftPage,
) -> None:
    page = draft_page.save({"link": ["https://pmc.example/\u202egpj.exe"]})
    assert page.error_at("link").startswith("ओळ क्र. १ मध्ये लेखनाची दिशा बदलणारे")


def test_a_draft_with_five_pictures_is_refused(draft_page: DraftPage) -> None:
    five = [("photos", (f"{at}.jpg", pictures.jpeg(shade=at * 30))) for at in range(5)]
    page = draft_page.save({}, files=five)
    assert page.error_at("photos") == ("एका पोस्टमध्ये जास्तीत जास्त ४ फोटो असतात. काही फोटो वगळावेत.")
    assert "या फाइल पुन्हा निवडाव्यात: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg" in page


BAD_PICTURES = {
    "a renamed executable": (
        ("फोटो.jpg", pictures.executable()),
        "“फोटो.jpg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "an svg": (
        ("चित्र.svg", pictures.drawing()),
        "“चित्र.svg” या प्रकारची फाइल स्वीकारता येत नाही. फोटो JPEG किंवा PNG म्हणून जतन करावा.",
    ),
    "a truncated jpeg": (
        ("टाकी.jpg", pictures.truncated_jpeg()),
        "“टाकी.jpg” ही फाइल खराब किंवा अपूर्ण आहे. ती कॅमेऱ्यातून पुन्हा घ्यावी.",
    ),
    "a decompression bomb": (
        ("नकाशा.png", pictures.bomb()),
        "“नकाशा.png” या फोटोचा आकार (पिक्सेल) फार मोठा आहे. आधी तो लहान करावा.",
    ),
}


@pytest.mark.parametrize("what", BAD_PICTURES)
def test_a_bad_picture_is_one_error_at_the_photos(draft_page: DraftPage, what: str) -> None:
    file, error = BAD_PICTURES[what]
    assert draft_page.save({}, files=[("photos", file)]).error_at("photos") == error


def test_a_window_that_begins_on_30_february_is_an_error_at_the_day(draft_page: DraftPage) -> None:
    page = draft_page.save({"not_before": ["30/2/2027"]})
    error = "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at("not_before") == error


def test_a_window_that_ends_before_it_begins_says_so(draft_page: DraftPage) -> None:
    page = draft_page.save({"not_after": ["25/11/2026 18:00"]})
    assert page.error_at("not_after") == "शेवटची वेळ सुरुवातीच्या वेळेनंतरची असावी."


def test_a_window_that_ended_yesterday_asks_for_a_later_end(draft_page: DraftPage) -> None:
    page = draft_page.save({"not_before": [""], "not_after": ["24/11/2026"]})
    error = "ही वेळ उलटून गेली आहे. यापुढील तारीख व वेळ लिहावी."
    assert page.error_at("not_after") == error


def test_a_time_to_publish_on_30_february_is_no_day_and_stays_typed(site: Site) -> None:
    post = site.city.approved()
    text = site.city.variants(post)[0]
    fields = [*time_fields(text, "30/2/2027", "10:00"), ("late_limit", "45")]
    response = site.browser("clerk").post(f"/posts/{post}/schedule", fields)
    page = Page(response.text)
    assert response.status_code == 422
    error = "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.error_at(f"text-{text}-due_at") == error
    assert page.by_id(f"text-{text}-due_at").get("value") == "30/2/2027 10:00"
    assert page.named("late_limit")[0].get("value") == "45"


def test_a_time_to_publish_in_the_past_asks_for_a_later_one(site: Site) -> None:
    post = site.city.approved()
    text = site.city.variants(post)[0]
    fields = [*time_fields(text, "25/11/2026", "11:30"), ("late_limit", "45")]
    response = site.browser("clerk").post(f"/posts/{post}/schedule", fields)
    page = Page(response.text)
    assert response.status_code == 422
    error = "ही वेळ उलटून गेली आहे. यापुढील तारीख व वेळ लिहावी."
    assert page.error_at(f"text-{text}-due_at") == error
    assert page.by_id(f"text-{text}-due_at").get("value") == "25/11/2026 11:30"


@pytest.mark.parametrize("limit", ["सात", "", "0", "-5", "99999999999"])
def test_an_invalid_late_limit_is_an_error_at_its_field(site: Site, limit: str) -> None:
    post = site.city.approved()
    day = time_fields(site.city.variants(post)[0], "27/11/2026", "10:00")
    fields = [*day, ("late_limit", limit)]
    response = site.browser("clerk").post(f"/posts/{post}/schedule", fields)
    page = Page(response.text)
    assert response.status_code == 422
    assert "मिनिट" in page.error_at("late_limit")
    assert page.named("late_limit")[0].get("value") == limit


@pytest.mark.parametrize("act", ["return", "reject"])
def test_a_decision_without_its_reason_asks_for_it(site: Site, act: str) -> None:
    post = site.city.in_review()
    sent = {"seen": "1", "under": str(site.city.appointments["first"]), "reason": " "}
    response = site.browser("first").post(f"/posts/{post}/{act}", sent)
    assert response.status_code == 422
    assert Page(response.text).error_at("reason") == "कारण लिहावे."


def test_an_over_long_reason_is_told_and_kept(site: Site) -> None:
    post, reason = site.city.in_review(), "वेळ दुरुस्त करावी. " * 200
    sent = {"seen": "1", "under": str(site.city.appointments["first"]), "reason": reason}
    response = site.browser("first").post(f"/posts/{post}/return", sent)
    page = Page(response.text)
    assert page.error_at("reason") == "मजकूर मोठा आहे: ३,७९९ अक्षरे; जास्तीत जास्त २,००० चालतात."
    assert page.named("reason")[0].raw == reason


def test_an_answer_that_is_too_long_for_x_is_told_and_kept(site: Site) -> None:
    comment = site.city.comment(under=site.city.live()[0])
    text = "उद्या सकाळी सहा वाजता पाणी येईल. " * 20
    response = site.browser("first").post(f"/comments/{comment}/answer", {"text": text})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("text").startswith("मजकूर मोठा आहे: ")
    assert page.named("text")[0].raw == text


def test_an_empty_answer_asks_for_one(site: Site) -> None:
    comment = site.city.comment(under=site.city.live()[0])
    response = site.browser("first").post(f"/comments/{comment}/answer", {"text": ""})
    assert Page(response.text).error_at("text") == "ही माहिती भरावी."


def test_a_person_without_a_name_is_told_at_the_name_with_all_kept(site: Site) -> None:
    fields = {
        "name_mr": "",
        "name_en": "Vasant Kale",
        "designation": "उप अभियंता",
        "mail": "vasant@pmc.example",
        "mobile": "98220 12345",
        "role": "officer",
        "department_id": str(site.city.departments["road"]),
        "order_number": "आ/१२",
    }
    response = site.browser("admin").post("/people/new", fields)
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("name_mr") == "मराठीतील नाव लिहावे."
    form_fields = dict(
        pair
        for own in page.all
        if own.tag == "form" and own.get("id")
        for pair in page.form(own.get("id"))
    )
    assert {name: form_fields.get(name) for name in fields} == fields
