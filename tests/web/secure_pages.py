"""Checks that a page carries the security headers and runs nothing inline or from elsewhere."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.web.html_page import Page

POLICY = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}


def directives(response: TestResponse) -> dict[str, str]:
    """Return the content security policy by directive."""
    parts = response.headers["Content-Security-Policy"].split(";")
    return {part.split()[0]: " ".join(part.split()[1:]) for part in parts if part.strip()}


def check_headers(response: TestResponse) -> None:
    """Check the headers that every response has."""
    policy = directives(response)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert {name: policy.get(name) for name in POLICY} == POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def check_markup(html: str) -> None:
    """Check that nothing is inline or from another site."""
    for element in Page(html).all:
        names = set(element.attributes)
        assert not {name for name in names if name.startswith("on")}, element
        assert "style" not in names, element
        assert element.tag != "style", element
        if element.tag == "script":
            assert element.get("src").startswith("/"), element
            assert not element.text, element
        if element.tag in ("link", "img", "iframe", "source", "object"):
            address = element.get("src") or element.get("href")
            assert address.startswith(("/", "data:")), element
        if element.tag == "form":
            assert element.get("action").startswith(("/", "")), element
            assert not element.get("action").startswith(("//", "http")), element


def check_secure_page(response: TestResponse) -> None:
    """Check the headers and the markup of a page, and that no cache keeps it."""
    check_headers(response)
    check_markup(response.text)
    assert response.headers["Cache-Control"] == "no-store"
