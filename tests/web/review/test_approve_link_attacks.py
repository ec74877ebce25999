"""What strangers, scanners and old browsers get from a link that approves."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from approvals.policy import Role
from publisher.drafting.drafts import PictureDraft
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.states import AppointmentState
from tests.support.city_people import HOUR, add_appointment
from tests.web.approval_link_steps import (
    Officer,
    code,
    decisions,
    give_mobile,
    is_used,
    link_for,
    officer_of,
    prove,
    with_sms,
)
from tests.web.pictures import jpeg
from tests.web.site import Browser, Site

TEXT, WAY_TO_DECIDE = "शनिवारी पाणीपुरवठा बंद (", 'value="approve"'
COOKIE, HOST = "__Secure-nagarvani-approve", "127.0.0.1"


def proof_of(browser: Browser, path: str) -> str:
    """Return the value of the cookie that proves the person at this link."""
    cookie = browser.client.get_cookie(COOKIE, HOST, path)
    assert cookie is not None
    return cookie.value


def with_proof(site: Site, path: str, value: str) -> Browser:
    """Return another browser with this proof at the path."""
    browser = site.nobody()
    browser.client.set_cookie(COOKIE, value, domain=HOST, path=path)
    return browser


def with_picture(site: Site, shade: int) -> tuple[int, list[str]]:
    """Send a post with a picture for review; return it, and the digests of its files."""
    post_id = site.city.start(site.city.hand_in())
    picture = PictureDraft("टँकर", content=jpeg(640 + shade, 480), name="IMG_1.jpg")
    site.city.save(post_id, on=["x"], pictures=(picture,))
    site.city.send(post_id)
    with site.city.read() as session:
        rendition = session.get_one(Post, post_id).revisions[-1].variants[0].renditions[0]
        return post_id, [rendition.sha256, rendition.source_sha256]


def is_refused(browser: Browser, path: str) -> bool:
    """Return True if the browser sees nothing of the post at this link, and decides nothing."""
    page = browser.get(path).text
    pressed = browser.post(path, {"step": "approve"}).status_code
    return TEXT not in page and WAY_TO_DECIDE not in page and pressed == 409


def test_a_proof_counts_at_its_own_link_alone(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    proof = proof_of(officer.browser, officer.path)
    assert TEXT in with_proof(site, officer.path, proof).get(officer.path).text
    of_a_reminder = link_for(site, officer.post)
    of_another = link_for(site, officer.post, "second")
    of_another_post = link_for(site, site.city.in_review(on=["facebook"]))
    for path in (of_a_reminder, of_another, of_another_post):
        assert is_refused(with_proof(site, path, proof), path)
    content, _dot, signature = proof.rpartition(".")
    for forged in (f"{content}x.{signature}", f"{content}.{signature[:-2]}", content, "x", ""):
        assert is_refused(with_proof(site, officer.path, forged), officer.path)
    assert decisions(site) == []


def test_a_code_counts_at_its_own_link_alone_also_for_the_same_revision(site: Site) -> None:
    officer = officer_of(site)
    of_a_reminder = link_for(site, officer.post)
    officer.browser.post(officer.path, {"step": "send"})
    typed = officer.browser.post(of_a_reminder, {"step": "code", "code": code(site)})
    assert typed.status_code == 422
    assert is_refused(officer.browser, of_a_reminder)


def test_who_decides_later_leaves_no_proof_in_the_browser(site: Site) -> None:
    officer = officer_of(site)
    browser = prove(site, officer.path, officer.browser)
    assert "निर्णय नंतर" in browser.page(officer.path).text
    browser.post(officer.path, {"step": "later"})
    assert browser.client.get_cookie(COOKIE, HOST, officer.path) is None
    assert is_refused(browser, officer.path)
    assert not is_used(site)
    prove(site, officer.path, browser)
    assert TEXT in browser.page(officer.path).text


def test_nothing_is_left_of_a_sign_in_after_the_sign_out(site: Site) -> None:
    officer = officer_of(site)
    browser = site.browser("first")
    assert TEXT in browser.get(officer.path).text
    browser.post("/sign-out")
    browser.forget_token()
    assert is_refused(browser, officer.path)


def test_the_sign_in_returns_to_the_link(site: Site) -> None:
    officer = officer_of(site)
    site.give_password("first")
    assert f"/sign-in?next={officer.path}" in officer.browser.get(officer.path).text
    assert officer.browser.sign_in("first", next=officer.path).location == officer.path
    assert officer.browser.post(officer.path, {"step": "approve"}).status_code == 302


@pytest.mark.parametrize("how", ["ended", "doubted", "moved"])
def test_who_left_office_between_look_and_press_sees_nothing_more(site: Site, how: str) -> None:
    with_sms(site)
    give_mobile(site, "first")
    post_id, digests = with_picture(site, 0)
    officer = Officer(site, post_id, link_for(site, post_id), site.nobody())
    prove(site, officer.path, officer.browser)
    assert TEXT in officer.browser.get(officer.path).text
    if how == "moved":
        with site.city.write() as session:
            garden, first = site.city.departments["garden"], site.city.people["first"]
            add_appointment(session, Role.OFFICER, garden, person_id=first)
    if how == "doubted":
        with site.city.write() as session:
            row = session.get_one(Appointment, site.city.appointments["first"])
            row.state = AppointmentState.RECORDED
    else:
        site.city.end("first")
    assert is_refused(officer.browser, officer.path)
    for digest in digests:
        assert officer.browser.get(f"{officer.path}/pictures/{digest}").status_code == 404
    assert decisions(site) == []
    assert not is_used(site)


def test_pictures_are_those_of_the_links_revision_and_stay_in_no_browser(site: Site) -> None:
    with_sms(site)
    give_mobile(site, "first")
    post_id, own = with_picture(site, 0)
    _other_post, others = with_picture(site, 8)
    path = link_for(site, post_id)
    browser = prove(site, path)
    for digest in own:
        answer = browser.get(f"{path}/pictures/{digest}?size=small")
        assert answer.status_code in {200, 404}
        assert answer.headers["Cache-Control"] == "no-store"
    assert {browser.get(f"{path}/pictures/{digest}").status_code for digest in others} == {404}
    browser.post(path, {"step": "approve"})
    assert {browser.get(f"{path}/pictures/{digest}").status_code for digest in own} == {404}


def test_a_form_without_its_token_does_nothing_as_one_of_another_site(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    for origin in ("same-origin", "cross-site"):
        fields = {"step": "approve"}
        pressed = officer.browser.post(officer.path, fields, token="", site=origin)
        assert pressed.status_code == 400
    assert decisions(site) == []


def test_a_form_that_does_not_name_its_act_decides_nothing(site: Site) -> None:
    officer = officer_of(site)
    prove(site, officer.path, officer.browser)
    for fields in ({}, {"step": ""}, {"code": "12345678"}, {"step": "approved"}):
        assert officer.browser.post(officer.path, fields).status_code == 302
    assert decisions(site) == []


def test_no_page_of_the_link_is_stored_or_names_it_elsewhere(site: Site) -> None:
    officer = officer_of(site)
    before = officer.browser.get(officer.path)
    prove(site, officer.path, officer.browser)
    for answer in (before, officer.browser.get(officer.path)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_no_log_has_a_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    officer = officer_of(site)
    token = officer.path.rpartition("/")[2]
    with caplog.at_level(logging.DEBUG):
        for path in (officer.path, f"{officer.path}/return", f"{officer.path}/pictures/x"):
            refused = officer.browser.client.put(path, base_url=officer.browser.base)
            assert refused.status_code >= 400
        officer.browser.post(officer.path, {"step": "approve"}, token="")
        site.browser("second").post(officer.path, {"step": "approve"})
        officer.browser.get(f"{officer.path}/else")
    assert "/approve/" in caplog.text
    assert token not in caplog.text


def test_a_link_that_is_over_sends_no_code_and_says_so(site: Site) -> None:
    officer = officer_of(site)
    site.city.approve(officer.post, by="second")
    assert officer.browser.post(officer.path, {"step": "send"}).status_code == 302
    page = officer.browser.get(officer.path).text
    assert "संकेतांक पाठविला" not in page
    assert "आधीच नोंदविला आहे" in page
    assert site.city.notified("approval_code") == []


def test_a_head_decides_by_the_link_once_half_of_the_time_is_over(site: Site) -> None:
    with_sms(site)
    give_mobile(site, "head")
    post_id = site.city.start(site.city.hand_in(wished_at=site.city.now + 5 * HOUR))
    site.city.save(post_id, on=["x"])
    site.city.send(post_id)
    path = link_for(site, post_id, "head")
    browser = prove(site, path)
    assert browser.post(path, {"step": "approve"}).status_code == 409
    site.city.clock.move(2.5 * HOUR)
    prove(site, path, browser)
    assert browser.post(path, {"step": "approve"}).status_code == 302
    (decision,) = decisions(site)
    assert decision.head_ground == "undecided"


def test_an_officer_of_two_asked_departments_decides_for_each_by_a_link(site: Site) -> None:
    with_sms(site)
    give_mobile(site, "first")
    with site.city.write() as session:
        road, first = site.city.departments["road"], site.city.people["first"]
        add_appointment(session, Role.OFFICER, road, person_id=first)
    post_id = site.city.start(site.city.hand_in())
    site.city.save(post_id, asked_departments=["water", "road"])
    site.city.send(post_id)
    for _department in range(2):
        path = link_for(site, post_id)
        browser = prove(site, path)
        assert browser.post(path, {"step": "approve"}).status_code == 302
    departments = [decision.department_id for decision in decisions(site)]
    assert departments == [site.city.departments["water"], site.city.departments["road"]]


@pytest.mark.both
def test_an_approval_never_meets_a_revision_saved_in_the_same_second(any_site: Site) -> None:
    officer = officer_of(any_site)
    prove(any_site, officer.path, officer.browser)
    both = Barrier(2)

    def approve() -> int:
        both.wait(10)
        return officer.browser.post(officer.path, {"step": "approve"}).status_code

    def save() -> None:
        both.wait(10)
        any_site.city.save(officer.post, text="नवीन मजकूर")

    with ThreadPoolExecutor(2) as pool:
        pressed, saved = pool.submit(approve), pool.submit(save)
        saved.result()
    with any_site.city.read() as session:
        post = session.get_one(Post, officer.post)
        assert post.newest == 2
        assert post.revisions[1].decisions == []
        assert len(post.revisions[0].decisions) == (pressed.result() == 302)
