"""A form sent after its session has expired survives signing in again, without JavaScript.

The sign-in page carries the form's fields in hidden inputs named `kept:…`, and the page after it
offers the whole form to be sent once more.
"""

from __future__ import annotations

import pytest

from publisher.auth.sessions import IDLE_LIMIT
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import PASSWORD, Browser, Site
from tests.web.submissions.test_bad_submissions import TYPED

FILLED_FIELDS = [(name, value) for name, values in TYPED.items() for value in values]


def expire_session(site: Site) -> None:
    """Let the session of every browser expire; their cookies stay."""
    site.city.clock.move(IDLE_LIMIT)


def fill_submission(browser: Browser) -> list[tuple[str, str]]:
    """Open the form of a submission, and return it filled in, with its token."""
    token = browser.page("/submissions/new").named("form_token")[0].get("value")
    return [*FILLED_FIELDS, ("form_token", token)]


def send_sign_in_page(browser: Browser, page: Page, name: str, password: str = PASSWORD) -> Page:
    """Send this sign-in page with all that it carries, and return the page after it."""
    credentials = ("identifier", "password")
    fields = [(key, value) for key, value in page.form("sign-in") if key not in credentials]
    fields += [("identifier", f"{name}@pmc.example"), ("password", password)]
    response = browser.post("/sign-in", fields)
    browser.forget_token()
    return Page(response.text)


def test_a_form_sent_after_its_session_expired_can_be_sent_after_sign_in(any_site: Site) -> None:
    member = any_site.browser("member")
    form = fill_submission(member)
    expire_session(any_site)

    refusal = member.post("/submissions/new", form)
    sign_in_page = Page(refusal.text)
    assert refusal.status_code == 401
    expired = "आपल्या साइन इनची मुदत संपली. पुन्हा साइन इन केल्यावर आपण लिहिलेला मजकूर परत मिळेल."
    assert expired in sign_in_page

    recovered = send_sign_in_page(member, sign_in_page, "member")
    assert "आपण पुन्हा साइन इन केले आहे." in recovered
    assert TYPED["title"][0] in recovered
    recovered_form = recovered.form_to("/submissions/new")
    assert sorted(recovered_form) == sorted(form)

    response = member.post("/submissions/new", recovered_form)
    assert response.status_code == 302
    submission = member.page(response.headers["Location"])
    for name in ("title", "text_mr", "text_en", "text_hi", "outward_number"):
        assert " ".join(TYPED[name][0].split()) in submission


def test_files_to_be_chosen_again_are_named_on_the_sign_in_page_and_after(site: Site) -> None:
    member = site.browser("member")
    form = fill_submission(member)
    expire_session(site)
    files = [("files", ("टाकी.jpg", pictures.jpeg())), ("files", ("नळ.jpg", pictures.jpeg()))]
    page = Page(member.post("/submissions/new", form, files=files).text)
    sentence = "या फाइल पुन्हा निवडाव्यात: टाकी.jpg, नळ.jpg"
    assert sentence in page
    assert sentence in send_sign_in_page(member, page, "member", "wrong on purpose")
    assert sentence in send_sign_in_page(member, page, "member")


def test_a_wrong_password_does_not_lose_the_form(site: Site) -> None:
    member = site.browser("member")
    form = fill_submission(member)
    expire_session(site)
    page = Page(member.post("/submissions/new", form).text)
    sign_in_page = send_sign_in_page(member, page, "member", "not the password")
    assert ("kept:title", TYPED["title"][0]) in sign_in_page.form("sign-in")
    recovered = send_sign_in_page(member, sign_in_page, "member")
    assert sorted(recovered.form_to("/submissions/new")) == sorted(form)


def test_a_sign_in_page_with_an_invalid_token_does_not_lose_the_form(site: Site) -> None:
    # With two tabs: signing in in one of them makes the token of the other invalid.
    member = site.browser("member")
    form = fill_submission(member)
    expire_session(site)
    second_tab = Page(member.post("/submissions/new", form).text)
    old_token = member.token
    member.sign_in("member")
    fields = [*second_tab.form("sign-in"), ("new_password", PASSWORD)]
    response = member.post("/sign-in", fields, token=old_token)
    recovered = Page(response.text)
    assert response.status_code == 400
    assert sorted(recovered.form_to("/submissions/new")) == sorted(form)
    assert PASSWORD not in recovered.html


def test_a_form_with_an_invalid_token_is_sent_again_with_one_button(site: Site) -> None:
    # After a new sign-in in another tab, this form's token is that of the former cookie.
    member = site.browser("member")
    form = fill_submission(member)
    response = member.post("/submissions/new", form, token="of another session")
    page = Page(response.text)
    assert response.status_code == 400
    assert "हे पान फार वेळ उघडे राहिले." in page
    assert "आपण लिहिलेला मजकूर जपून ठेवला आहे" in page
    assert member.post("/submissions/new", page.form_to("/submissions/new")).status_code == 302


def test_the_draft_of_a_post_is_recovered_as_well(site: Site) -> None:
    city = site.city
    post = city.draft(city.hand_in())
    clerk, field = site.browser("clerk"), f"text_{city.accounts['x']}_mr"
    form = [
        (name, "अर्धवट लिहिलेला मजकूर" if name == field else value)
        for name, value in clerk.page(f"/posts/{post}/draft").form("draft")
    ]
    expire_session(site)
    page = Page(clerk.post(f"/posts/{post}/draft", [*form, ("then", "save")]).text)
    recovered = send_sign_in_page(clerk, page, "clerk")
    saved = clerk.post(f"/posts/{post}/draft", recovered.form_to(f"/posts/{post}/draft"))
    assert saved.status_code == 302
    assert clerk.page(f"/posts/{post}/draft").named(field)[0].raw == "अर्धवट लिहिलेला मजकूर"


def test_an_approval_of_an_expired_session_is_confirmed_after_sign_in(
    site: Site,
) -> None:
    post = site.city.in_review()
    officer = site.browser("first")
    path = f"/posts/{post}/approve"
    form = officer.page(f"/posts/{post}/review").form_to(path)
    expire_session(site)
    page = Page(officer.post(path, form).text)
    recovered = send_sign_in_page(officer, page, "first")
    assert officer.post(path, recovered.form_to(path)).status_code == 302


@pytest.mark.parametrize("path", ["/submissions/1/draft", "/confirm", "/sign-out", "/appointments"])
def test_after_sign_in_no_redirect_leads_to_a_page_that_takes_only_post(
    site: Site, path: str
) -> None:
    clerk = site.browser("clerk")
    site.city.hand_in()
    expire_session(site)
    page = Page(clerk.post(path).text)
    fields = dict(page.form("sign-in")) | {
        "identifier": "clerk@pmc.example",
        "password": PASSWORD,
    }
    response = clerk.post("/sign-in", fields)
    clerk.forget_token()
    if response.status_code == 302:
        assert clerk.get(response.headers["Location"]).status_code == 200
    else:
        assert Page(response.text).form_to(path) == []


def test_passwords_and_tokens_are_not_carried_by_the_sign_in_page(site: Site) -> None:
    nobody = site.nobody()
    response = nobody.post(
        "/submissions/new",
        {"title": "शीर्षक", "password": PASSWORD, "new_password": PASSWORD, "csrf_token": "secret"},
        token="secret",
    )
    page = Page(response.text)
    fields = dict(page.form("sign-in"))
    assert fields["kept:title"] == "शीर्षक"
    assert PASSWORD not in page.html
    assert "secret" not in page.html
    assert not [name for name in fields if "password" in name and name != "password"]
    assert fields["password"] == ""


@pytest.mark.parametrize("site_header", ["cross-site", "same-site", "none"])
def test_a_form_sent_from_another_site_is_not_carried(site: Site, site_header: str) -> None:
    response = site.nobody().post("/submissions/new", {"title": "परक्याचा मजकूर"}, site=site_header)
    assert response.status_code == 401
    assert "परक्याचा मजकूर" not in response.text


@pytest.mark.parametrize(
    ("origin", "is_carried"),
    [
        ("https://nagarvani.example", True),
        ("https://127.0.0.1", True),
        ("https://elsewhere.example", False),
        ("https://nagarvani.example.elsewhere.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_without_sec_fetch_site_the_origin_header_decides_what_is_carried(
    site: Site, origin: str, *, is_carried: bool
) -> None:
    headers = {"Origin": origin} if origin else {}
    response = site.nobody().client.post(
        "/submissions/new", base_url="https://127.0.0.1", data={"title": "मजकूर"}, headers=headers
    )
    assert ("kept:title" in response.text) is is_carried


def test_a_carried_path_on_another_site_is_ignored(site: Site) -> None:
    site.give_password("member")
    for path in ("https://elsewhere.example/", "//elsewhere.example", "/\t/elsewhere.example"):
        member = site.nobody()
        response = member.sign_in("member", kept_path=path, **{"kept:title": "मजकूर"})
        assert "elsewhere" not in response.text
        assert response.headers.get("Location") == "/"


def test_carried_values_are_escaped(site: Site) -> None:
    markup = "\"><script>alert('x')</script>"
    page = site.nobody().post("/submissions/new", {"title": markup}).text
    assert "<script>alert" not in page
    assert ("kept:title", markup) in Page(page).form("sign-in")
