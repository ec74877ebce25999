"""tweepy's client makes every request to X, and signs what really is sent."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote

import pytest
import tweepy
from oauthlib.oauth1.rfc5849 import signature

from publisher.platforms.base.protocol import Platform, PlatformError, Refused
from publisher.platforms.base.types import MENTIONS, CommentSource, PreparedPost
from publisher.platforms.capabilities import Installation
from publisher.platforms.x import oauth
from publisher.platforms.x.api import XCredentials
from publisher.platforms.x.dialect import DIALECTS, HOME, HOST, Dialect, signature_host
from publisher.platforms.x.platform import XPlatform
from tests.platforms.platform_setups import CREDENTIALS, deadline, picture
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import NOTICE, NOW, open_at

CLIENT_REQUEST = tweepy.Client.request


@pytest.fixture
def client_requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the requests that tweepy's client makes, such as "GET /2/tweets"."""
    requests: list[str] = []

    def request(
        client: tweepy.Client, method: str, route: str, *about: object, **more: object
    ) -> object:
        requests.append(f"{method} {route}")
        assert client.wait_on_rate_limit is False
        return CLIENT_REQUEST(client, method, route, *about, **more)

    monkeypatch.setattr(tweepy.Client, "request", request)
    return requests


def arrived(stub: Stub) -> list[str]:
    """Return the requests that reached the server, such as "GET /2/tweets"."""
    heads = [request.split(b" ", 2) for request in stub.requests]
    return [f"{method.decode()} {path.decode().partition('?')[0]}" for method, path, _ in heads]


def operations(platform: Platform) -> dict[str, Callable[[], object]]:
    """Return every operation of the protocol that makes a request."""
    reply = PreparedPost(replace(NOTICE.outgoing, reply_to="5"))
    with_picture = replace(NOTICE.outgoing, media=(picture(),))
    return {
        "prepare": lambda: platform.prepare(with_picture, deadline=deadline()),
        "publish": lambda: platform.publish(NOTICE, deadline=deadline()),
        "reply": lambda: platform.reply(reply, deadline=deadline()),
        "delete": lambda: platform.delete("77", deadline=deadline()),
        "hide": lambda: [
            platform.hide("77", hidden=hidden, deadline=deadline()) for hidden in (True, False)
        ],
        "see": lambda: platform.see("77"),
        "see_many": lambda: platform.see_many(["77", "78"]),
        "see_own": lambda: platform.see_own(["77", "78"]),
        "look_up": lambda: platform.look_up(NOTICE.outgoing, since=NOW),
        "comments_since": lambda: [
            platform.comments_since(source, None) for source in (MENTIONS, CommentSource("77"))
        ],
        "comments_under": lambda: list(platform.comments_under({"77": None, "78": None})),
        "authors": lambda: platform.authors(["7"]),
        "check": platform.check,
    }


DONE = {"id": "77", "text": "पाणी बंद", "username": "a", "deleted": True, "hidden": True}


@pytest.mark.parametrize(
    "answer",
    [
        http_response({"data": DONE, "meta": {}}),
        http_response({"data": [DONE], "meta": {"next_token": "more"}}),
        http_response({"title": "Not Found"}, 404),
        http_response({"errors": []}, 429, {"x-rate-limit-reset": "9999999999"}),
        http_response({}, 503),
    ],
    ids=["done", "listed", "gone", "limit", "trouble"],
)
def test_no_request_reaches_x_but_by_tweepys_client(
    stub: Stub, client_requests: list[str], answer: bytes
) -> None:
    platform = open_at("x", stub.url)
    stub.default = answer
    for operation in operations(platform).values():
        before = len(stub.requests)
        with suppress(PlatformError):
            operation()
        assert len(stub.requests) > before
    assert arrived(stub) == client_requests


def test_what_x_cannot_do_makes_no_request(stub: Stub) -> None:
    """These and the operations above are all that there are, but for two that need no access."""
    platform = open_at("x", stub.url)
    assert platform.posts_together({"77": None, "78": None}) == ("77", "78")
    impossible: dict[str, Callable[[], object]] = {
        "stage": lambda: platform.stage(NOTICE, deadline=deadline()),
        "release": lambda: platform.release("77", deadline=deadline()),
        "edit": lambda: platform.edit("77", NOTICE, deadline=deadline()),
    }
    for operation in impossible.values():
        with pytest.raises(Refused):
            operation()
    assert stub.requests == []
    methods = {name for name, method in vars(Platform).items() if callable(method)}
    assert {name for name in methods if not name.startswith("_")} == {
        *operations(platform),
        *impossible,
        "posts_together",
        "time_ahead",
    }


def test_connecting_makes_two_legs_by_its_handler_and_one_by_its_client(
    stub: Stub, client_requests: list[str]
) -> None:
    settings = {"x_consumer_key": "key", "x_consumer_secret": "secret"}
    settings |= {"x_api_url": stub.url, "x_web_url": stub.url}
    installation = Installation(settings, lambda: NOW, time.monotonic)
    token = b"oauth_token=9000000001-a&oauth_token_secret=b&oauth_callback_confirmed=true"
    leg = http_response(token, headers={"Connection": "close"})
    stub.plan(leg, leg)
    stub.default = http_response({"data": {**DONE, "id": "9000000001"}})
    started = oauth.start(installation, callback="http://127.0.0.1/back", state="")
    query = {"oauth_token": started.state, "oauth_verifier": "7"}
    (account,) = oauth.finish(installation, callback="", secret=started.secret, query=query)
    assert account.platform_id == "9000000001"
    assert arrived(stub)[:2] == ["POST /oauth/request_token", "POST /oauth/access_token"]
    assert arrived(stub)[2:] == client_requests == ["GET /2/users/me"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("host", [HOST, HOME])
def test_the_host_and_the_names_of_the_dialect_are_what_is_signed(
    stub: Stub, dialect: Dialect, host: str
) -> None:
    credentials = XCredentials(**CREDENTIALS["x"])
    settings = {"x_api_url": stub.url, "x_signed_url": host}
    installation = Installation(settings, lambda: NOW, time.monotonic, dialect.name)
    stub.default = http_response({"data": DONE})
    XPlatform(credentials, installation).see("77")
    head = stub.requests[0].decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    path, _, query = head[0].split(" ")[1].partition("?")
    assert headers["Host"] == host.removeprefix("https://")
    expected = {dialect.parameter} | ({"expansions"} if dialect.expanded else set())
    assert set(dict(parse_qsl(query))) == expected
    signed = signature_of(f"{host}{path}?{query}", headers, credentials)
    assert oauth_fields(headers)["oauth_signature"] == signed


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"x_api_url": "https://api.x.com"}, HOST),
        ({"x_api_url": "https://api.twitter.com"}, HOME),
        ({"x_api_url": "https://proxy.example/x"}, HOST),
        ({"x_api_url": "https://proxy.example/x", "x_signed_url": HOME}, HOME),
        ({"x_api_url": "https://api.x.com", "x_signed_url": ""}, HOST),
    ],
)
def test_x_own_host_is_signed_unless_a_setting_names_another(
    settings: dict[str, str], host: str
) -> None:
    assert signature_host(settings) == host


def oauth_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the Authorization header."""
    parts = headers["Authorization"].removeprefix("OAuth ").split(", ")
    fields = dict(part.split("=", 1) for part in parts)
    return {name: unquote(text.strip('"')) for name, text in fields.items()}


def signature_of(url: str, headers: Mapping[str, str], credentials: XCredentials) -> str:
    """Return the right signature of a GET request with these OAuth fields."""
    parameters = signature.collect_parameters(
        uri_query=url.partition("?")[2], headers={"Authorization": headers["Authorization"]}
    )
    base = signature.signature_base_string(
        "GET", signature.base_string_uri(url), signature.normalize_parameters(parameters)
    )
    keys = (credentials.consumer_secret, credentials.access_token_secret)
    key = "&".join(quote(secret, safe="") for secret in keys)
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()
