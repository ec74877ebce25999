"""The HTTP session of the platforms' clients: what it hides from them, and what it keeps."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from requests.exceptions import InvalidSchema

from publisher.platforms.base.protocol import Deadline
from publisher.platforms.http.session import PlatformSession
from tests.platforms.stub import Stub, http_response

HOME = "https://api.example"
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def channel(stub: Stub) -> PlatformSession:
    """Create a channel whose client connects to HOME."""
    return PlatformSession(
        home=HOME, base_url=f"{stub.url}/there", read=lambda _: None, secrets={}, now=lambda: NOW
    )


def send_request(channel: PlatformSession, path: str, **body: Any) -> object:  # noqa: ANN401  as in `requests`
    """Send a client's request, and return the response."""
    with channel.calling(Deadline.after(10, time.monotonic)):
        return channel.request("POST", HOME + path, **body).json()


def test_a_client_names_the_real_host_and_reaches_the_configured_one(
    channel: PlatformSession, stub: Stub
) -> None:
    stub.plan(http_response({"id": "7"}))
    body = {"text": "पाणी"}
    assert send_request(
        channel, "/posts", params={"शहर": "पुणे"}, json=body, headers={"X-A": "b"}
    ) == {"id": "7"}
    head, _, content = stub.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0].startswith("POST /there/posts?%E0%A4%B6")
    assert "Host: api.example" in lines
    assert "X-A: b" in lines
    assert "Accept-Encoding: gzip" in lines
    assert content.decode("ascii").startswith('{"text": "\\u092a')


def test_no_other_host_is_spoken_to(channel: PlatformSession, stub: Stub) -> None:
    with pytest.raises(InvalidSchema):
        channel.request("GET", "https://other.example/")
    assert stub.requests == []


def test_a_cookie_is_not_kept(channel: PlatformSession, stub: Stub) -> None:
    stub.plan(http_response({}, 200, {"Set-Cookie": "known=1; Path=/"}), http_response({}))
    send_request(channel, "/one")
    send_request(channel, "/two")
    assert b"cookie" not in stub.requests[1].lower()
    assert stub.connections == 1
