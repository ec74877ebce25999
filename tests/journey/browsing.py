"""A small browser without a screen: it keeps cookies, reads pages and sends their forms."""

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
    """A form as the page holds it: where it goes, and what it sends unchanged."""

    id: str
    action: str
    fields: Fields = field(default_factory=list)


class _Reader(HTMLParser):
    """Finds the forms of a page, with fields that stand outside and name their form."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside: Form | None = None
        self._select = ""
        self._textarea: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(had.get("id", ""), had.get("action", ""))
            self.forms.append(self._inside)
        elif tag == "input":
            self._input(had)
        elif tag == "textarea":
            self._textarea = (had.get("name", ""), [])
        elif tag == "select":
            self._select = had.get("name", "")
        elif tag == "option" and "selected" in had:
            self._add(self._select, had.get("value", ""))

    def _input(self, had: dict[str, str]) -> None:
        kind = had.get("type", "text")
        chosen = kind not in {"radio", "checkbox"} or "checked" in had
        if kind not in _UNSENT and chosen:
            self._add(had.get("name", ""), had.get("value", ""))

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
class Seen:
    """A page as it came."""

    path: str
    code: int
    html: str

    @property
    def text(self) -> str:
        """Its words, each run of blanks as one."""
        bare = re.sub(r"(?s)<(script|style|template).*?</\1>|<[^>]+>", " ", self.html)
        return re.sub(r"\s+", " ", unescape(bare))

    @property
    def head(self) -> str:
        """Its one h1."""
        match = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return unescape(match.group(1)) if match else ""

    def form(self, where: str) -> Form:
        """The form with this id (`#draft`), or whose action ends so (`/approve`)."""
        reader = _Reader()
        reader.feed(self.html)
        for form in reader.forms:
            if form.id == where.removeprefix("#") or form.action.endswith(where):
                return form
        raise AssertionError(f"no form {where} on {self.path}: {self.text[:600]}")

    def links(self, pattern: str) -> list[str]:
        """Where links lead that match, each once, in the order of the page."""
        addresses = re.findall(r'href="([^"]+)"', self.html)
        return list(
            dict.fromkeys(unescape(address) for address in addresses if re.search(pattern, address))
        )


class _Keeping(HTTPAdapter):
    """Keeps cookies as browsers do, for whom loopback is a safe place for those that ask for one.

    Session's own jar is made anew for each request, without a policy of ours.
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
        """Send with the cookies that belong here, and keep what comes."""
        request.headers.pop("Cookie", None)
        asking = urllib.request.Request(str(request.url))
        self.jar.add_cookie_header(asking)
        if header := asking.get_header("Cookie"):
            request.headers["Cookie"] = header
        response = super().send(request, stream, timeout, verify, cert, proxies)
        original = response.raw._original_response
        assert isinstance(original, HTTPResponse)
        self.jar.extract_cookies(original, asking)
        return response


class Visitor:
    """Somebody with a browser of their own at the counter."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.browser = requests.Session()
        self.browser.mount(base, _Keeping())

    def get(self, path: str, code: int = 200) -> Seen:
        """Open a page."""
        return self._read(self.browser.get(self.base + path, timeout=30), code)

    def send(
        self,
        page: Seen,
        where: str,
        values: Values | None = None,
        *,
        files: Files | None = None,
        code: int = 200,
    ) -> Seen:
        """Send a form of a page with these values changed; what comes, after redirects."""
        form = page.form(where)
        changed = {
            name: [value] if isinstance(value, str) else value
            for name, value in (values or {}).items()
        }
        fields = [(name, value) for name, value in form.fields if name not in changed]
        fields += [(name, text) for name, texts in changed.items() for text in texts]
        address = self.base + (form.action or page.path)
        headers = {"Referer": self.base + page.path, "Sec-Fetch-Site": "same-origin"}
        response = self.browser.post(address, data=fields, files=files, headers=headers, timeout=60)
        return self._read(response, code)

    def _read(self, response: requests.Response, code: int) -> Seen:
        path = response.url.removeprefix(self.base)
        page_seen = Seen(path, response.status_code, response.text)
        if page_seen.code != code:
            raise AssertionError(
                f"{page_seen.code}, not {code}, from {path}: {page_seen.text[:1500]}"
            )
        return page_seen
