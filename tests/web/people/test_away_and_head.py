"""The pages of who is away, and of when the head may decide."""

from __future__ import annotations

from datetime import timedelta

from approvals.states import PostState
from publisher.models.posts import Post
from tests.support.city_people import HOUR, MINUTE
from tests.support.ticked_tasks import reminded, told_heads
from tests.web.site import Browser, Site


def sent(site: Site) -> int:
    city = site.city
    post_id = city.start(city.hand_in(wished_at=city.now + 5 * HOUR))
    city.save(post_id, on=["x"])
    city.send(post_id)
    return post_id


def approve(browser: Browser, post_id: int, appointment_id: int) -> tuple[int, str]:
    fields = {"seen": "1", "under": str(appointment_id)}
    response = browser.post(f"/posts/{post_id}/approve", fields)
    return response.status_code, response.text


def record(browser: Browser, person_id: int) -> int:
    days = {"person_id": str(person_id), "until_on": "27/11/2026"}
    return browser.post("/away", days).status_code


def state(site: Site, post_id: int) -> PostState:
    with site.city.read() as session:
        return session.get_one(Post, post_id).state


def test_the_page_says_from_when_the_head_may_decide_and_why(site: Site) -> None:
    post_id, appointment_id = sent(site), site.city.appointments["head"]
    head = site.browser("head")
    page = head.get(f"/posts/{post_id}/review").text
    assert "दुपारी\u00a0२:३०" in page
    assert f"/posts/{post_id}/approve" not in page
    status, text = approve(head, post_id, appointment_id)
    assert status in {403, 409}
    assert "विभागप्रमुख म्हणून आपण निर्णय घेऊ शकता" in text
    assert state(site, post_id) is PostState.IN_REVIEW
    site.city.clock.move(2.5 * HOUR)
    page = head.get(f"/posts/{post_id}/review").text
    assert f"/posts/{post_id}/approve" in page
    assert "निम्मा वेळ संपेपर्यंत" in page
    assert told_heads(site.city) == 1
    assert f"/posts/{post_id}/review" in head.get("/").text
    assert approve(head, post_id, appointment_id)[0] == 302
    decided = site.browser("clerk").get(f"/posts/{post_id}/review").text
    assert "समन्वयकांनी निर्णय घेतला नव्हता" in decided


def test_an_officer_who_comes_back_ends_the_head_s_open_page(site: Site) -> None:
    city, post_id = site.city, sent(site)
    first, head = site.browser("first"), site.browser("head")
    assert record(first, city.people["first"]) == 302
    assert record(head, city.people["second"]) == 302
    page = head.get(f"/posts/{post_id}/review").text
    assert f"/posts/{post_id}/approve" in page
    assert "पर्यंत रजेवर" in page
    assert "पर्यंत रजेवर" in site.browser("clerk").page(f"/posts/{post_id}/review").text
    assert "रजेवर" in site.browser("admin").page(f"/people/{city.people['first']}").text
    assert site.browser("first").post("/away/1/end").status_code == 302
    status, text = approve(head, post_id, city.appointments["head"])
    assert status in {403, 409}
    assert "विभागप्रमुख म्हणून आपण निर्णय घेऊ शकता" in text
    assert state(site, post_id) is PostState.IN_REVIEW


def test_the_writer_cannot_let_the_head_approve_by_the_page(site: Site) -> None:
    city, post_id = site.city, sent(site)
    clerk = site.browser("clerk")
    for name in ("first", "second"):
        assert record(clerk, city.people[name]) == 302
    status, _text = approve(site.browser("head"), post_id, city.appointments["head"])
    assert status in {403, 409}
    assert state(site, post_id) is PostState.IN_REVIEW
    assert f"/posts/{post_id}/review" not in site.browser("head").get("/").text
    site.city.clock.move(2.5 * HOUR - MINUTE + timedelta(0))
    assert approve(site.browser("head"), post_id, city.appointments["head"])[0] in {403, 409}


def test_the_history_says_why_the_head_was_asked_as_the_review_page_does(site: Site) -> None:
    city = site.city
    then, late = "त्या वेळी निर्णय घेऊ शकेल असा समन्वयक नव्हता", "तोपर्यंत समन्वयकांनी निर्णय घेतला नव्हता"
    for name in ("first", "second"):
        assert record(site.browser(name), city.people[name]) == 302
    asked_at_once = sent(site)
    assert site.browser("first").post("/away/1/end").status_code == 302
    asked_late = sent(site)
    city.clock.move(2.5 * HOUR)
    assert told_heads(city) == 1
    clerk = site.browser("clerk")
    for post_id, said, unsaid in ((asked_at_once, then, late), (asked_late, late, then)):
        page = clerk.get(f"/posts/{post_id}").text
        assert said in page
        assert unsaid not in page


def test_the_review_page_and_the_history_say_when_approvers_were_reminded(site: Site) -> None:
    post_id = sent(site)
    assert "आठवण पाठविली" not in site.browser("first").get(f"/posts/{post_id}/review").text
    site.city.clock.move(2.5 * HOUR)
    assert reminded(site.city) == 1
    page = site.browser("first").get(f"/posts/{post_id}/review").text
    assert "आठवण पाठविली: आज दुपारी २:३०" in page.replace("\u00a0", " ")
    assert "मान्यता देणाऱ्यांना आठवण पाठविली" in site.browser("clerk").get(f"/posts/{post_id}").text
