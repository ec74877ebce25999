"""Debian's nginx with the site of `deploy/` in front: TLS, large and slow bodies, replaced webs."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import select

from publisher.database.session import Database
from publisher.media.files import LIMITS, FileKind
from publisher.models.people import SignIn
from publisher.models.submissions import Submission, SubmissionFile
from tests.journey.http_browser import LoadedPage, Visitor
from tests.journey.installation import SECRET, wait_for
from tests.journey.slow_client import BOUNDARY, form, post_head
from tests.support import nginx
from tests.support.certificates import self_signed_certificate
from tests.support.city import city
from tests.support.nginx import Nginx
from tests.support.passwords import PASSWORD, give_password
from tests.support.processes import RunningCommand, Starter
from tests.web import pictures

pytestmark = [
    pytest.mark.journey,
    pytest.mark.proof,
    pytest.mark.timeout(300),
    pytest.mark.skipif(nginx.PROGRAM is None, reason=nginx.MISSING),
]

MEGABYTE = 1024 * 1024
VIDEO = LIMITS[FileKind.VIDEO]
NEW = "/submissions/new"
SLOW = 40
"""Clients that never finish: ten for each thread of the web."""

LANGUAGES = ('<p lang="mr">', '<p lang="en">', '<p lang="hi">')


@dataclass
class Site:
    """nginx, and the webs behind it by their number."""

    front: Nginx
    start: Starter
    environment: dict[str, str]
    database: Database
    webs: dict[int, RunningCommand] = field(default_factory=dict)

    def start_web(self, *numbers: int) -> None:
        """Start a web at these sockets, and wait until it has answered at each."""
        paths = [self.front.web_socket(number) for number in numbers]
        addresses = [part for path in paths for part in ("--bind", f"unix:{path}")]
        self.webs[numbers[0]] = self.start.nagarvani(
            *("web", *addresses, "--workers", "1"), environment=self.environment
        )
        for path in paths:
            wait_for(partial(_serves, path), what=f"the web at {path}")

    def member(self, address: str = "127.0.0.1") -> Visitor:
        """Return the browser of a member at this address of loopback, signed in."""
        visitor = self.visitor()
        adapter = visitor.browser.get_adapter(self.front.url)
        assert isinstance(adapter, HTTPAdapter)
        adapter.init_poolmanager(1, 1, source_address=(address, 0))
        visitor.browser.headers["X-Forwarded-For"] = "203.0.113.9"  # nobody believes it
        fields = {"identifier": "member@pmc.example", "password": PASSWORD}
        visitor.send(visitor.get("/sign-in"), "#sign-in", fields)
        return visitor

    def visitor(self) -> Visitor:
        """Return a browser that knows the certificate."""
        visitor = Visitor(self.front.url)
        visitor.browser.verify = str(self.front.certificate)
        visitor.browser.trust_env = False  # a variable may name other certificates
        return visitor

    def connect(self) -> ssl.SSLSocket:
        """Return a new connection with TLS."""
        context = ssl.create_default_context(cafile=str(self.front.certificate))
        plain = socket.create_connection(("127.0.0.1", self.front.tls_port), timeout=60)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")

    def titles(self) -> list[str]:
        """Return the titles of all submissions."""
        with self.database.reading() as session:
            return list(session.scalars(select(Submission.title)))


def _serves(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        try:
            connection.connect(str(path))
            connection.sendall(b"GET /sign-in HTTP/1.0\r\n\r\n")
            return connection.recv(12) == b"HTTP/1.0 200"
        except OSError:
            return False


@pytest.fixture
def site(on_sqlite: Database, start: Starter, tmp_path: Path) -> Iterator[Site]:
    """Set up a small city behind nginx; its webs are not started yet."""
    give_password(city(on_sqlite, tmp_path), "member", PASSWORD)
    with nginx.serving(self_signed_certificate(tmp_path)) as front:
        environment = {
            "NAGARVANI_DATABASE_URL": on_sqlite.url,
            "NAGARVANI_MEDIA_DIR": str(tmp_path / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_BASE_URL": front.url,
            "NAGARVANI_TRUSTED_PROXIES": "1",
        }
        yield Site(front, start, environment, on_sqlite)


def test_what_nginx_does_itself(site: Site) -> None:
    site.start_web(1, 2)
    check_tls(site)
    for path, megabytes in (("/sign-in", 81), (NEW, 601)):
        check_size(site, path, megabytes)
    check_styles(site)
    check_pages_when_no_web_runs(site)


def check_tls(site: Site) -> None:
    """Check that pages come by TLS alone, and that the webs see who asks."""
    plain = requests.get(
        f"http://127.0.0.1:{site.front.port}/sign-in?a=b", timeout=10, allow_redirects=False
    )
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://127.0.0.1/sign-in?a=b"
    visitor = site.member("127.0.0.9")
    response = visitor.browser.get(site.front.url + NEW, timeout=30)
    assert response.ok
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert {cookie.name for cookie in visitor.browser.cookies} >= {"__Host-nagarvani"}
    assert all(cookie.secure for cookie in visitor.browser.cookies)
    with site.database.reading() as session:
        assert session.scalars(select(SignIn.address)).one() == "127.0.0.9"


def check_size(site: Site, path: str, megabytes: int) -> None:
    """Check that a body that is too large gets a page in three languages."""
    with site.connect() as client:
        client.sendall(post_head(path, megabytes * MEGABYTE) + b"a")
        response = b""
        while piece := client.recv(65_536):
            response += piece
    assert response.startswith(b"HTTP/1.1 413 ")
    assert [tag for tag in LANGUAGES if tag not in response.decode()] == []


def style(site: Site) -> str:
    """Return the address of the style sheet, as a page names it."""
    return site.visitor().get("/sign-in").links(r"^/static/.*nagarvani\.css")[0]


def check_styles(site: Site) -> None:
    """Check that styles come compressed, and may be kept."""
    for encoding in ("gzip", "br"):
        response = site.visitor().browser.get(
            site.front.url + style(site), headers={"Accept-Encoding": encoding}, timeout=10
        )
        assert response.headers["Content-Encoding"] == encoding
        assert "immutable" in response.headers["Cache-Control"]
        assert "Set-Cookie" not in response.headers


def check_pages_when_no_web_runs(site: Site) -> None:
    """Check that nginx has the styles still, says that the service is away, and logs no token."""
    address = style(site)
    for web in site.webs.values():
        assert web.stop(within=20) == 0
    visitor = site.visitor()
    visitor.browser.headers["Accept-Encoding"] = "gzip"  # as one of those that were answered
    visitor.get(address)
    away = visitor.get("/approve/a-secret-of-a-link", 502)
    assert [tag for tag in LANGUAGES if tag not in away.html] == []
    wait_for(lambda: "/approve/..." in site.front.log(), what="the line of its log")
    assert "a-secret-of-a-link" not in site.front.log()


def video_form(folder: Path, token: str) -> Path:
    """Write a form with a video of 200 MB, which takes no room on the disk."""
    fields = {"csrf_token": token, "title": "नवे केंद्र", "text_mr": "सुरू झाले.", "act": "send"}
    before, _, after = form(fields | {"kind": "press_note"}, file=b"|VIDEO|").partition(b"|VIDEO|")
    file = folder / "form"
    with file.open("wb") as body:
        body.write(before + pictures.video(75))
        body.seek(len(before) + VIDEO)
        body.write(after)
    return file


def test_a_video_of_200_megabytes_arrives_past_clients_that_never_finish(
    site: Site, tmp_path: Path
) -> None:
    site.start_web(1, 2)
    visitor = site.member()
    token = dict(visitor.get(NEW).form("#hand-in").fields)["csrf_token"]
    files_before = open_files(site)
    with ExitStack() as stack:
        for beginning in (b"GET /sign-in HTTP/1.1\r\nHost: a\r\nX-Half: ", post_head(NEW, 999)):
            for _number in range(SLOW):
                stack.enter_context(site.connect()).sendall(beginning)
        # None of them has come as far as the webs.
        assert visitor.get("/sign-in", 200).code == 200
        assert open_files(site) <= files_before + 2
        with video_form(tmp_path, token).open("rb") as body:
            response = visitor.browser.post(
                site.front.url + NEW,
                data=body,
                headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
                timeout=120,
                allow_redirects=False,
            )
    assert response.status_code == 302, response.text
    with site.database.reading() as session:
        assert session.scalars(select(SubmissionFile.size)).one() == VIDEO


def open_files(site: Site) -> int:
    """Return how many files and connections the webs have open."""
    pids = [pid for web in site.webs.values() for pid in web.session()]
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


TABS = 500


def test_five_hundred_tabs_of_a_city_hall_are_not_counted(site: Site) -> None:
    site.start_web(1, 2)
    people = [site.member() for _person in range(5)]
    with ExitStack() as stack, ThreadPoolExecutor(8) as browsers:
        tabs = [stack.enter_context(tab_of(people[n % len(people)])) for n in range(TABS)]
        page = check_answered(browsers.map(partial(get, site, path="/"), tabs))
        mark = quote(re.findall(r'data-mark="([^"]+)"', page)[0], safe="")
        for path in [f"/changes?mark={mark}", style(site)] * 2:
            check_answered(browsers.map(partial(get, site, path=path), tabs))
        # Strangers of the same address are limited, which is nothing to the tabs.
        answers: list[requests.Response] = []
        while not (refused := [each for each in answers if each.status_code == 429]):
            answers += browsers.map(partial(get, site, path="/approve/no-such"), tabs[:80])
            assert len(answers) < 5_000
        assert len(answers) - len(refused) >= 300
        assert [tag for tag in LANGUAGES if tag not in refused[0].content.decode()] == []
        check_answered(browsers.map(partial(get, site, path="/"), tabs[:80]))


def check_answered(responses: Iterable[requests.Response]) -> str:
    """Check that every tab was answered; return the last text."""
    codes, text = Counter[int](), ""
    for response in responses:
        codes[response.status_code] += 1
        text = response.text
    assert set(codes) <= {200, 204}, codes
    return text


def tab_of(visitor: Visitor) -> requests.Session:
    """Return one more tab of a browser, with a connection of its own."""
    tab = requests.Session()
    tab.verify, tab.trust_env = visitor.browser.verify, False
    tab.cookies.update(visitor.browser.cookies)
    return tab


def get(site: Site, tab: requests.Session, *, path: str) -> requests.Response:
    """Load a page."""
    return tab.get(site.front.url + path, timeout=120, allow_redirects=False)


@dataclass
class Citizens:
    """Members who read pages and hand in texts, one after the other, until they are stopped."""

    site: Site
    ended: threading.Event = field(default_factory=threading.Event)
    sent: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)

    def read(self, visitor: Visitor) -> None:
        """Load pages, each by a connection of its own; two readers stay below nginx's limit."""
        while not self.ended.wait(0.1):
            self.note(visitor.browser.get(self.site.front.url + "/sign-in", timeout=60))

    def hand_in(self, visitor: Visitor, name: str) -> None:
        """Hand in texts, each with another title."""
        while not self.ended.is_set():
            page = visitor.browser.get(self.site.front.url + NEW, timeout=60)
            self.note(page)
            fields = dict(LoadedPage(NEW, 200, page.text).form("#hand-in").fields)
            title = f"{name} {len(self.sent)}"
            self.sent.append(title)
            own = {"title": title, "text_mr": "सुरू झाले.", "kind": "press_note", "act": "send"}
            response = visitor.browser.post(
                self.site.front.url + NEW, data=fields | own, timeout=60, allow_redirects=False
            )
            self.note(response)

    def note(self, response: requests.Response) -> None:
        """Count the status of a response."""
        self.codes[response.status_code] += 1

    def wait_for_requests(self, number: int) -> None:
        """Wait until so many more requests were answered."""
        before = self.codes.total()
        wait_for(lambda: self.codes.total() >= before + number, what="requests")


def test_two_webs_are_replaced_without_a_lost_request(site: Site) -> None:
    site.start_web(1)
    site.start_web(2)
    citizens = Citizens(site)
    threads = [threading.Thread(target=citizens.read, args=[site.visitor()]) for _ in range(2)]
    threads += [
        threading.Thread(target=citizens.hand_in, args=[site.member(), f"कार्यक्रम {number}"])
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    try:
        for number in (1, 2):
            citizens.wait_for_requests(20)
            assert site.webs[number].stop(within=30) == 0
            citizens.wait_for_requests(20)
            site.start_web(number)
    finally:
        citizens.ended.set()
        for thread in threads:
            thread.join()
    assert set(citizens.codes) == {200, 302}
    assert sorted(site.titles()) == sorted(citizens.sent)
