"""The clerk shows a code that leads the officer's phone to the review, but grants no right."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.states import PostState
from publisher.models.approvals import SpotCode
from publisher.models.people import SignIn
from publisher.models.posts import Decision, Post
from publisher.review.in_person import spell
from tests.web.html_page import Page
from tests.web.site import SECRET, Browser, Site

LETTERS = re.compile(r"[3-9A-Y]{4}-[3-9A-Y]{4}")


def make_code(site: Site, post: int, *, by: str = "clerk") -> tuple[Browser, Page]:
    """Let the clerk make a code on the post's page; return the browser and the page."""
    clerk = site.browser(by)
    path = f"/posts/{post}/on-the-spot"
    sent = clerk.post(path, clerk.page(path).form_to(path))
    assert sent.status_code == 302, sent.text
    return clerk, clerk.page(path)


def letters_on(page: Page) -> str:
    return next(tag.text for tag in page.all if LETTERS.fullmatch(tag.text))


def token_of(site: Site) -> str:
    """Return the token of the newest code; the picture is decoded in the browser tests."""
    with site.city.read() as session:
        code = session.scalars(select(SpotCode).order_by(SpotCode.id.desc())).first()
        assert code is not None
        return spell(code.seed, SECRET).token


def state(site: Site, post: int) -> PostState:
    with site.city.read() as session:
        return session.get_one(Post, post).state


def code_fields(browser: Browser, letters: str) -> tuple[int, str]:
    """Type a code, and return the status code with the redirect or the field's error."""
    response = browser.post("/code", {"letters": letters})
    if response.status_code == 302:
        return 302, response.headers["Location"]
    return response.status_code, Page(response.text).error_at("letters")


def test_the_typed_code_leads_the_officer_to_exactly_this_revision(any_site: Site) -> None:
    site = any_site
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    letters = letters_on(page)
    officer = site.browser("first")
    path = f"/posts/{post}/review?revision=1"
    for spelling in (
        letters,
        letters.lower(),
        letters.replace("-", " "),
        f" {letters[:3]} {letters[3:]}",
    ):
        assert code_fields(officer, spelling) == (302, path)
    devanagari = letters.translate(str.maketrans("3467९", "३४६७९"))
    assert code_fields(officer, devanagari) == (302, path)
    assert "मान्यता द्या" in officer.page(path)


def test_eight_letters_that_do_not_fit_may_hold_a_slip(site: Site) -> None:
    _clerk, page = make_code(site, site.city.in_review())
    officer, letters = site.browser("first"), letters_on(page)
    for slip in ("O", "0", "3" if letters[0] != "3" else "4"):
        status, error = code_fields(officer, slip + letters[1:])
        assert status == 422
        assert error.startswith("हा संकेतांक जुळत नाही; एखादे अक्षर चुकले असेल.")
    assert "आठ चिन्हे" in code_fields(officer, letters[1:])[1]


def test_a_scanned_code_leads_to_the_post_after_the_officer_signs_in(
    site: Site,
) -> None:
    post = site.city.in_review()
    make_code(site, post)
    path = f"/code/{token_of(site)}"
    site.give_password("first")
    phone = site.nobody()
    response = phone.get(path)
    assert response.status_code == 401
    assert dict(Page(response.text).form("sign-in")).get("next", path) == path
    entered = phone.sign_in("first", next=path)
    assert entered.headers["Location"] == path
    assert phone.get(path).headers["Location"] == f"/posts/{post}/review?revision=1"


def test_a_phone_signed_in_as_an_asked_officer_goes_straight_to_the_post(
    site: Site,
) -> None:
    post = site.city.in_review()
    make_code(site, post)
    response = site.browser("first").get(f"/code/{token_of(site)}")
    assert (response.status_code, response.headers["Location"]) == (
        302,
        f"/posts/{post}/review?revision=1",
    )


def test_the_clerks_session_and_cookie_are_not_changed_by_the_code(
    site: Site,
) -> None:
    post = site.city.in_review()
    clerk, page = make_code(site, post)
    before = clerk.cookie()
    with site.city.read() as session:
        sessions = session.scalars(select(SignIn.appointment_id).order_by(SignIn.id)).all()
    assert code_fields(clerk, letters_on(page))[0] == 422
    clerk.get(f"/code/{token_of(site)}")
    for act in ("approve", "return", "reject", "withdraw-approval"):
        sent = {"seen": "1", "under": "1", "reason": "नको"}
        assert clerk.post(f"/posts/{post}/{act}", sent).status_code == 403, act
    assert clerk.cookie() == before
    assert state(site, post) is PostState.IN_REVIEW
    with site.city.read() as session:
        assert session.scalars(select(SignIn.appointment_id).order_by(SignIn.id)).all() == sessions
        assert session.scalars(select(Decision)).all() == []


def test_the_clerks_page_shows_who_decided_and_when_after_looking_again(site: Site) -> None:
    post = site.city.in_review()
    clerk, page = make_code(site, post)
    assert "अद्याप काहीही नाही" in page
    officer = site.browser("first")
    path = f"/posts/{post}/approve"
    site.city.clock.move(timedelta(minutes=3))
    review = officer.page(f"/posts/{post}/review?revision=1")
    assert officer.post(path, review.form_to(path)).status_code == 302
    again = clerk.page(f"/posts/{post}/on-the-spot")
    text = again.by_id("spot-state").text
    assert "मान्यता दिली" in text
    assert "समन्वयक" in text
    assert "पाणीपुरवठा" in text
    assert not [tag for tag in again.all if LETTERS.fullmatch(tag.text)]


def test_a_code_whose_time_is_over_says_so_and_what_to_do(site: Site) -> None:
    post = site.city.in_review()
    clerk, page = make_code(site, post)
    officer, letters, token = site.browser("first"), letters_on(page), token_of(site)
    site.city.clock.move(timedelta(minutes=15))
    code, sentence = code_fields(officer, letters)
    assert (code, "१५ मिनिटां" in sentence, "नवीन" in sentence) == (422, True, True)
    spent = officer.get(f"/code/{token}")
    assert (spent.status_code, sentence in Page(spent.text)) == (404, True)
    again = clerk.page(f"/posts/{post}/on-the-spot")
    assert "मुदत संपली" in again


def test_a_code_of_an_older_revision_says_that_there_is_a_newer_one(site: Site) -> None:
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    site.city.save(post, on=["x"], text="बदललेला मजकूर")
    site.city.send(post)
    code, sentence = code_fields(site.browser("first"), letters_on(page))
    assert code == 422
    assert "जुन्या आवृत्ती" in sentence


def test_a_code_ends_with_the_decision_even_if_the_post_returns_to_review(
    any_site: Site,
) -> None:
    site = any_site
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    site.city.clock.move(timedelta(minutes=1))
    site.city.approve(post)
    officer = site.browser("first")
    assert "निर्णय" in code_fields(officer, letters_on(page))[1]
    path = f"/posts/{post}/withdraw-approval"
    officer.post(path, officer.page(path).form("withdraw_approval"))
    assert state(site, post) is PostState.IN_REVIEW
    assert code_fields(officer, letters_on(page))[0] == 422


def test_a_new_code_takes_the_place_of_the_one_before(site: Site) -> None:
    post = site.city.in_review()
    _clerk, first = make_code(site, post)
    _clerk, second = make_code(site, post, by="lead")
    officer = site.browser("first")
    assert "नवीन संकेतांक" in code_fields(officer, letters_on(first))[1]
    assert code_fields(officer, letters_on(second))[0] == 302


def test_the_code_does_not_lead_an_officer_of_another_department_anywhere(site: Site) -> None:
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    stranger = site.browser("road_officer")
    code, sentence = code_fields(stranger, letters_on(page))
    assert (code, "दुसऱ्या विभाग" in sentence) == (422, True)
    response = stranger.get(f"/code/{token_of(site)}")
    assert (response.status_code, sentence in Page(response.text)) == (404, True)


def test_after_five_wrong_codes_even_the_right_one_is_refused_for_a_while(site: Site) -> None:
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    guesser = site.browser("first")
    for wrong in ("3333-3333", "4444-4444", "6666-6666", "7777-7777", "9999-9999"):
        assert code_fields(guesser, wrong)[0] == 422
    assert code_fields(guesser, letters_on(page))[0] == 429
    assert code_fields(site.browser("second"), letters_on(page))[0] == 302
    assert site.city.verbs("people", site.city.people["first"]).count("refuse_code") == 5
    site.city.clock.move(timedelta(minutes=14, seconds=59))
    assert code_fields(guesser, letters_on(page))[0] == 429


def test_an_unreadable_code_is_an_error_and_does_not_count_as_an_attempt(site: Site) -> None:
    officer = site.browser("first")
    for typo in ("", "ABCD", "OOO-1111", "३३३३", "🙂🙂🙂🙂🙂🙂🙂🙂", "A" * 5000):
        code, sentence = code_fields(officer, typo)
        assert (code, "आठ" in sentence) == (422, True)
    assert code_fields(officer, "3333-3333")[1] != sentence


def test_a_code_is_made_only_for_what_waits_and_as_it_was_seen(site: Site) -> None:
    approved, waiting = site.city.approved(), site.city.in_review()
    clerk = site.browser("clerk")
    assert clerk.post(f"/posts/{approved}/on-the-spot", {"seen": "1"}).status_code == 409
    assert clerk.post(f"/posts/{waiting}/on-the-spot", {"seen": "7"}).status_code == 409
    assert clerk.post("/posts/999999/on-the-spot", {"seen": "1"}).status_code == 404
    with site.city.read() as session:
        assert session.scalars(select(SpotCode)).all() == []


def test_the_database_stores_neither_the_token_nor_the_letters_of_a_code(site: Site) -> None:
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    letters, token = letters_on(page), token_of(site)
    with site.city.read() as session:
        row = session.scalars(select(SpotCode)).one()
        columns = " ".join(str(getattr(row, column.key)) for column in SpotCode.__table__.columns)
    for secret in (letters, letters.replace("-", ""), token):
        assert secret not in columns


def test_the_address_comes_from_the_settings_whatever_the_host_header_says(site: Site) -> None:
    post = site.city.in_review()
    clerk, _page = make_code(site, post)
    cookie = clerk.client.get_cookie("__Host-nagarvani", domain="127.0.0.1")
    assert cookie is not None
    clerk.client.set_cookie("__Host-nagarvani", cookie.value, domain="evil.example")
    clerk.base = "https://evil.example"
    page = clerk.page(f"/posts/{post}/on-the-spot").html
    assert "https://nagarvani.example/code" in page
    assert "evil.example" not in page


@pytest.mark.parametrize("name", ["first", "head", "member", "auditor", "admin", "oversight"])
def test_only_the_cell_shows_a_code(site: Site, name: str) -> None:
    post = site.city.in_review()
    somebody = site.browser(name)
    assert somebody.get(f"/posts/{post}/on-the-spot").status_code == 403
    assert somebody.post(f"/posts/{post}/on-the-spot", {"seen": "1"}).status_code == 403
