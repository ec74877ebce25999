"""Checking a link: what is read, and which addresses are never connected to."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from time import monotonic, process_time

import pytest
from PIL import Image

from publisher.content_checks.link_preview import (
    MOST_HOPS,
    MOST_PAGE,
    LinkPreview,
    fetch_preview,
    read_page,
)
from publisher.content_checks.safe_http import is_public
from publisher.models.content_checks import LinkFinding
from publisher.settings.environment import Reach
from tests.platforms.hostile_answers import HOSTILE_ANSWERS
from tests.platforms.stub import serving as stub_server
from tests.support.certificates import self_signed_certificate, server_tls
from tests.support.tables import each
from tests.support.webserver import Reply, WebServer, serving


@pytest.fixture
def site() -> Iterator[WebServer]:
    """Run a web server on loopback."""
    with serving() as opened:
        yield opened


def deadline_in(seconds: float) -> Callable[[], float]:
    """Return a deadline in this many seconds."""
    ends = monotonic() + seconds
    return lambda: ends - monotonic()


def check_link(url: str, *, reach: Reach = Reach.LOOPBACK, seconds: float = 5.0) -> LinkPreview:
    """Check an address, as in a rehearsal."""
    return fetch_preview(url, reach=reach, remaining=deadline_in(seconds))


def name_service(*addresses: str) -> Callable[[str, int], list[str]]:
    """Return a name service that resolves every host to these addresses."""

    def names(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return names


def png(width: int = 1200, height: int = 630) -> bytes:
    """Return a picture."""
    output = BytesIO()
    Image.new("RGB", (width, height), "teal").save(output, "PNG")
    return output.getvalue()


def test_a_page_gives_its_title_and_a_small_picture(site: WebServer) -> None:
    site.replies["/p.png"] = Reply(png(), kind="image/png")
    head = (
        '<meta property="og:title" content="मोफत  शिबीर"><meta property="og:image" content="p.png">'
    )
    preview = check_link(site.page("/camp", head))
    assert (preview.finding, preview.code, preview.title) == (LinkFinding.FINE, 200, "मोफत शिबीर")
    assert preview.landed_on == site.url("/camp")
    with Image.open(BytesIO(preview.picture)) as picture:
        assert max(picture.size) <= 480
    assert site.paths == ["HEAD /camp", "GET /camp", "GET /p.png"]


def test_a_page_without_a_picture_has_only_its_title(site: WebServer) -> None:
    preview = check_link(site.page("/a", "<title>Parks &amp; gardens</title>"))
    assert (preview.title, preview.picture) == ("Parks & gardens", b"")


def test_a_file_that_is_no_page_is_asked_for_its_head_alone(site: WebServer) -> None:
    site.replies["/a.pdf"] = Reply(b"%PDF", kind="application/pdf")
    assert check_link(site.url("/a.pdf")).finding is LinkFinding.FINE
    assert site.paths == ["HEAD /a.pdf"]


def test_a_server_that_refuses_head_is_asked_for_the_page(site: WebServer) -> None:
    assert check_link(site.page("/a", to_head=405)).finding is LinkFinding.FINE
    assert site.paths == ["HEAD /a", "GET /a"]


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        (404, LinkFinding.GONE),
        (410, LinkFinding.GONE),
        (403, LinkFinding.GUARDED),
        (429, LinkFinding.GUARDED),
        (500, LinkFinding.TROUBLE),
        (503, LinkFinding.TROUBLE),
    ],
)
def test_what_is_answered_decides(site: WebServer, code: int, finding: LinkFinding) -> None:
    site.replies["/a"] = Reply(b"", code)
    preview = check_link(site.url("/a"))
    assert (preview.finding, preview.code) == (finding, code)


def test_redirections_are_followed_a_few_times(site: WebServer) -> None:
    for hop in range(MOST_HOPS):
        site.replies[f"/{hop}"] = Reply(b"", 302, headers={"Location": f"/{hop + 1}"})
    site.page(f"/{MOST_HOPS}", "<title>There</title>")
    preview = check_link(site.url("/0"))
    assert (preview.finding, preview.title) == (LinkFinding.FINE, "There")
    assert preview.landed_on == site.url(f"/{MOST_HOPS}")
    site.replies["/round"] = Reply(b"", 301, headers={"Location": "/round"})
    assert check_link(site.url("/round")).finding is LinkFinding.LOOPS


def test_nobody_listening_is_unreachable(free_port: int) -> None:
    assert check_link(f"http://127.0.0.1:{free_port}/").finding is LinkFinding.UNREACHABLE


def test_an_answer_that_drips_ends_with_the_deadline(site: WebServer) -> None:
    site.replies["/a"] = Reply(b"x" * 500, drips=True)
    begun = monotonic()
    assert check_link(site.url("/a"), seconds=0.6).finding is LinkFinding.UNREACHABLE
    assert monotonic() - begun < 3


def test_only_the_beginning_of_a_page_is_read(site: WebServer) -> None:
    head = "<title>Long</title>" + "<!-- x -->" * 50_000
    assert check_link(site.page("/a", head)).title == "Long"
    assert site.headers[-1]["Range"] == f"bytes=0-{MOST_PAGE - 1}"


def test_a_picture_that_is_none_or_too_large_is_left_out(site: WebServer) -> None:
    head = '<meta property="og:image" content="/p.png">'
    site.replies["/p.png"] = Reply(b"not a picture", kind="image/png")
    assert check_link(site.page("/a", head)).picture == b""
    site.replies["/p.png"] = Reply(png() + b"\0" * 3_000_000, kind="image/png")
    assert check_link(site.page("/a", head)).picture == b""


def test_a_letter_outside_ascii_is_escaped_on_the_way(site: WebServer) -> None:
    assert check_link(site.url("/माहिती?क=१ २")).code == 404
    assert site.paths[0].startswith("HEAD /%E0%A4%AE%E0%A4%BE")
    assert " " not in site.paths[0].removeprefix("HEAD ")


# Whom it never asks


def test_loopback_is_asked_in_a_rehearsal_only(site: WebServer) -> None:
    url = site.page("/a")
    for reach in (Reach.PUBLIC, Reach.NONE):
        assert check_link(url, reach=reach).finding is LinkFinding.UNSAFE
    assert site.paths == []


@each(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  nothing is bound
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "255.255.255.255",
    ],
)
def test_an_address_that_is_not_public_is_refused_before_connecting(address: str) -> None:
    assert not is_public(ip_address(address))
    preview = fetch_preview(
        "http://pmc.example/",
        reach=Reach.PUBLIC,
        remaining=deadline_in(1),
        resolver=name_service(address),
    )
    assert preview.finding is LinkFinding.UNSAFE


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    preview = fetch_preview(
        "http://pmc.example/",
        reach=Reach.PUBLIC,
        remaining=deadline_in(1),
        resolver=name_service("8.8.8.8", "10.0.0.1"),
    )
    assert preview.finding is LinkFinding.UNSAFE
    assert is_public(IPv4Address("8.8.8.8"))


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://192.168.0.1:8080/admin",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://name:word@127.0.0.1/",
    ],
)
def test_a_redirection_to_where_it_may_not_go_is_refused(site: WebServer, location: str) -> None:
    site.replies["/a"] = Reply(b"", 302, headers={"Location": location})
    assert check_link(site.url("/a")).finding is LinkFinding.UNSAFE
    assert site.paths == ["HEAD /a"]


def test_a_public_address_is_asked_at_the_ports_of_the_web_only() -> None:
    preview = fetch_preview(
        "http://pmc.example:25/",
        reach=Reach.PUBLIC,
        remaining=deadline_in(1),
        resolver=name_service("8.8.8.8"),
    )
    assert preview.finding is LinkFinding.UNSAFE


def test_a_name_is_resolved_once_for_each_request(site: WebServer) -> None:
    names_asked: list[str] = []

    def names(host: str, port: int) -> list[str]:
        names_asked.append(host)
        return ["127.0.0.1"] if len(names_asked) == 1 else ["10.0.0.1"]

    url = f"http://pmc.example:{site.port}/a.pdf"
    site.replies["/a.pdf"] = Reply(b"", kind="application/pdf")
    preview = fetch_preview(url, reach=Reach.LOOPBACK, remaining=deadline_in(2), resolver=names)
    assert (preview.finding, names_asked) == (LinkFinding.FINE, ["pmc.example"])
    assert site.headers[0]["Host"] == f"pmc.example:{site.port}"


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "ftp://a.example/", "http://a b.example/"]
)
def test_what_is_no_address_is_no_fault_of_ours(url: str) -> None:
    assert check_link(url).finding in (LinkFinding.UNSAFE, LinkFinding.UNREACHABLE)


def test_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    with serving(server_tls(self_signed_certificate(tmp_path))) as site:
        assert check_link(site.url("/")).finding is LinkFinding.UNTRUSTED


# Reading a page


def test_a_page_is_read_in_what_it_says_it_is_written() -> None:
    page = "<meta charset='windows-1252'><title>Café</title>".encode("cp1252")
    assert read_page(page, "text/html").title == "Café"
    assert read_page("<title>पुणे</title>".encode(), "text/html; charset=utf-8").title == "पुणे"
    assert read_page(b"<title>x</title>", "text/html; charset=nonsense").title == "x"


@pytest.mark.parametrize(
    ("charset", "title"),
    [
        ("utf-16", "पुणे"),
        ("UTF-16LE", "पुणे"),
        ("us-ascii", "Pune"),
        ("latin-1", "Café"),
        ("ISO-8859-15", "Café €"),
        ("windows-1251", "Пуна"),
        ("cp1252", "Café"),
    ],
)
def test_a_page_is_read_in_each_usual_charset(charset: str, title: str) -> None:
    page = f"<title>{title}</title>".encode(charset)
    assert read_page(page, f"text/html; charset={charset}").title == title


def test_the_first_meta_of_a_name_counts_and_the_title_is_shortened() -> None:
    head = "<meta property='og:image' content='a'><meta property='og:image' content='b'>"
    page = read_page(f"{head}<title>{'x' * 1_000}</title>".encode(), "text/html")
    assert (page.picture, len(page.title)) == ("a", 300)
    assert read_page(b"<title>A</title><svg><title>B</title></svg>", "text/html").title == "A"


# Pages that mean harm, or were never looked after


@pytest.mark.parametrize("named", ["idna", "undefined", "unicode_escape", "utf-7"])
def test_a_page_that_names_no_writing_of_pages_is_read_all_the_same(
    site: WebServer, named: str
) -> None:
    site.replies["/a"] = Reply(b"<title>x</title>", kind=f"text/html; charset={named}")
    preview = check_link(site.url("/a"))
    assert (preview.finding, preview.title) == (LinkFinding.FINE, "x")


def test_a_charset_that_decodes_slowly_is_not_used() -> None:
    page = b"<title>x</title>" + b"-" + b"9" * (MOST_PAGE - 17)
    began = process_time()
    assert read_page(page, "text/html; charset=punycode").title == "x"
    assert process_time() - began < 0.5  # seconds as Punycode, and milliseconds as UTF-8


@pytest.mark.parametrize(
    "named", ["punycode", "rot13", "hz", "utf-7", "iso2022_jp", "raw_unicode_escape"]
)
def test_another_charset_is_read_as_utf_8(named: str) -> None:
    page = "<title>पुणे\\u0041</title>".encode()
    assert read_page(page, f"text/html; charset={named}").title == "पुणे\\u0041"


def test_a_picture_at_what_is_no_address_takes_nothing_from_the_page(site: WebServer) -> None:
    head = '<title>x</title><meta property="og:image" content="http://[none/p.png">'
    preview = check_link(site.page("/a", head))
    assert (preview.finding, preview.title, preview.picture) == (LinkFinding.FINE, "x", b"")


def test_a_page_of_broken_marks_gives_what_stood_before_them(site: WebServer) -> None:
    preview = check_link(site.page("/a", "<title>x</title><![foo[ ]]>"))
    assert (preview.finding, preview.title) == (LinkFinding.FINE, "x")


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b"<title>a\0b</title>", "text/html; charset=utf-8"),
        (b"<title>a+2AA-b</title>", "text/html; charset=utf-7"),
        (b"<title>a\\ud800b</title>", "text/html; charset=unicode_escape"),
    ],
)
def test_what_no_database_keeps_is_left_out_of_a_title(page: bytes, kind: str) -> None:
    assert read_page(page, kind).title.encode() in (b"ab", b"a+2AA-b", b"a\\ud800b")


def test_what_no_database_keeps_is_left_out_of_where_it_landed(site: WebServer) -> None:
    site.replies["/a"] = Reply(b"", 302, headers={"Location": "/b\0c"})
    site.replies["/b%00c"] = Reply(b"", kind="application/pdf")
    assert check_link(site.url("/a")).landed_on == site.url("/bc")


def test_an_address_of_one_site_alone_is_nobodys_to_ask() -> None:
    assert not is_public(ip_address("fec0::1"))


@each("name", HOSTILE_ANSWERS)
def test_a_hostile_answer_takes_neither_time_nor_memory(name: str) -> None:
    with stub_server() as stub:
        stub.plan(HOSTILE_ANSWERS[name], HOSTILE_ANSWERS[name])
        tracemalloc.start()
        try:
            begun = monotonic()
            check_link(f"{stub.url}/a", seconds=1)
            assert monotonic() - begun < 3
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()
