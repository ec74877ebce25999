"""A small browser without JavaScript: it keeps cookies, reads pages and sends their forms."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter

Fields = list[tuple[str, str]]
Values = Mapping[str, str | list[str]]
Files = Mapping[str, tuple[str, bytes]] | Sequence[tuple[str, tuple[str, bytes]]]
_UNSENT = {"submit", "button", "file", "image", "reset"}


@dataclass
class Form:
    """A form of a page: its action, and the fields that it sends unchanged."""

    id: str
    action: str
    fields: Fields = field(default_factory=list)


class _FormParser(HTMLParser):
    """Parses the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside: Form | None = None
        self._select = ""
        self._textarea: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(attributes.get("id", ""), attributes.get("action", ""))
            self.forms.append(self._inside)
        elif tag == "button" and self._inside is not None and "formaction" in attributes:
            # A button may send the same fields elsewhere.
            self.forms.append(Form("", attributes["formaction"], self._inside.fields))
        elif tag == "input":
            self._input(attributes)
        elif tag == "textarea":
            self._textarea = (attributes.get("name", ""), [])
        elif tag == "select":
            self._select = attributes.get("name", "")
        elif tag == "option" and "selected" in attributes:
            self._add(self._select, attributes.get("value", ""))

    def _input(self, attributes: dict[str, str]) -> None:
        kind = attributes.get("type", "text")
        chosen = kind not in {"radio", "checkbox"} or "checked" in attributes
        if kind not in _UNSENT and chosen:
            self._add(attributes.get("name", ""), attributes.get("value", ""))

    def _add(self, name: str, value: str) -> None:
        if name and self._inside is not None:
            self._inside.fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._textarea[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "textarea" and self._textarea is not None:
            name, pieces = self._textarea
            self._textarea = None
            self._add(name, "".join(pieces).removeprefix("\n"))


@dataclass(frozen=True)
class LoadedPage:
    """A page that was loaded."""

    path: str
    code: int
    html: str

    @property
    def text(self) -> str:
        """The text of the page, with each run of blanks as a single blank."""
        bare = re.sub(r"(?s)<(script|style|template).*?</\1>|<[^>]+>", " ", self.html)
        return re.sub(r"\s+", " ", unescape(bare))

    @property
    def heading(self) -> str:
        """The text of the page's h1."""
        match = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return unescape(match.group(1)) if match else ""

    def form(self, form_name: str) -> Form:
        """Return the form with this id (`#draft`), or with this end of its action (`/approve`)."""
        reader = _FormParser()
        reader.feed(self.html)
        for form in reader.forms:
            if form.id == form_name.removeprefix("#") or form.action.endswith(form_name):
                return form
        raise AssertionError(f"no form {form_name} on {self.path}: {self.text[:600]}")

    def links(self, pattern: str) -> list[str]:
        """Return the addresses of links that match, without duplicates, in order."""
        addresses = re.findall(r'href="([^"]+)"', self.html)
        return list(
            dict.fromkeys(unescape(address) for address in addresses if re.search(pattern, address))
        )


class _CookieAdapter(HTTPAdapter):
    """Keeps cookies like a browser, which accepts secure cookies on loopback.

    The session's own jar is created for each request, so that a policy cannot be set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "wss", "http")))

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request with the cookies of its address, and keep the response's cookies."""
        request.headers.pop("Cookie", None)
        cookie_request = urllib.request.Request(str(request.url))
        self.jar.add_cookie_header(cookie_request)
        if header := cookie_request.get_header("Cookie"):
            request.headers["Cookie"] = header
        response = super().send(request, stream, timeout, verify, cert, proxies)
        original = response.raw._original_response
        assert isinstance(original, HTTPResponse)
        self.jar.extract_cookies(original, cookie_request)
        return response


class Visitor:
    """A person with a browser of their own; `others` are further addresses of the same pages."""

    def __init__(self, base: str, *others: str) -> None:
        self.base = base
        self.browser = requests.Session()
        cookies = _CookieAdapter()
        for address in (base, *others):
            self.browser.mount(address, cookies)

    def get(self, path: str, code: int = 200) -> LoadedPage:
        """Open a page, and fail if its status code is another."""
        return self._read(self.request("GET", path), code)

    def send(
        self,
        page: LoadedPage,
        form_name: str,
        values: Values | None = None,
        *,
        files: Files | None = None,
        code: int = 200,
    ) -> LoadedPage:
        """Send a form of a page with these values changed; return the page after redirects."""
        form = page.form(form_name)
        changed = {
            name: [value] if isinstance(value, str) else value
            for name, value in (values or {}).items()
        }
        fields = [(name, value) for name, value in form.fields if name not in changed]
        fields += [(name, text) for name, texts in changed.items() for text in texts]
        response = self.request(
            "POST", form.action or page.path, sent_from=page.path, fields=fields, files=files
        )
        return self._read(response, code)

    def request(
        self,
        method: str,
        path: str,
        *,
        sent_from: str | None = None,
        fields: Fields | None = None,
        files: Files | None = None,
        follows: bool = True,
    ) -> requests.Response:
        """Send a request; `sent_from` is the page whose form it is, `follows` follows redirects."""
        headers = {}
        if sent_from is not None:
            headers = {"Referer": self.base + sent_from, "Sec-Fetch-Site": "same-origin"}
        return self.browser.request(
            method,
            self.base + path,
            data=fields,
            files=files,
            headers=headers,
            timeout=60,
            allow_redirects=follows,
        )

    def _read(self, response: requests.Response, code: int) -> LoadedPage:
        path = response.url.removeprefix(self.base)
        page = LoadedPage(path, response.status_code, response.text)
        if page.code != code:
            raise AssertionError(f"{page.code}, not {code}, from {path}: {page.text[:1500]}")
        return page
