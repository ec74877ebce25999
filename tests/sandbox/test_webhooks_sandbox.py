"""Facebook's webhooks: verified, signed over the raw bytes, batched, duplicated, retried."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.credentials import FACEBOOK_APP_SECRET
from sandbox.now import format_time, utc_now
from tests.sandbox.platform_clients import CITY_PAGE, WATER_PAGE, Json, add_comment, graph
from tests.support.runs import wait_until

HERE = Path(__file__).parent
PAGE = CITY_PAGE.id
WORD = "ओळख-word"


@dataclass
class Receiver:
    """A webhook address; with `refuses` it responds 500, with `silent` it ignores challenges."""

    url: str = ""
    silent: bool = False
    refuses: int = 0
    got: list[tuple[bytes, str]] = field(default_factory=list)

    def changes(self) -> list[Json]:
        """Return every received change, in order."""
        bodies = [json.loads(raw) for raw, _ in self.got]
        return [
            c["value"]
            for body in bodies
            for page_changes in body["entry"]
            for c in page_changes["changes"]
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a small server on loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parameters = dict(parse_qsl(urlsplit(self.path).query))
            right = parameters["hub.mode"] == "subscribe" and parameters["hub.verify_token"] == WORD
            self._say(200 if right else 403, "" if receiver.silent else parameters["hub.challenge"])

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((raw, self.headers["X-Hub-Signature-256"]))
            refused, receiver.refuses = receiver.refuses > 0, max(0, receiver.refuses - 1)
            self._say(500 if refused else 200, "")

        def _say(self, code: int, text: str) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


def set_hook(at: str, receiver: Receiver, **more: object) -> requests.Response:
    sent = {"url": receiver.url, "verify_token": WORD, "pages": [PAGE], **more}
    return requests.post(f"{at}/webhooks", json=sent, timeout=5)


def came(receiver: Receiver, calls: int) -> bool:
    return wait_until(lambda: len(receiver.got) >= calls, within=10)


def test_every_step_of_a_comments_life_is_told_signed_and_in_order(
    url: str, receiver: Receiver
) -> None:
    assert set_hook(url, receiver).status_code == 200
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="पाणी")["id"]
    comment = add_comment(url, "facebook", post, "कधी येणार?", author="आशा")
    response = api.put_comment(comment, "उद्या")["id"]
    api.request(f"v26.0/{response}", post_args={"message": "परवा"})
    api.request(f"v26.0/{comment}", post_args={"is_hidden": True})
    api.request(f"v26.0/{comment}", post_args={"is_hidden": False})
    api.delete_object(comment)
    assert wait_until(lambda: len(receiver.changes()) == 6, within=10)
    assert [(change["verb"], change["comment_id"]) for change in receiver.changes()] == [
        ("add", comment),
        ("add", response),
        ("edited", response),
        ("hide", comment),
        ("unhide", comment),
        ("remove", comment),
    ]
    first, own, edited, *_, removed = receiver.changes()
    assert (first["parent_id"], first["post_id"], first["message"]) == (post, post, "कधी येणार?")
    assert first["from"]["name"] == "आशा"
    assert (own["parent_id"], own["from"]["id"]) == (comment, PAGE)
    assert edited["message"] == "परवा"
    assert "message" not in removed
    for raw, signature in receiver.got:
        raw.decode("ascii")
        right = hmac.new(FACEBOOK_APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert signature == f"sha256={right}"
        assert json.loads(raw)["object"] == "page"


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        pytest.param(1, [1, 1, 1], marks=pytest.mark.proof),
        (2, [2, 1]),
        pytest.param(1000, [3], marks=pytest.mark.proof),
    ],
)
def test_what_waits_goes_in_batches_of_the_size_that_was_set(
    url: str, receiver: Receiver, most: int, sizes: list[int]
) -> None:
    set_hook(url, receiver, most=most)
    post = graph(url).put_object(PAGE, "feed", message="x")["id"]
    soon = format_time(utc_now() + timedelta(seconds=2))  # so that all three fall due together
    for text in ("०", "१", "२"):
        add_comment(url, "facebook", post, text, at=soon)
    assert wait_until(lambda: len(receiver.changes()) == 3, within=10)
    assert [raw.count(b'"verb"') for raw, _ in receiver.got] == sizes
    assert [change["message"] for change in receiver.changes()] == ["०", "१", "२"]


def test_every_call_comes_twice_where_that_is_set(url: str, receiver: Receiver) -> None:
    set_hook(url, receiver, twice=True)
    post = graph(url).put_object(PAGE, "feed", message="x")["id"]
    add_comment(url, "facebook", post, "एकदाच")
    assert came(receiver, 2)
    assert receiver.got[0] == receiver.got[1]


def test_what_was_not_taken_comes_again(url: str, receiver: Receiver) -> None:
    set_hook(url, receiver)
    receiver.refuses = 1
    post = graph(url).put_object(PAGE, "feed", message="x")["id"]
    add_comment(url, "facebook", post, "पुन्हा")
    assert came(receiver, 2)
    assert receiver.got[0] == receiver.got[1]

    def is_over() -> bool:
        webhooks = requests.get(f"{url}/webhooks.json", timeout=5).json()
        return (webhooks["waiting"], webhooks["over"]) == (0, 1)

    assert wait_until(is_over, within=5)


def test_only_pages_that_subscribed_are_told_of(url: str, receiver: Receiver) -> None:
    set_hook(url, receiver, pages=[])
    api, other = graph(url), graph(url, WATER_PAGE)
    assert api.get_connections(PAGE, "subscribed_apps")["data"] == []
    args = {"subscribed_fields": "feed"}
    assert api.request(f"v26.0/{PAGE}/subscribed_apps", post_args=args) == {"success": True}
    assert api.get_connections(PAGE, "subscribed_apps")["data"][0]["subscribed_fields"] == ["feed"]
    add_comment(url, "facebook", other.put_object("me", "feed", message="x")["id"], "कोणालाही नाही")
    add_comment(url, "facebook", api.put_object("me", "feed", message="x")["id"], "सांगा")
    assert came(receiver, 1)
    assert [change["message"] for change in receiver.changes()] == ["सांगा"]
    api.request(f"v26.0/{PAGE}/subscribed_apps", method="DELETE")
    assert requests.get(f"{url}/webhooks.json", timeout=5).json()["pages"] == []


def test_an_address_that_does_not_repeat_the_challenge_is_not_kept(
    url: str, receiver: Receiver
) -> None:
    receiver.silent = True
    response = set_hook(url, receiver)
    assert (response.status_code, response.json()) == (400, {"error": "unanswered"})
    receiver.silent = False
    assert set_hook(url, receiver, verify_token="another").status_code == 400
    assert requests.get(f"{url}/webhooks.json", timeout=5).json()["hook"] is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://example.org/hook"}, "url"),
        ({"url": "http://10.0.0.1/hook"}, "url"),
        ({"url": "file:///etc/hosts"}, "url"),
        ({"verify_token": " "}, "verify_token"),
        ({"most": "0"}, "most"),
        ({"most": "1001"}, "most"),
    ],
)
def test_only_this_machine_is_told_and_a_wrong_field_is_named(
    url: str, receiver: Receiver, wrong: Json, field: str
) -> None:
    response = set_hook(url, receiver, **wrong)
    assert (response.status_code, response.json()) == (400, {"error": field})


def test_on_the_page_the_address_is_set_and_taken_away(url: str, receiver: Receiver) -> None:
    sent = {"url": receiver.url, "verify_token": WORD, "most": "50", "pages": [PAGE]}
    page = requests.post(f"{url}/webhooks", data={**sent, "url": "x"}, timeout=5).text
    assert 'id="url-wrong"' in page
    assert f'value="{WORD}"' in page
    assert 'value="50"' in page
    page = requests.post(f"{url}/webhooks", data=sent, timeout=5).text
    assert receiver.url in page
    assert requests.get(f"{url}/webhooks.json", timeout=5).json()["pages"] == [PAGE]
    page = requests.post(f"{url}/webhooks/clear", timeout=5).text
    assert "सध्या कोणालाही सूचना जात नाही." in page


def test_every_name_in_a_change_stands_in_facebooks_own_examples(
    url: str, receiver: Receiver
) -> None:
    beside = HERE.parents[1].parent / "shared" / "specs"
    folder = Path(os.environ.get("NAGARVANI_SPECS", beside)) / "facebook-webhooks"
    if not folder.exists():
        pytest.skip(f"Facebook's examples do not lie at {folder} (NAGARVANI_SPECS)")
    by_kind: dict[str, set[str]] = {}
    for file in folder.glob("*.json"):
        value = json.loads(file.read_text())["entry"][0]["changes"][0]["value"]
        by_kind.setdefault(value["verb"], {"from"}).update(value)
    set_hook(url, receiver)
    api = graph(url)
    comment = add_comment(url, "facebook", api.put_object(PAGE, "feed", message="x")["id"], "१")
    api.request(f"v26.0/{comment}", post_args={"is_hidden": True})
    api.delete_object(comment)
    assert wait_until(lambda: len(receiver.changes()) == 3, within=10)
    for change in receiver.changes():
        assert set(change) <= by_kind[change["verb"]], change["verb"]
