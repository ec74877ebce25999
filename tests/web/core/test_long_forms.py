"""A form that is too long is refused before it is read, or as soon as its texts are too many."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from tests.web.core.test_form_recovery import send_sign_in_page
from tests.web.core.test_server_errors import MEGABYTE, GeneratedBody
from tests.web.html_page import Page
from tests.web.site import BASE_URL, Browser, Site
from web.core.request import MOST_FIELDS, MOST_TEXT, MOST_TEXT_SIGNED_OUT, MOST_WITHOUT_FILES

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=edge"
TOO_LONG = "मजकूर किंवा सर्व फाइल मिळून मर्यादेपेक्षा मोठ्या आहेत. काहीही साठविलेले नाही."
ADVICE = "मागील पानावर जाऊन लिहिलेला मजकूर कॉपी करून घ्यावा"
SENTENCE = "पाणी बंद राहील. "
LETTER = b"%E0%A4%AA"


def post(
    browser: Browser,
    body: bytes | GeneratedBody,
    content_type: str = URLENCODED,
    *,
    length: int | None = None,
    path: str = "/submissions/new",
) -> TestResponse:
    """Send a body; without a length it arrives in chunks."""
    stream = BytesIO(body) if isinstance(body, bytes) else body
    return browser.client.post(
        path,
        base_url=BASE_URL,
        headers={"Sec-Fetch-Site": "same-origin"},
        environ_overrides={
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
            "CONTENT_TYPE": content_type,
            "HTTP_X_CSRFTOKEN": browser.token,
            **({} if length is None else {"CONTENT_LENGTH": str(length)}),
        },
    )


def text_part(name: str, text: str, *, file: str = "") -> bytes:
    """Return a part of a multipart form."""
    file_name = f'; filename="{file}"' if file else ""
    header = f'Content-Disposition: form-data; name="{name}"{file_name}'
    return f"--edge\r\n{header}\r\n\r\n{text}\r\n".encode()


def multipart(*parts: bytes) -> bytes:
    """Return a multipart form."""
    return b"".join(parts) + b"--edge--\r\n"


def visitor(site: Site, who: str) -> Browser:
    """Return a browser of a person, or of a stranger."""
    return site.browser(who) if who else site.nobody()


@pytest.mark.parametrize("who", ["", "member"])
@pytest.mark.parametrize("path", ["/submissions/new", "/forgotten", "/sign-in"])
def test_two_megabytes_without_files_are_refused_before_a_byte_is_read(
    site: Site, who: str, path: str
) -> None:
    size = MOST_WITHOUT_FILES + 1
    body = GeneratedBody(b"text_mr=", size)
    response = post(visitor(site, who), body, length=size, path=path)
    page = Page(response.text)
    assert (response.status_code, body.given) == (413, 0)
    assert TOO_LONG in page
    assert ADVICE in page
    assert len(response.data) < 50_000


@pytest.mark.parametrize("who", ["", "member"])
def test_a_text_in_chunks_is_refused_and_not_cut_at_two_megabytes(site: Site, who: str) -> None:
    body = GeneratedBody(b"text_mr=", 40 * MEGABYTE)
    response = post(visitor(site, who), body)
    assert response.status_code == 413
    assert TOO_LONG in Page(response.text)
    assert body.given <= MOST_WITHOUT_FILES + 64 * 1024


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "image/png", ""])
def test_a_body_that_is_no_form_is_not_read(site: Site, content_type: str) -> None:
    body = GeneratedBody(b'{"title": "', 40 * MEGABYTE)
    response = post(site.browser("member"), body, content_type)
    assert (response.status_code, body.given) == (422, 0)


@pytest.mark.parametrize("who", ["", "member"])
def test_more_than_two_thousand_fields_are_refused_before_they_are_parsed(
    site: Site, who: str
) -> None:
    fields = b"&".join(b"f%d=1" % number for number in range(MOST_FIELDS + 1))
    fewer = fields.rpartition(b"&")[0]
    parts = [text_part(f"f{number}", "1") for number in range(MOST_FIELDS + 1)]
    browser = visitor(site, who)
    assert post(browser, fields).status_code == 413
    assert post(browser, fewer).status_code == (422 if who else 401)
    assert post(browser, multipart(*parts), MULTIPART).status_code == 413
    assert post(browser, multipart(*parts[1:]), MULTIPART).status_code == (422 if who else 401)


@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
def test_a_strangers_form_may_have_200_kilobytes(site: Site, kind: str) -> None:
    for size, status in ((170_000, 401), (MOST_TEXT_SIGNED_OUT, 413)):
        fields = {"title": "पाण्याची टाकी", "text_mr": "प" * (size // 3)}
        parts = [text_part(name, text) for name, text in fields.items()]
        body = urlencode(fields).encode() if kind == URLENCODED else multipart(*parts)
        response = post(site.nobody(), body, kind)
        assert response.status_code == status
        assert (TOO_LONG in Page(response.text)) == (status == 413)


def test_the_longest_form_that_is_kept_passes_through_signing_in(site: Site) -> None:
    site.give_password("member")
    names = [f"f{number}" for number in range(MOST_FIELDS - 20)]
    form = [("text_mr", SENTENCE * 2_500), *((name, "प" * 6) for name in names)]
    length = sum(len(f"{name}{text}".encode()) for name, text in form)
    form.append(("text_hi", "अ" * ((183_800 - length) // 3)))
    stranger = site.nobody()
    refusal = stranger.post("/submissions/new", form)
    assert refusal.status_code == 401
    page = Page(refusal.text)
    wrong = send_sign_in_page(stranger, page, "member", "not the password")
    recovered = send_sign_in_page(stranger, wrong, "member")
    assert sorted(recovered.form_to("/submissions/new")) == sorted(form)


@pytest.mark.parametrize(
    "parts",
    [
        [text_part("text_mr", "प" * 500_000), text_part("text_hi", "प" * 300_000)],
        [text_part("text_mr", "प" * 800_000)],
        [text_part("प" * 20_000, "") for _number in range(40)],
        [text_part("files", "a", file="प" * 20_000) for _number in range(40)],
        [text_part("प" * 800_000, "")],
        [b"a" * (MOST_TEXT + MEGABYTE)],
    ],
    ids=["texts", "a text", "names", "file names", "a name", "no boundary"],
)
def test_texts_and_names_together_take_two_megabytes(site: Site, parts: list[bytes]) -> None:
    response = post(site.browser("member"), multipart(*parts), MULTIPART)
    assert response.status_code == 413
    assert TOO_LONG in Page(response.text)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "The text, or the files together, are too large for this page. Nothing was saved.",
        ),
        ("hi", "पाठ या सभी फ़ाइलें मिलकर सीमा से बड़ी हैं। कुछ भी संग्रहित नहीं हुआ।"),
    ],
)
def test_the_refusal_is_in_the_language_of_the_person(
    site: Site, language: str, sentence: str
) -> None:
    member = site.browser("member")
    member.post("/language", {"lang": language})
    member.forget_token()
    size = MOST_WITHOUT_FILES + 1
    response = post(member, GeneratedBody(b"text_mr=", size), length=size)
    assert sentence in Page(response.text)
