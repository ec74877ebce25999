"""An officer without a phone decides on a second computer, never in the cell's own browser."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.states import PostState
from publisher.models.people import SignIn
from publisher.models.posts import Decision
from tests.web.html_page import Page
from tests.web.review.test_in_person_pages import (
    code_fields,
    letters_on,
    make_code,
    state,
    token_of,
)
from tests.web.sign_in.test_second_factor import sign_in_to_the_code, with_app
from tests.web.site import PASSWORD, Browser, Site
from web.core.auth import SESSION_KEY

SIGNED_OUT = "या संगणकावर आपण आता साइन आउट झाला आहात"
OF_THE_CELL = "या ब्राउझरमध्ये कक्षातील व्यक्तीने साइन इन केलेले आहे"


def second_computer(site: Site, **more: str) -> Browser:
    """Sign the officer in by a recovery code in a new browser."""
    code = with_app(site, "first").recovery_codes[0]
    browser = sign_in_to_the_code(site, "first", next="/code", **more)
    entered = browser.post("/sign-in/factor", {"code": code, "next": "/code"})
    assert entered.headers["Location"] == "/code"
    browser.forget_token()
    return browser


def at_the_revision(site: Site, browser: Browser) -> tuple[int, Page]:
    """Type the cell's code for a post in review; return the post and the page it leads to."""
    post = site.city.in_review()
    _clerk, page = make_code(site, post)
    code, path = code_fields(browser, letters_on(page))
    assert (code, path) == (302, f"/posts/{post}/review?revision=1")
    return post, browser.page(path)


def is_signed_in(browser: Browser, token: str) -> bool:
    """Return True if the session of this token still opens pages."""
    with browser.client.session_transaction(base_url=browser.base) as cookie_session:
        cookie_session[SESSION_KEY] = token
    return browser.get("/code").status_code == 200


def test_the_session_of_a_shared_computer_ends_with_the_approval(any_site: Site) -> None:
    site = any_site
    officer = second_computer(site, is_shared="y")
    token = officer.cookie()
    post, review = at_the_revision(site, officer)
    path = f"/posts/{post}/approve"
    decided = officer.post(path, review.form_to(path))
    assert (decided.status_code, decided.headers["Location"]) == (302, "/sign-in")
    assert officer.cookie() == ""
    page = officer.page("/sign-in")
    assert SIGNED_OUT in page
    assert "मान्यता दिली" in page
    assert officer.get(f"/posts/{post}").status_code == 401
    assert not is_signed_in(officer, token), "the old cookie is worth nothing"
    with site.city.read() as session:
        decision = session.scalars(select(Decision)).one()
        assert decision.appointment_id == site.city.appointments["first"]
        ended = session.scalars(select(SignIn).where(SignIn.is_shared)).one()
        assert ended.ended_at == decision.at
    assert state(site, post) is PostState.APPROVED


@pytest.mark.parametrize("act", ["return", "reject"])
def test_it_ends_with_a_return_or_a_rejection_as_well(site: Site, act: str) -> None:
    officer = second_computer(site, is_shared="y")
    post, _review = at_the_revision(site, officer)
    path = f"/posts/{post}/{act}"
    form = dict(officer.page(f"{path}?revision=1").form(act)) | {"reason": "वेळ चुकली आहे."}
    decided = officer.post(path, form)
    assert (decided.status_code, decided.headers["Location"]) == (302, "/sign-in")
    assert officer.get("/code").status_code == 401


def test_what_is_refused_ends_nothing(site: Site) -> None:
    officer = second_computer(site, is_shared="y")
    post, _review = at_the_revision(site, officer)
    under = str(site.city.appointments["first"])
    refused = officer.post(f"/posts/{post}/approve", {"seen": "7", "under": under})
    assert refused.status_code == 409
    assert officer.get("/code").status_code == 200
    assert state(site, post) is PostState.IN_REVIEW


def test_the_own_phone_stays_signed_in(site: Site) -> None:
    officer = second_computer(site)
    post, review = at_the_revision(site, officer)
    path = f"/posts/{post}/approve"
    decided = officer.post(path, review.form_to(path))
    assert decided.headers["Location"] == f"/posts/{post}"
    assert officer.get("/code").status_code == 200


def test_without_a_code_a_shared_computer_decides_on(site: Site) -> None:
    officer = second_computer(site, is_shared="y")
    for _post in range(2):
        post = site.city.in_review()
        path = f"/posts/{post}/approve"
        decided = officer.post(path, officer.page(f"/posts/{post}/review").form_to(path))
        assert decided.headers["Location"] == f"/posts/{post}"


@pytest.mark.parametrize("name", ["clerk", "lead"])
def test_the_browser_of_the_cell_takes_no_code(site: Site, name: str) -> None:
    post = site.city.in_review()
    browser, page = make_code(site, post, by=name)
    code, sentence = code_fields(browser, letters_on(page))
    assert (code, OF_THE_CELL in sentence) == (422, True)
    scanned = browser.get(f"/code/{token_of(site)}")
    assert (scanned.status_code, OF_THE_CELL in Page(scanned.text)) == (403, True)


@pytest.mark.parametrize("name", ["clerk", "lead"])
def test_nobody_else_signs_in_in_the_browser_of_the_cell(site: Site, name: str) -> None:
    site.give_password("first")
    browser = site.browser(name)
    before = browser.cookie()
    for typed in ("first", "nobody_at_all"):
        refused = browser.sign_in(typed, PASSWORD)
        assert (refused.status_code, OF_THE_CELL in Page(refused.text)) == (409, True)
        assert browser.cookie() == before
    with site.city.read() as session:
        first = SignIn.person_id == site.city.people["first"]
        assert session.scalars(select(SignIn).where(first)).all() == []
    assert browser.sign_in(name, PASSWORD).status_code == 302, "but they themselves do"
    browser.post("/sign-out")
    browser.forget_token()
    assert browser.sign_in("first", PASSWORD).status_code == 302, "once they have signed out"


def test_the_page_of_the_code_says_how_without_a_phone(site: Site) -> None:
    _clerk, page = make_code(site, site.city.in_review())
    assert "फोन जवळ नाही?" in page
