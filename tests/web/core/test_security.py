"""Security headers, and attacks by cookies, hosts, uploads and ids."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.intake.uploads import UploadedFile
from publisher.models.notifications import Notice
from publisher.models.submissions import SubmissionFile
from tests.support.tables import each
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.secure_pages import check_headers, check_markup
from tests.web.site import BASE_URL, PASSWORD, Browser, Site, make_app

pytestmark = pytest.mark.twin

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def test_pages_of_errors_carry_the_headers_too(site: Site) -> None:
    member = site.browser("member")
    answers = [
        member.get("/nowhere"),
        member.get("/people"),
        member.post("/submissions/new", {"title": "<b onclick=x>"}),
        member.post("/submissions/new", token=""),
        site.nobody().get("/submissions"),
        member.client.put("/submissions", base_url=BASE_URL),
    ]
    assert [response.status_code for response in answers] == [404, 403, 422, 400, 401, 405]
    for response in answers:
        check_headers(response)
        check_markup(response.text)


def test_without_tls_nothing_promises_it(site: Site, tmp_path: Path) -> None:
    plain = make_app(site.city, tmp_path, base_url="http://127.0.0.1:8000")
    response = plain.test_client().get("/sign-in", base_url=BASE_URL)
    assert "Strict-Transport-Security" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_cookie_is_bound_to_the_host_and_out_of_reach(site: Site) -> None:
    site.give_password("member")
    cookies: SimpleCookie = SimpleCookie()
    for line in site.nobody().sign_in("member").headers.getlist("Set-Cookie"):
        cookies.load(line)
    assert set(cookies) == {"__Host-nagarvani", "__Host-nagarvani-device"}
    cookie = cookies["__Host-nagarvani"]
    assert cookie["secure"] is True
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""


def test_a_cookie_that_somebody_made_up_is_nobodys(site: Site) -> None:
    for value in ("eyJzaWduX2luIjoieCJ9.abc.def", "'; DROP TABLE people; --", "x" * 3_000):
        nobody = site.nobody()
        nobody.client.set_cookie("__Host-nagarvani", value, secure=True, domain="127.0.0.1")
        assert nobody.get("/").status_code == 401


HOSTS = ("elsewhere.example", "nagarvani.example:8443", "[::1]")


def as_another_host(browser: Browser, host: str, path: str, **form: str) -> TestResponse:
    """Send the session's request under another host; with a form, a POST."""
    with browser.client.session_transaction(base_url=BASE_URL):
        pass
    cookie = browser.client.get_cookie("__Host-nagarvani", domain="127.0.0.1")
    assert cookie is not None
    headers = {
        "Host": host,
        "X-Forwarded-Host": host,
        "Forwarded": f"host={host}",
        "Cookie": f"{cookie.key}={cookie.value}",
        "Sec-Fetch-Site": "same-origin",
    }
    stranger = browser.app.test_client(use_cookies=False)
    method = "POST" if form else "GET"
    return stranger.open(path, method=method, base_url=BASE_URL, headers=headers, data=form or None)


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_header_changes_no_link_and_no_address(site: Site, host: str) -> None:
    lead = site.browser("lead")
    for path in ("/", "/sign-in", "/people", "/calendar"):
        response = as_another_host(lead, host, path)
        assert response.status_code == 200
        assert host not in response.text
    for path in ("/submissions/", "/static//icon.svg", "/posts//1"):
        response = as_another_host(lead, host, path)
        assert host not in response.text + response.headers.get("Location", "")


@pytest.mark.parametrize("host", HOSTS)
def test_an_invitation_holds_our_own_address_alone(site: Site, host: str) -> None:
    lead, person = site.browser("lead"), site.city.people["road_member"]
    response = as_another_host(lead, host, f"/people/{person}/invite", csrf_token=lead.token)
    assert response.status_code == 302
    assert host not in response.headers["Location"]
    with site.city.read() as session:
        mail = session.scalars(select(Notice)).one()
        assert host not in f"{mail.subject} {mail.body}"


ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example/",
    "/\\elsewhere.example",
    "/\t/elsewhere.example",
    "/\r\n/elsewhere.example",
    "\\\\elsewhere.example",
    "/\x0b/elsewhere.example",
    "javascript:alert(1)",
    " //elsewhere.example",
    "elsewhere.example",
]


@each("path", ELSEWHERE)
def test_signing_in_never_leads_elsewhere(site: Site, path: str) -> None:
    site.give_password("member")
    response = site.nobody().sign_in("member", next=path)
    assert response.status_code == 302
    assert response.headers["Location"] == "/"


@each("path", ELSEWHERE)
def test_choosing_a_language_never_leads_elsewhere(site: Site, path: str) -> None:
    response = site.nobody().post("/language", {"lang": "en", "next": path})
    assert response.status_code == 302
    assert response.headers["Location"] == "/"


@each("path", ELSEWHERE)
def test_the_sign_in_page_does_not_take_an_address_of_elsewhere_along(
    site: Site, path: str
) -> None:
    response = site.nobody().client.get("/sign-in", base_url=BASE_URL, query_string={"next": path})
    assert Page(response.text).named("next")[-1].get("value") in ("/", "")
    assert "elsewhere.example" not in dict(Page(response.text).form("sign-in")).values()


def test_signing_in_leads_where_the_person_was(site: Site) -> None:
    site.give_password("member")
    nobody = site.nobody()
    page = Page(nobody.get("/submissions?state=live").text)
    path = next(
        field for field in page.named("next") if field.within("form") is page.by_id("sign-in")
    )
    response = nobody.sign_in("member", next=path.get("value"))
    assert response.headers["Location"] == "/submissions?state=live"


@pytest.fixture
def files(site: Site) -> dict[str, str]:
    """Hand in a photo and a PDF, and return their paths."""
    handed = (
        UploadedFile('टाकी "१".jpg', pictures.jpeg()),
        UploadedFile("आदेश\r\nX: 1.pdf", PDF),
    )
    submission = site.city.hand_in(files=handed)
    with site.city.read() as session:
        query = select(SubmissionFile).where(SubmissionFile.submission_id == submission)
        return {
            file.mime: f"/submissions/{submission}/files/{file.id}"
            for file in session.scalars(query)
        }


@pytest.mark.parametrize("mime", ["image/jpeg", "application/pdf"])
def test_an_upload_is_served_to_be_saved_and_can_run_nothing(
    site: Site, files: dict[str, str], mime: str
) -> None:
    response = site.browser("member").get(files[mime])
    assert response.mimetype == mime
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"].startswith("private")
    assert "X" not in response.headers


def test_an_upload_is_served_only_to_who_may_see_it(site: Site, files: dict[str, str]) -> None:
    path = files["image/jpeg"]
    codes = {
        name: site.browser(name).get(path).status_code
        for name in ("member", "first", "head", "clerk", "auditor", "road_member", "admin")
    }
    codes["nobody"] = site.nobody().get(path).status_code
    statuses = dict.fromkeys(("member", "first", "head", "clerk", "auditor"), 200)
    assert codes == {**statuses, "road_member": 404, "admin": 403, "nobody": 401}


def test_a_picture_served_small_has_lost_where_it_was_taken(site: Site) -> None:
    submission = site.city.hand_in(files=(UploadedFile("घर.jpg", pictures.with_place()),))
    page = site.browser("member").page(f"/submissions/{submission}")
    small = next(image.get("src") for image in page.all if image.tag == "img")
    response = site.browser("member").get(small)
    assert response.mimetype == "image/webp"
    assert b"Exif" not in response.data
    assert b"EXIF" not in response.data


HUGE = 10**30
NO_IDS = [
    f"/submissions/{HUGE}",
    f"/posts/{HUGE}",
    f"/posts/{HUGE}/review",
    f"/comments/{HUGE}",
    f"/deliveries/{HUGE}",
    f"/submissions/1/files/{2**63}",
    f"/submissions/{2**63 - 1}",
    "/submissions/-1",
    "/submissions/०",
    "/posts/1/pictures/..%2f..%2fetc%2fpasswd",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
]
ADDRESSES = [
    f"/submissions?department={HUGE}",
    f"/submissions?before=2026-11-25T10:00:00%2B05:30_{HUGE}",
    "/submissions?before=0001-01-01T00:00:00%2B05:30_1",
    "/submissions?before=_&state=x&q=%00",
    "/submissions?q=%25_%27%22\\",
    f"/comments?view=x&before=9999-12-31T23:59:59-05:30_{HUGE}",
    f"/posts/1/review?revision={HUGE}",
    "/calendar?from=99999-99-99",
    "/calendar?from=2000-01-01",
    "/calendar?from=2099-12-31",
    "/departments?q=%00%25",
    "/people?q=%00%25",
]
FORMS: list[tuple[str, dict[str, str]]] = [
    ("/posts/1/approve", {"seen": str(HUGE)}),
    ("/posts/1/approve", {"seen": "abc"}),
    ("/posts/1/return", {"seen": "²", "reason": "x"}),
    ("/posts/1/draft", {"seen": "abc"}),
    ("/posts/1/draft", {"seen": str(HUGE)}),
    ("/posts/1/send-for-review", {"seen": str(HUGE)}),
    ("/submissions/new", {"department": str(HUGE), "kind": "x"}),
    ("/submissions/new", {"department": "abc", "form_token": "\x00"}),
    ("/submissions/new", {"form_token": "x" * 100}),
    ("/people/new", {"role": "officer", "department_id": str(HUGE), "name_mr": "अ"}),
    ("/people/new", {"role": "king", "department_id": "abc"}),
    ("/appointments", {"appointment": str(HUGE)}),
    ("/language", {"lang": "xx"}),
    ("/sign-in", {"identifier": "\x00", "password": "\x00"}),
    ("/sign-in", {"identifier": "9" * 5_000, "password": "p" * 5_000}),
]


def test_an_id_that_no_database_holds_is_not_found(any_site: Site) -> None:
    clerk = any_site.browser("clerk")
    codes = {path: clerk.get(path).status_code for path in NO_IDS}
    assert codes == dict.fromkeys(NO_IDS, 404)


def test_whatever_stands_in_an_address_a_page_comes(any_site: Site) -> None:
    any_site.city.in_review()
    lead = any_site.browser("lead")
    codes = {path: lead.get(path).status_code for path in ADDRESSES}
    assert codes == dict.fromkeys(ADDRESSES, 200)


def test_whatever_a_form_holds_it_is_answered_and_nothing_breaks(any_site: Site) -> None:
    any_site.city.in_review()
    lead, officer = any_site.browser("lead"), any_site.browser("first")
    broken = []
    for path, fields in FORMS:
        browser = officer if path.endswith(("approve", "return")) else lead
        code = browser.post(path, fields).status_code
        if code not in {302, 401, 404, 409, 422}:
            broken.append(f"{path} {fields}: {code}")
    assert not broken


def test_a_password_is_never_shown_again(site: Site) -> None:
    site.give_password("member")
    response = site.nobody().post("/sign-in", {"identifier": "", "password": PASSWORD})
    assert response.status_code == 422
    assert PASSWORD not in response.text


def test_searching_for_wildcards_finds_no_more_than_they_say(site: Site) -> None:
    """A percent sign in a search means only itself."""
    lead = Browser(site.app, site.browser("lead").client)
    assert "किरण वाबळे" not in lead.page("/people?q=%25")


HOSTILE = "<script>alert('१')</script>\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def test_what_people_wrote_is_text_wherever_it_is_shown(site: Site) -> None:
    """This covers titles, texts, file names, reasons and comments on every page that shows them."""
    city = site.city
    photo = UploadedFile(f"{HOSTILE[:20]}.jpg", pictures.jpeg(), alt_mr=HOSTILE)
    submission = city.hand_in(HOSTILE, text_mr=HOSTILE, text_en=HOSTILE, files=(photo,))
    post = city.draft(submission)
    city.save(post, text=HOSTILE[:60])
    city.send(post)
    city.return_post(post, HOSTILE)
    comment = city.comment(HOSTILE, under=city.live()[0], author=HOSTILE)
    lead = site.browser("lead")
    paths = ["/", "/submissions", "/calendar", "/comments", f"/comments/{comment}"]
    paths += [f"/submissions/{submission}", f"/posts/{post}", f"/posts/{post}/draft"]
    text = ""
    for path in [*paths, f"/posts/{post}/review", f"/posts/{post}/return"]:
        browser = site.browser("first") if path.endswith("return") else lead
        html = browser.get(path).text
        check_markup(html)
        text += Page(html).text
    assert text.count("<script>alert") > 5
    assert "49" not in text
