"""The pages of drafts: joint posts, snippets, notes, and two clerks on one draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from publisher.models.desk import Snippet, TextPart
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from tests.web.html_page import Page
from tests.web.site import Browser, Site

Pairs = list[tuple[str, str]]
Typed = Mapping[str, str]
NOTHING: Typed = {}


@dataclass
class DraftPage:
    """A person's browser on the draft of a post."""

    site: Site
    browser: Browser
    post_id: int

    @property
    def path(self) -> str:
        """The path of the draft."""
        return f"/posts/{self.post_id}/draft"

    @property
    def text(self) -> str:
        """The name of the field with X's Marathi text."""
        return f"text_{self.site.city.accounts['x']}_mr"

    def form(self) -> Pairs:
        """Return the fields of the form as it opens."""
        return self.browser.page(self.path).form("draft")

    def press(self, then: str, changed: Typed = NOTHING, form: Pairs | None = None) -> TestResponse:
        """Press a button of the form with these changed fields."""
        fields = self.form() if form is None else form
        sent = [(name, changed.get(name, value)) for name, value in fields]
        more = [(name, value) for name, value in changed.items() if name not in dict(fields)]
        return self.browser.post(self.path, [*sent, *more, ("then", then)])

    def press_without_saving(
        self, then: str, fields: Typed = NOTHING, form: Pairs | None = None
    ) -> Page:
        """Press a button that shows the form again without saving it, and return the page."""
        before = self.site.city.newest(self.post_id)
        response = self.press(then, fields, form)
        assert response.status_code == 200
        assert self.site.city.newest(self.post_id) == before
        return Page(response.text)


def open_draft(site: Site, post_id: int, who: str = "clerk") -> DraftPage:
    return DraftPage(site, site.browser(who), post_id)


@pytest.fixture
def draft_page(site: Site) -> DraftPage:
    """Open a draft with a saved first revision for X in Marathi."""
    return open_draft(site, site.city.draft(site.city.hand_in()))


def number_of(site: Site, submission_id: int) -> str:
    with site.city.read() as session:
        return session.get_one(Submission, submission_id).number


def texts_of(site: Site, post_id: int) -> list[str]:
    with site.city.read() as session:
        return [variant.text for variant in session.get_one(Post, post_id).revisions[-1].variants]


def asked_departments(site: Site, post_id: int) -> dict[str, bool]:
    names = {key: code for code, key in site.city.departments.items()}
    with site.city.read() as session:
        rows = session.get_one(Post, post_id).revisions[-1].departments
        return {names[row.department_id]: row.asked for row in rows}


def state(site: Site, post_id: int) -> str:
    with site.city.read() as session:
        return session.get_one(Post, post_id).state.value


# Joint posts


def approve(browser: Browser, post_id: int) -> None:
    """Approve the post on its review page."""
    path = f"/posts/{post_id}/approve"
    form = browser.page(f"/posts/{post_id}/review").form_to(path)
    assert browser.post(path, form).status_code == 302


def joint(site: Site) -> DraftPage:
    """Open a draft that joins submissions of two departments."""
    city = site.city
    desk = open_draft(site, city.start(city.hand_in("पाइपलाइनसाठी रस्ता बंद")))
    number = number_of(site, city.hand_in("वळण रस्ता", department="road"))
    response = desk.browser.post(f"/posts/{desk.post_id}/submissions", {"number": number})
    assert response.status_code == 302
    assert number in desk.browser.page(f"/posts/{desk.post_id}/submissions")
    return desk


def test_a_joint_post_is_approved_on_the_pages_of_both_departments(site: Site) -> None:
    desk, road = joint(site), site.city.departments["road"]
    assert (f"joint_{road}", "asked") in desk.form()
    assert desk.press("send").status_code == 302
    path = f"/posts/{desk.post_id}"
    officers = {name: site.browser(name) for name in ("first", "road_officer")}
    for browser in officers.values():
        assert f"{path}/review" in browser.page("/").html
    approve(officers["first"], desk.post_id)
    assert state(site, desk.post_id) == "in_review"
    text = desk.browser.page(path).by_id("asked").text
    assert "पाणीपुरवठा विभाग – मुख्य विभाग मान्यता दिली मेधा सातपुते" in text
    assert "पथ विभाग – सहभागी विभाग मान्यतेसाठी प्रलंबित" in text
    assert f"{path}/review" not in officers["first"].page("/").html
    review_page = officers["first"].page(f"{path}/review")
    assert "आपल्या विभागाने या आवृत्तीस मान्यता दिली आहे. प्रतीक्षा: पथ विभाग." in review_page
    assert f"{path}/approve" not in review_page.html
    approve(officers["road_officer"], desk.post_id)
    assert state(site, desk.post_id) == "approved"


def test_one_department_s_return_returns_a_joint_post_and_is_named(site: Site) -> None:
    desk = joint(site)
    desk.press("send")
    path = f"/posts/{desk.post_id}"
    approve(site.browser("first"), desk.post_id)
    road = site.browser("road_officer")
    form = dict(road.page(f"{path}/return?revision=1").form("return"))
    fields = {**form, "reason": "रस्त्याचे नाव चुकीचे आहे."}
    assert road.post(f"{path}/return", fields).status_code == 302
    assert state(site, desk.post_id) == "draft"
    assert "पथ विभाग – सहभागी विभाग दुरुस्तीसाठी परत" in desk.browser.page(path).by_id("asked").text
    assert "रस्त्याचे नाव चुकीचे आहे." in desk.browser.page(desk.path)


def test_a_source_s_department_can_be_named_without_being_asked(site: Site) -> None:
    desk, road = joint(site), site.city.departments["road"]
    desk.press("send", {f"joint_{road}": "named"})
    assert asked_departments(site, desk.post_id) == {"water": True, "road": False}
    approve(site.browser("first"), desk.post_id)
    assert state(site, desk.post_id) == "approved"
    assert "सहभागी विभाग, फक्त उल्लेख" in site.browser("road_member").page(f"/posts/{desk.post_id}")


def test_a_department_is_added_on_the_form_and_taken_out_again(draft_page: DraftPage) -> None:
    health = str(draft_page.site.city.departments["health"])
    page = draft_page.press_without_saving(
        "more", {"joint_add": health, "joint_add_as": "named", "title": "नवे शीर्षक"}
    )
    form = page.form("draft")
    assert (f"joint_{health}", "named") in form
    assert ("joint_add", "") in form
    assert ("title", "नवे शीर्षक") in form
    assert draft_page.press("save", {f"joint_{health}": "asked"}, form).status_code == 302
    assert asked_departments(draft_page.site, draft_page.post_id) == {"water": True, "health": True}
    assert "विलास थोपटे" in draft_page.browser.page(draft_page.path)
    assert draft_page.press("save", {f"joint_{health}": "out"}).status_code == 302
    assert asked_departments(draft_page.site, draft_page.post_id) == {"water": True}


def test_sending_an_unchanged_draft_asks_a_department_joined_meanwhile(site: Site) -> None:
    city = site.city
    desk = open_draft(site, city.draft(city.hand_in()))
    city.join(desk.post_id, city.hand_in("वळण रस्ता", department="road"))
    assert desk.press("send").status_code == 302
    assert city.newest(desk.post_id) == 2
    assert asked_departments(site, desk.post_id) == {"water": True, "road": True}


def test_an_invalid_number_is_an_error_at_its_field_and_is_kept(draft_page: DraftPage) -> None:
    response = draft_page.browser.post(
        f"/posts/{draft_page.post_id}/submissions", {"number": "PMC/2026/000777"}
    )
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("number").startswith("PMC/2026/000777 हा प्रस्ताव सापडला नाही.")
    assert page.named("number")[0].get("value") == "PMC/2026/000777"


def test_the_other_post_from_the_same_submission_stands_on_its_page(site: Site) -> None:
    submission = site.city.hand_in()
    first_post, two = site.city.draft(submission), site.city.start(submission)
    page = site.browser("clerk").page(f"/posts/{first_post}")
    assert "याच प्रस्तावावरील दुसरी पोस्ट" in page
    assert f'href="/posts/{two}"' in page.html


# Starting texts


def test_a_starting_text_is_put_above_its_blanks_filled_and_then_sent(
    draft_page: DraftPage,
) -> None:
    text = draft_page.site.city.snippet(text_mr="{date} रोजी पाणी नाही. {helpline}")
    page = draft_page.press_without_saving(
        "start", {"starting": str(text), draft_page.text: "आधीचा मजकूर"}
    )
    assert page.named(draft_page.text)[0].raw == "{date} रोजी पाणी नाही. {helpline}\n\nआधीचा मजकूर"
    boxes = [name for name, _value in page.form("draft") if name.startswith("blank_mr_")]
    assert len(boxes) == 2
    refused = draft_page.press("send", {}, page.form("draft"))
    refusal_page = Page(refused.text)
    assert refused.status_code == 422
    error = "येथील रिकाम्या जागा भराव्यात: {date}, {helpline}."
    assert refusal_page.error_at(draft_page.text) == error
    assert draft_page.site.city.newest(draft_page.post_id) == 1
    half = draft_page.press_without_saving(
        "fill", {boxes[0]: "शनिवारी"}, refusal_page.form("draft")
    )
    assert half.named(draft_page.text)[0].raw.startswith("शनिवारी रोजी पाणी नाही. {helpline}")
    sent = draft_page.press("send", {boxes[1]: "१८०० २००"}, half.form("draft"))
    assert sent.status_code == 302
    assert texts_of(draft_page.site, draft_page.post_id)[0].startswith(
        "शनिवारी रोजी पाणी नाही. १८०० २००\n\n"
    )


def test_a_saved_blank_stops_the_button_on_the_post_s_page_as_well(site: Site) -> None:
    post_id = site.city.start(site.city.hand_in())
    site.city.save(post_id, text="{date} रोजी पाणी नाही.")
    desk = open_draft(site, post_id)
    response = desk.browser.post(f"/posts/{post_id}/send-for-review", {"seen": "1"})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at(desk.text) == "येथील रिकाम्या जागा भराव्यात: {date}."
    assert (page.named("seen")[0].get("value"), state(site, post_id)) == ("1", "draft")


def test_signature_and_hashtags_are_put_at_the_end(draft_page: DraftPage) -> None:
    city = draft_page.site.city
    city.snippet("सही", part=TextPart.SIGNATURE, department="water", text_mr="– पाणीपुरवठा")
    city.snippet("हॅशटॅग", part=TextPart.HASHTAGS, text_mr="#पुणे", text_en="#Pune")
    english = draft_page.text.replace("_mr", "_en")
    page = draft_page.press_without_saving("close", {draft_page.text: "पाणी बंद.", english: ""})
    assert page.named(draft_page.text)[0].raw == "पाणी बंद.\n– पाणीपुरवठा\n#पुणे"
    assert page.named(english)[0].raw == ""


def test_the_cell_writes_changes_and_ends_a_text_on_its_page(site: Site) -> None:
    clerk = site.browser("clerk")
    fields = {
        "part": "text",
        "name": "पाणी बंद",
        "kind": "public_notice",
        "text_mr": "{date} पाणी नाही",
    }
    empty = Page(clerk.post("/texts/new", {**fields, "name": "", "text_mr": ""}).text)
    assert empty.error_at("name") == "नाव लिहावे."
    assert "किमान एका भाषेत" in empty.error_at("text_mr")
    assert ("kind", "public_notice") in empty.form("text")
    assert clerk.post("/texts/new", fields).status_code == 302
    assert "पाणी बंद" in clerk.page("/texts")
    with site.city.read() as session:
        path = f"/texts/{session.query(Snippet).one().id}"
    form = dict(clerk.page(path).form("text"))
    assert clerk.post(path, {**form, "text_mr": "{date} पाणी येणार नाही"}).status_code == 302
    late = clerk.post(path, {**form, "text_mr": "{date} पाणी बंद", "name": "दुसरे नाव"})
    page = Page(late.text)
    assert late.status_code == 409
    assert page.named("text_mr")[0].raw == "{date} पाणी बंद"
    assert "आपल्या मजकूर" not in page
    assert "सध्या जतन असलेला मजकूर व आपला मजकूर" in page
    assert clerk.post(path, dict(page.form("text"))).status_code == 302
    changed_page = clerk.page(path)
    assert changed_page.named("name")[0].get("value") == "दुसरे नाव"
    assert "बदल केला" in changed_page
    assert clerk.post(f"{path}/end").status_code == 302
    assert "पाणी बंद" not in clerk.page("/texts").by_id("main").text.replace("वापरात नाही", "")
    assert "दुसरे नाव" in clerk.page("/texts?ended=1")
    assert clerk.page(path).named("text_mr") == []


# Notes, and two clerks at one draft


def test_a_note_is_kept_from_the_draft_and_no_department_sees_it(draft_page: DraftPage) -> None:
    note = "विभागाशी दूरध्वनीवर बोलले."
    page = draft_page.press_without_saving(
        "note", {"clerk_note": note, draft_page.text: "अर्धवट मजकूर"}
    )
    assert page.named(draft_page.text)[0].raw == "अर्धवट मजकूर"
    assert page.named("clerk_note")[0].raw == ""
    path = f"/posts/{draft_page.post_id}"
    assert note in page.by_id("notes").text
    assert note in draft_page.site.browser("lead").page(path)
    assert note in draft_page.site.browser("auditor").page(path)
    draft_page.press("send")
    for name in ("member", "first", "head", "admin"):
        browser = draft_page.site.browser(name)
        for where in (path, f"{path}/review", f"{path}/compare"):
            assert note not in browser.page(where), (name, where)
        assert "clerk_note" not in browser.page(path).html


def test_a_note_typed_while_saving_a_draft_is_stored_as_well(draft_page: DraftPage) -> None:
    assert draft_page.press("save", {"clerk_note": "वेळ तपासावी"}).status_code == 302
    assert "वेळ तपासावी" in draft_page.browser.page(draft_page.path).by_id("notes").text


def test_a_note_on_the_post_s_page_must_not_be_empty(draft_page: DraftPage) -> None:
    path = f"/posts/{draft_page.post_id}"
    empty = draft_page.browser.post(f"{path}/notes", {"clerk_note": " "})
    assert empty.status_code == 422
    assert Page(empty.text).error_at("clerk_note")
    assert draft_page.browser.post(f"{path}/notes", {"clerk_note": "ठीक"}).status_code == 302
    assert "ठीक" in draft_page.browser.page(path).by_id("notes").text


def test_a_draft_that_somebody_else_has_open_is_shown_for_ten_minutes(
    draft_page: DraftPage,
) -> None:
    other = open_draft(draft_page.site, draft_page.post_id, "other_clerk")
    assert "उघडून ठेवला आहे" not in draft_page.browser.page(draft_page.path)
    notice = "स्वाती रणपिसे यांनी हा मसुदा आज दुपारी १२:०० पासून उघडून ठेवला आहे."
    assert notice in other.browser.page(other.path)
    assert notice in other.browser.page(f"/posts/{draft_page.post_id}")
    assert "उघडून ठेवला आहे" not in draft_page.site.browser("first").page(
        f"/posts/{draft_page.post_id}"
    )
    draft_page.site.city.clock.move(timedelta(minutes=10))
    assert notice not in other.browser.page(other.path)


def test_a_draft_that_was_sent_is_no_longer_open(draft_page: DraftPage) -> None:
    draft_page.press("send")
    other = open_draft(draft_page.site, draft_page.post_id, "other_clerk")
    assert "उघडून ठेवला आहे" not in other.browser.page(other.path)


def test_the_second_person_to_save_sees_both_texts_and_can_still_save(
    draft_page: DraftPage,
) -> None:
    other = open_draft(draft_page.site, draft_page.post_id, "other_clerk")
    mine, theirs = draft_page.form(), other.form()
    assert (
        other.press("save", {draft_page.text: "शनिवारी पाणीपुरवठा बंद."}, theirs).status_code == 302
    )
    late = draft_page.press("save", {draft_page.text: "रविवारी पाणीपुरवठा बंद."}, mine)
    page = Page(late.text)
    assert late.status_code == 409
    assert page.named(draft_page.text)[0].raw == "रविवारी पाणीपुरवठा बंद."
    gone = [deletion.text for deletion in page.all if deletion.tag == "del"]
    came = [insertion.text for insertion in page.all if insertion.tag == "ins"]
    assert "[वगळला: शनिवारी]" in gone
    assert "[जोडला: रविवारी]" in came
    assert "तरीही माझा मजकूर नवीन आवृत्ती म्हणून जतन करा" in page
    assert draft_page.press("save", {}, page.form("draft")).status_code == 302
    with draft_page.site.city.read() as session:
        revisions = session.get_one(Post, draft_page.post_id).revisions
        assert [revision.variants[0].text for revision in revisions[1:]] == [
            "शनिवारी पाणीपुरवठा बंद.",
            "रविवारी पाणीपुरवठा बंद.",
        ]


# Comparing, and bringing back


def test_any_two_revisions_are_compared_and_changes_have_hidden_labels(
    draft_page: DraftPage,
) -> None:
    for text in ("पाणीपुरवठा सोमवारी बंद.", "पाणीपुरवठ्याची वेळ बदलली.", "पाणीपुरवठा बुधवारी बंद."):
        draft_page.site.city.save(draft_page.post_id, text=text, on=["x"])
    path = f"/posts/{draft_page.post_id}/compare"
    page = draft_page.site.browser("member").page(f"{path}?from=2&to=4")
    assert [deletion.text for deletion in page.all if deletion.tag == "del"] == ["[वगळला: सोमवारी]"]
    assert [insertion.text for insertion in page.all if insertion.tag == "ins"] == [
        "[जोडला: बुधवारी]"
    ]
    assert "आवृत्ती क्र. २ पासून आवृत्ती क्र. ४ पर्यंत" in page
    fine = draft_page.browser.page(f"{path}?from=2&to=3")
    assert [bold.text for bold in fine.all if bold.tag == "b" and bold.within("del")][:1] == ["ठा"]
    for asked_for in ("", "?from=99&to=x", "?from=4"):
        assert draft_page.browser.get(path + asked_for).status_code == 200
    assert "/restore" not in draft_page.site.browser("member").page(path).html


def test_a_post_without_a_revision_has_nothing_to_compare(site: Site) -> None:
    post_id = site.city.start(site.city.hand_in())
    assert site.browser("clerk").get(f"/posts/{post_id}/compare").status_code == 404


def test_an_older_revision_is_brought_back_by_its_button(draft_page: DraftPage) -> None:
    first = texts_of(draft_page.site, draft_page.post_id)
    draft_page.site.city.save(draft_page.post_id, text="दुसरा मजकूर")
    path = f"/posts/{draft_page.post_id}"
    form = draft_page.browser.page(f"{path}/compare").form_to(f"{path}/restore")
    assert draft_page.browser.post(f"{path}/restore", form).status_code == 302
    assert texts_of(draft_page.site, draft_page.post_id) == first
    assert "आवृत्ती क्र. १ पुन्हा आणली." in draft_page.browser.page(f"{path}/compare")
    late = draft_page.browser.post(f"{path}/restore", form)
    assert late.status_code == 409
    assert "आवृत्ती क्र. ३" in Page(late.text)
    assert draft_page.site.city.newest(draft_page.post_id) == 3


def test_a_link_in_a_text_for_x_says_what_it_costs(draft_page: DraftPage) -> None:
    sentence = "एका पोस्टचा खर्च"
    assert sentence not in draft_page.browser.page(draft_page.path)
    with_link = draft_page.press_without_saving("close", {draft_page.text: "पाणी बंद pmc.gov.in"})
    assert with_link.html.count(sentence) == 1
    assert "$०.२०" in with_link
    assert "$०.०१५" in with_link
