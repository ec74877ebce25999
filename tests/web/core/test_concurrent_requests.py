"""Of two concurrent requests the second gets an error message, and loses no text."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from approvals.policy import Role
from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.models.posts import Decision
from publisher.models.submissions import Submission
from publisher.people import appointments, permissions
from tests.support.city_people import DAY, MINUTE
from tests.web.html_page import Page
from tests.web.schedule_form import time_fields
from tests.web.site import Browser, Site
from tests.web.submissions.test_bad_submissions import TYPED

pytestmark = pytest.mark.twin

PAIRS = [(name, value) for name, values in TYPED.items() for value in values]


def test_the_same_form_sent_twice_is_one_submission_and_one_number(any_site: Site) -> None:
    member = any_site.browser("member")
    form = [*PAIRS, ("form_token", "sent-twice")]
    answers = [member.post("/submissions/new", form) for _again in range(2)]
    assert [response.status_code for response in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert row_count(any_site, Submission) == 1
    assert row_count(any_site, Notice) == 1


def test_the_same_form_sent_by_two_threads_at_once_is_one_submission(any_site: Site) -> None:
    browsers = [any_site.browser("member") for _ in range(2)]
    form = [*PAIRS, ("form_token", "sent-at-once")]
    for browser in browsers:
        assert browser.token
    both = threading.Barrier(2)

    def send(browser: Browser) -> str:
        both.wait(10)
        return browser.post("/submissions/new", form).headers.get("Location", "refused")

    with ThreadPoolExecutor(2) as pool:
        places = list(pool.map(send, browsers))
    assert len(set(places)) == 1
    assert places[0].startswith("/submissions/")
    assert row_count(any_site, Submission) == 1


def test_the_token_of_another_person_s_form_does_not_find_their_submission(site: Site) -> None:
    form = [*PAIRS, ("form_token", "one-and-the-same")]
    site.browser("member").post("/submissions/new", form)
    response = site.browser("road_member").post("/submissions/new", form)
    page = Page(response.text)
    assert response.status_code == 422
    assert "हा फॉर्म आधीच सादर झाला आहे." in page
    assert page.named("title")[0].get("value") == TYPED["title"][0]


def row_count(site: Site, table: type[Submission | Notice | Decision]) -> int:
    """Return the number of rows."""
    with site.city.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_second_clerk_to_save_keeps_the_text_and_sees_the_difference(
    any_site: Site,
) -> None:
    city = any_site.city
    post = city.draft(city.hand_in())
    field, path = f"text_{city.accounts['x']}_mr", f"/posts/{post}/draft"
    first, second = any_site.browser("clerk"), any_site.browser("other_clerk")
    form = dict(second.page(path).form("draft"))
    first.post(path, {**form, field: "पहिल्या लिपिकाचा मजकूर."})

    response = second.post(path, {**form, field: "दुसऱ्या लिपिकाचा मजकूर.", "note": "माझी टीप"})
    page = Page(response.text)
    assert response.status_code == 409
    assert (
        "आपण लिहीत असताना दुसऱ्या कोणी आवृत्ती क्र. २ जतन केली. आपला मजकूर खाली आहे, तो अद्याप जतन "
        "झालेला नाही. तेथे काय बदलले ते पाहावे; आता जतन केल्यास आपला मजकूर पुढील आवृत्ती होईल."
    ) in page
    assert page.named(field)[0].raw == "दुसऱ्या लिपिकाचा मजकूर."
    assert page.named("note")[0].raw == "माझी टीप"
    assert "पहिल्या लिपिकाचा मजकूर." in marked_as_new(page)
    assert city.newest(post) == 2

    saved = second.post(path, page.form("draft"))
    assert saved.status_code == 302
    assert city.newest(post) == 3


def marked_as_new(page: Page) -> str:
    """Return the text that is marked as new."""
    return " ".join(insertion.text for insertion in page.all if insertion.tag == "ins")


def test_approving_an_outdated_revision_is_refused_with_the_difference(
    any_site: Site,
) -> None:
    city = any_site.city
    post = city.in_review()
    officer = any_site.browser("first")
    form = dict(officer.page(f"/posts/{post}/review").form_to(f"/posts/{post}/approve"))
    city.save(post, on=["x"], text="शनिवारऐवजी रविवारी पाणीपुरवठा बंद राहील.")
    city.send(post)

    response = officer.post(f"/posts/{post}/approve", form)
    page = Page(response.text)
    assert response.status_code == 409
    assert "आपण आवृत्ती क्र. १ पाहत आहात; आवृत्ती क्र. २ त्यानंतरची आहे. नवीन आवृत्ती पाहावी." in page
    assert "रविवारी" in marked_as_new(page)
    assert row_count(any_site, Decision) == 0
    assert officer.post(f"/posts/{post}/approve", {**form, "seen": "2"}).status_code == 302


def test_returning_an_outdated_revision_is_refused_and_keeps_the_reason(site: Site) -> None:
    city = site.city
    post, reason = city.in_review(), "वेळ सकाळी दहा अशी करावी."
    city.save(post, on=["x"], text="बदललेला मजकूर.")
    city.send(post)
    sent = {"seen": "1", "under": str(city.appointments["first"]), "reason": reason}
    response = site.browser("first").post(f"/posts/{post}/return", sent)
    page = Page(response.text)
    assert response.status_code == 409
    assert "आपण आवृत्ती क्र. १ पाहत आहात; आवृत्ती क्र. २ त्यानंतरची आहे. नवीन आवृत्ती पाहावी." in page
    assert page.named("reason")[0].raw == reason
    assert "बदललेला" in marked_as_new(page)
    again = site.browser("first").post(f"/posts/{post}/return", page.form("return"))
    assert again.status_code == 302
    assert row_count(site, Decision) == 1


def test_an_answer_to_a_comment_that_was_transferred_meanwhile_is_not_lost(site: Site) -> None:
    """The comment is no longer visible to the officer, but the answer's text is kept."""
    city = site.city
    comment = city.comment(under=city.live()[0])
    officer = site.browser("second")
    moved = site.browser("first").post(
        f"/comments/{comment}/transfer",
        {"department": str(city.departments["road"]), "reason": "रस्त्याचा विषय आहे."},
    )
    assert moved.status_code == 302
    response = officer.post(f"/comments/{comment}/answer", {"text": "उद्या सकाळी सहा वाजता."})
    page = Page(response.text)
    assert response.status_code == 404
    assert "आपण लिहिलेला मजकूर जपून ठेवला आहे" in page
    assert "उद्या सकाळी सहा वाजता." in page


def test_an_officer_whose_appointment_has_ended_cannot_approve(any_site: Site) -> None:
    """The page was opened before the appointment ended."""
    city = any_site.city
    post = city.in_review()
    officer = any_site.browser("first")
    officer.page(f"/posts/{post}/review")
    officer_token = officer.token
    city.end("first")
    city.clock.move(MINUTE)
    response = officer.post(f"/posts/{post}/approve", {"seen": "1"}, token=officer_token)
    assert response.status_code == 401
    assert row_count(any_site, Decision) == 0
    refused = any_site.nobody().sign_in("first")
    assert refused.status_code == 401
    assert (
        "आपली सध्या कोणतीही नियुक्ती नाही, त्यामुळे येथे काम करता येत नाही. कक्षाशी संपर्क साधावा."
    ) in Page(refused.text)


def test_an_officer_who_has_become_a_member_cannot_approve(site: Site) -> None:
    """The session continues under the other appointment, without the old right."""
    city = site.city
    post = city.in_review()
    officer = site.browser("first")
    with city.write() as session:
        person = session.get_one(Person, city.people["first"])
        appointments.record_person(
            session,
            actor=permissions.COMMAND,
            now=city.now - DAY,
            name_mr=person.name_mr,
            mail=person.mail,
            role=Role.MEMBER,
            department_id=city.departments["water"],
        )
    city.end("first")
    response = officer.post(f"/posts/{post}/approve", {"seen": "1"})
    assert response.status_code == 403
    assert "आपल्या सध्याच्या नियुक्तीत या कृतीचा अधिकार नाही. कोणताही बदल झालेला नाही." in Page(
        response.text
    )
    assert row_count(site, Decision) == 0


def test_the_id_of_another_department_s_row_is_a_404(site: Site) -> None:
    foreign = site.city.hand_in("रस्ता बंद", department="road")
    response = site.browser("member").get(f"/submissions/{foreign}")
    page = Page(response.text)
    assert response.status_code == 404
    assert "असे पान नाही" in page
    assert "रस्ता बंद" not in page


def test_a_second_answer_is_refused_because_the_comment_is_answered(any_site: Site) -> None:
    city = any_site.city
    comment = city.comment(under=city.live()[0])
    first, second = any_site.browser("first"), any_site.browser("second")
    assert first.post(f"/comments/{comment}/answer", {"text": "उद्या सकाळी."}).status_code == 302
    response = second.post(f"/comments/{comment}/answer", {"text": "आज रात्री."})
    page = Page(response.text)
    assert response.status_code == 409
    assert "या टिप्पणीस अंतिम उत्तर आधीच दिले आहे." in page
    assert "आज रात्री." in page.html


def test_of_two_clerks_who_schedule_at_once_one_is_told_of_the_other(any_site: Site) -> None:
    post = any_site.city.approved()
    clerks = [any_site.browser(name) for name in ("clerk", "lead")]
    (text,) = any_site.city.variants(post)
    for clerk in clerks:
        assert clerk.token
    both = threading.Barrier(2)

    def send(clerk: Browser, clock: str) -> tuple[int, str]:
        fields = [*time_fields(text, "28/11/2026", clock), ("late_limit", "60")]
        both.wait(10)
        response = clerk.post(f"/posts/{post}/schedule", fields)
        return response.status_code, response.text

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, clerks, ("10:00", "11:00")))
    assert [status for status, _text in answers] == [302, 422]
    assert "कोणीतरी" in answers[1][1]
    with any_site.city.read() as session:
        (delivery,) = session.scalars(select(Delivery).where(Delivery.post_id == post))
    assert any_site.city.verbs("deliveries", delivery.id) == ["schedule"]
