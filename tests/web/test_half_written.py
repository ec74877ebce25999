"""What was half written when the session was lost: through the sign-in page and on, script off."""

from __future__ import annotations

import pytest

from publisher.auth.sessions import IDLE_LIMIT
from tests.web import pictures
from tests.web.counter import PASSWORD, Browser, Site
from tests.web.reading import Page
from tests.web.test_bad_submissions import TYPED

PAIRS = [(name, value) for name, values in TYPED.items() for value in values]


def lose_session(site: Site, browser: Browser) -> None:
    """Too long a break: the cookie is there, the session is not."""
    site.city.clock.move(IDLE_LIMIT)


def open_form(browser: Browser) -> list[tuple[str, str]]:
    """A whole form with the token that the page gave it."""
    token = browser.page("/submissions/new").named("form_token")[0].get("value")
    return [*PAIRS, ("form_token", token)]


def sign_in_on(browser: Browser, page: Page, name: str, password: str = PASSWORD) -> Page:
    """Fill the sign-in page in and send it with all that it carries."""
    typed = ("identifier", "password")
    fields = [(key, value) for key, value in page.form("sign-in") if key not in typed]
    fields += [("identifier", f"{name}@pmc.example"), ("password", password)]
    answer = browser.post("/sign-in", fields)
    browser.forget_token()
    return Page(answer.text)


def test_a_form_sent_after_the_session_was_lost_is_handed_in_after_signing_in(
    any_site: Site,
) -> None:
    member = any_site.browser("member")
    form = open_form(member)
    lose_session(any_site, member)

    refused = member.post("/submissions/new", form)
    page = Page(refused.text)
    assert refused.status_code == 401
    assert ("आपल्या साइन इनची मुदत संपली. पुन्हा साइन इन केल्यावर आपण लिहिलेला मजकूर परत मिळेल.") in page

    kept = sign_in_on(member, page, "member")
    assert "आपण पुन्हा साइन इन केले आहे." in kept
    assert TYPED["title"][0] in kept
    sent_on = kept.form_to("/submissions/new")
    assert sorted(sent_on) == sorted(form)

    handed_in = member.post("/submissions/new", sent_on)
    assert handed_in.status_code == 302
    shown = member.page(handed_in.headers["Location"])
    for name in ("title", "text_mr", "text_en", "text_hi", "outward_number"):
        assert " ".join(TYPED[name][0].split()) in shown


def test_the_files_are_named_on_the_sign_in_page_and_after_it(site: Site) -> None:
    member = site.browser("member")
    form = open_form(member)
    lose_session(site, member)
    files = [("files", ("टाकी.jpg", pictures.jpeg())), ("files", ("नळ.jpg", pictures.jpeg()))]
    page = Page(member.post("/submissions/new", form, files=files).text)
    said = "या फाइल पुन्हा निवडाव्यात: टाकी.jpg, नळ.jpg"
    assert said in page
    assert said in sign_in_on(member, page, "member", "wrong on purpose")
    assert said in sign_in_on(member, page, "member")


def test_a_wrong_password_on_the_way_loses_nothing(site: Site) -> None:
    member = site.browser("member")
    form = open_form(member)
    lose_session(site, member)
    page = Page(member.post("/submissions/new", form).text)
    once_more = sign_in_on(member, page, "member", "not the password")
    assert ("kept:title", TYPED["title"][0]) in once_more.form("sign-in")
    kept = sign_in_on(member, once_more, "member")
    assert sorted(kept.form_to("/submissions/new")) == sorted(form)


def test_a_sign_in_page_that_is_itself_too_old_loses_nothing(site: Site) -> None:
    """Two tabs: signing in in the first makes the second one's token void."""
    member = site.browser("member")
    form = open_form(member)
    lose_session(site, member)
    second_tab = Page(member.post("/submissions/new", form).text)
    old_token = member.token
    member.sign_in("member")
    fields = [*second_tab.form("sign-in"), ("new_password", PASSWORD)]
    answer = member.post("/sign-in", fields, token=old_token)
    kept = Page(answer.text)
    assert answer.status_code == 400
    assert sorted(kept.form_to("/submissions/new")) == sorted(form)
    assert PASSWORD not in kept.html


def test_a_form_with_an_old_token_goes_on_with_one_button(site: Site) -> None:
    """Signed in again in another tab: the form's token is the old cookie's."""
    member = site.browser("member")
    form = open_form(member)
    answer = member.post("/submissions/new", form, token="of another session")
    page = Page(answer.text)
    assert answer.status_code == 400
    assert "हे पान फार वेळ उघडे राहिले." in page
    assert "आपण लिहिलेला मजकूर जपून ठेवला आहे" in page
    assert member.post("/submissions/new", page.form_to("/submissions/new")).status_code == 302


def test_a_draft_of_the_cell_survives_too(site: Site) -> None:
    city = site.city
    post = city.draft(city.hand_in())
    clerk, field = site.browser("clerk"), f"text_{city.accounts['x']}_mr"
    form = [
        (name, "अर्धवट लिहिलेला मजकूर" if name == field else value)
        for name, value in clerk.page(f"/posts/{post}/draft").form("draft")
    ]
    lose_session(site, clerk)
    page = Page(clerk.post(f"/posts/{post}/draft", [*form, ("then", "save")]).text)
    kept = sign_in_on(clerk, page, "clerk")
    saved = clerk.post(f"/posts/{post}/draft", kept.form_to(f"/posts/{post}/draft"))
    assert saved.status_code == 302
    assert clerk.page(f"/posts/{post}/draft").named(field)[0].raw == "अर्धवट लिहिलेला मजकूर"


def test_a_button_pressed_after_the_session_was_lost_is_pressed_after_signing_in(
    site: Site,
) -> None:
    """An approval has no text, but its step is not lost either, and is confirmed once more."""
    post = site.city.in_review()
    officer = site.browser("first")
    path = f"/posts/{post}/approve"
    sent = officer.page(f"/posts/{post}/review").form_to(path)
    lose_session(site, officer)
    page = Page(officer.post(path, sent).text)
    kept = sign_in_on(officer, page, "first")
    assert officer.post(path, kept.form_to(path)).status_code == 302


@pytest.mark.parametrize("path", ["/submissions/1/draft", "/confirm", "/sign-out", "/appointments"])
def test_a_lost_post_never_leads_to_a_page_that_cannot_be_opened(site: Site, path: str) -> None:
    """Their addresses take a POST alone: going there after signing in would be an error page."""
    clerk = site.browser("clerk")
    site.city.hand_in()
    lose_session(site, clerk)
    page = Page(clerk.post(path).text)
    fields = dict(page.form("sign-in")) | {
        "identifier": "clerk@pmc.example",
        "password": PASSWORD,
    }
    answer = clerk.post("/sign-in", fields)
    clerk.forget_token()
    if answer.status_code == 302:
        assert clerk.get(answer.headers["Location"]).status_code == 200
    else:
        assert Page(answer.text).form_to(path) == []


def test_passwords_and_tokens_are_never_carried(site: Site) -> None:
    nobody = site.nobody()
    answer = nobody.post(
        "/submissions/new",
        {"title": "शीर्षक", "password": PASSWORD, "new_password": PASSWORD, "csrf_token": "secret"},
        token="secret",
    )
    page = Page(answer.text)
    carried = dict(page.form("sign-in"))
    assert carried["kept:title"] == "शीर्षक"
    assert PASSWORD not in page.html
    assert "secret" not in page.html
    assert not [name for name in carried if "password" in name and name != "password"]
    assert carried["password"] == ""


@pytest.mark.parametrize("site_header", ["cross-site", "same-site", "none"])
def test_what_another_site_sends_is_not_kept(site: Site, site_header: str) -> None:
    answer = site.nobody().post("/submissions/new", {"title": "परक्याचा मजकूर"}, site=site_header)
    assert answer.status_code == 401
    assert "परक्याचा मजकूर" not in answer.text


@pytest.mark.parametrize(
    ("origin", "is_kept"),
    [
        ("https://nagarvani.example", True),
        ("https://127.0.0.1", True),
        ("https://elsewhere.example", False),
        ("https://nagarvani.example.elsewhere.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_browser_that_says_no_more_than_its_origin_is_believed_that(
    site: Site, origin: str, *, is_kept: bool
) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = site.nobody().client.post(
        "/submissions/new", base_url="https://127.0.0.1", data={"title": "मजकूर"}, headers=headers
    )
    assert ("kept:title" in answer.text) is is_kept


def test_what_is_carried_leads_nowhere_else(site: Site) -> None:
    """The path of a kept form is one of ours, whatever the sign-in form says."""
    site.give_password("member")
    for path in ("https://elsewhere.example/", "//elsewhere.example", "/\t/elsewhere.example"):
        member = site.nobody()
        answer = member.sign_in("member", kept_path=path, **{"kept:title": "मजकूर"})
        assert "elsewhere" not in answer.text
        assert answer.headers.get("Location") == "/"


def test_what_is_kept_is_no_markup(site: Site) -> None:
    words = "\"><script>alert('x')</script>"
    page = site.nobody().post("/submissions/new", {"title": words}).text
    assert "<script>alert" not in page
    assert ("kept:title", words) in Page(page).form("sign-in")
