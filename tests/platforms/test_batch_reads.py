"""Reading many posts in one request: each result belongs to one post alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    Platform,
    PlatformError,
    RefusalCode,
    Refused,
    TellsOfComments,
    TryLater,
)
from publisher.platforms.base.types import RemoteComment, RemotePost
from publisher.platforms.registry import open_platform
from sandbox.credentials import FACEBOOK_APP_ID
from tests.platforms import platform_setups
from tests.platforms.platform_setups import CREDENTIALS, PlatformSetup
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import NOW, open_at
from tests.platforms.test_contract import NOTICE
from tests.platforms.test_receipts import GONE, NOT_FOUND, PAGE

PERMISSION = {"error": {"code": 10, "message": "no"}}
THROTTLED = {"error": {"code": 80001}}
EXPIRED = {"error": {"code": 190}}
POST = f"{PAGE}_77"
TOKEN = CREDENTIALS["facebook"]["page_token"]


def on_x(stub: Stub) -> Platform:
    return open_at("x", stub.url)


def on_facebook(stub: Stub) -> Platform:
    return open_at("facebook", stub.url)


def comparable(remote_post: object) -> object:
    """Return a result for one post in a comparable form."""
    if isinstance(remote_post, RemotePost):
        return remote_post.platform_id
    return (
        (type(remote_post), remote_post.reason)
        if isinstance(remote_post, Refused)
        else type(remote_post)
    )


def x_error(kind: str, number: str, **more: str) -> dict[str, str]:
    """Return one of X's errors in a successful response."""
    return {"type": f"https://api.x.com/2/problems/{kind}", "value": number, **more}


def test_x_names_among_its_errors_what_is_gone_and_what_is_not_for_us(stub: Stub) -> None:
    errors = [
        x_error("resource-not-found", "2"),
        x_error("not-authorized-for-resource", "3", resource_id="3"),
    ]
    stub.plan(http_response({"data": [{"id": "1", "text": "पाणी"}], "errors": errors}))
    remote_posts = on_x(stub).see_many(["1", "2", "3", "4", "not-given-5"])
    assert {platform_id: comparable(remote_posts[platform_id]) for platform_id in remote_posts} == {
        "1": "1",
        "2": type(None),
        "3": (Refused, RefusalCode.PERMISSION),
        "4": (Refused, RefusalCode.UNKNOWN),
        "not-given-5": (Refused, RefusalCode.INVALID),
    }
    (request,) = stub.requests
    assert request.startswith(b"GET /2/tweets?")
    assert b"ids=1%2C2%2C3%2C4" in re.split(rb"[?& ]", request)


def test_x_is_not_asked_for_what_is_no_number(stub: Stub) -> None:
    remote_posts = on_x(stub).see_many(["not-given-5", "٣", "1" * 20])
    assert {comparable(remote_post) for remote_post in remote_posts.values()} == {
        (Refused, RefusalCode.INVALID)
    }
    assert stub.requests == []


def test_of_those_edited_on_x_the_newest_version_is_seen(stub: Stub) -> None:
    history = "edit_history_tweet_ids"
    first = [
        {"id": platform_id, "text": "पहिला", history: [platform_id, f"{platform_id}8"]}
        for platform_id in ("1", "2")
    ]
    newest = [{"id": "18", "text": "दुसरा", history: ["1", "18"]}]
    plain = {"id": "3", "text": "तिसरा", history: ["3"]}
    stub.plan(
        http_response({"data": [*first, plain]}),
        http_response({"data": newest, "errors": [x_error("resource-not-found", "28")]}),
    )
    remote_posts = on_x(stub).see_many(["1", "2", "3"])
    texts = {
        platform_id: remote_post.text
        for platform_id, remote_post in remote_posts.items()
        if isinstance(remote_post, RemotePost)
    }
    assert texts == {"1": "दुसरा", "2": "पहिला", "3": "तिसरा"}
    assert b"ids=18%2C28" in re.split(rb"[?& ]", stub.requests[1])


def test_own_posts_are_read_between_the_oldest_and_the_newest(
    stub: Stub,
) -> None:
    edited = {"id": "79", "text": "दुसरा", "edit_history_tweet_ids": ["77", "79"]}
    between = {"id": "78", "text": "मधला"}
    more, last = {"next_token": "more"}, {"data": [{"id": "76", "text": "पहिला"}], "meta": {}}
    stub.plan(http_response({"data": [edited, between], "meta": more}), http_response(last))
    found = on_x(stub).see_own(["80", "77", "76", "not-given-5"])
    assert {key: post.text for key, post in found.items()} == {"77": "दुसरा", "76": "पहिला"}
    for request in stub.requests:
        assert request.startswith(b"GET /2/users/")
        assert {b"since_id=75", b"until_id=81"} <= set(re.split(rb"[?& ]", request))
    assert on_x(stub).see_own(["not-given-5"]) == {}


def test_credits_that_end_between_are_those_of_the_others_too(stub: Stub) -> None:
    edited = {"id": "1", "text": "पहिला", "edit_history_tweet_ids": ["1", "18"]}
    plain = {"id": "3", "text": "तिसरा"}
    stub.plan(http_response({"data": [edited, plain]}), http_response({}, 402))
    remote_posts = on_x(stub).see_many(["1", "3"])
    assert isinstance(remote_posts["1"], CreditsUsedUp)
    assert comparable(remote_posts["3"]) == "3"


RESET = {"x-rate-limit-reset": str(int((NOW + timedelta(minutes=7)).timestamp()))}


@pytest.mark.parametrize(
    ("plan", "at"),
    [
        (http_response({"title": "Too Many Requests"}, 429, RESET), NOW + timedelta(minutes=7)),
        (http_response({"title": "Forbidden"}, 403), None),
        (http_response(b"", 503), None),
        (http_response({}), None),
    ],
)
def test_where_newest_versions_cannot_be_read_the_others_are_seen(
    stub: Stub, plan: bytes, at: datetime | None
) -> None:
    edited = {"id": "1", "text": "पहिला", "edit_history_tweet_ids": ["1", "18"]}
    stub.plan(http_response({"data": [edited, {"id": "3", "text": "तिसरा"}]}), plan)
    remote_posts = on_x(stub).see_many(["1", "3"])
    later = remote_posts["1"]
    assert isinstance(later, TryLater)
    assert later.at == at
    assert comparable(remote_posts["3"]) == "3"


def test_an_access_that_ends_between_is_no_answer(stub: Stub) -> None:
    edited = {"id": "1", "text": "पहिला", "edit_history_tweet_ids": ["1", "18"]}
    stub.plan(http_response({"data": [edited]}), http_response({}, 401))
    with pytest.raises(CredentialsExpired):
        on_x(stub).see_many(["1"])


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (http_response({}), TryLater),
        (http_response([]), TryLater),
        (http_response(b"<html>", 404), Refused),
        (http_response(NOT_FOUND, 429), TryLater),
        (http_response({}, 401), CredentialsExpired),
        (http_response(b"", 503), TryLater),
    ],
)
def test_an_answer_of_x_about_none_of_them_is_about_all(
    stub: Stub, plan: bytes, error: type[PlatformError]
) -> None:
    stub.plan(plan)
    with pytest.raises(error):
        on_x(stub).see_many(["1", "2"])


def batch_part(body: object, code: int = 200) -> dict[str, object]:
    """Return one response of a batch."""
    return {"code": code, "body": json.dumps(body)}


def test_each_answer_of_a_batch_is_about_its_own_id_alone(stub: Stub) -> None:
    parts = {
        POST: batch_part({"id": POST, "message": "पाणी", "from": {"id": PAGE}}),
        "77_1": batch_part({"id": "77_1", "message": "उद्या", "parent": {"id": POST}}),
        "77_2": batch_part(GONE, 400),
        "77_3": batch_part(PERMISSION, 403),
        "77_4": None,
        "77_5": batch_part(THROTTLED, 400),
        "77_6": batch_part({"error": {"code": 2}}, 500),
        "77_7": batch_part({}),
        "77_8": batch_part(GONE, 500),
        "77_9": {"code": 200, "body": "<html>"},
        "77_10": "?",
    }
    usage = {"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 7}]}'}
    stub.plan(http_response(list(parts.values()), headers=usage))
    remote_posts = on_facebook(stub).see_many(list(parts))
    assert [comparable(remote_post) for remote_post in remote_posts.values()] == [
        POST,
        "77_1",
        type(None),
        (Refused, RefusalCode.PERMISSION),
        *[TryLater] * 7,
    ]
    assert list(remote_posts) == list(parts)
    post, comment, later = remote_posts[POST], remote_posts["77_1"], remote_posts["77_5"]
    assert isinstance(post, RemotePost)
    assert isinstance(comment, RemotePost)
    assert isinstance(later, TryLater)
    assert (post.parent_id, post.by_ourselves, comment.parent_id) == (None, True, POST)
    assert later.at == NOW + timedelta(minutes=7)


def test_a_batch_asks_for_each_with_its_own_fields_and_names_no_token(stub: Stub) -> None:
    parts = [batch_part({"id": platform_id}) for platform_id in (POST, "77_1")]
    stub.plan(http_response(parts))
    open_at("facebook", stub.url).see_many([POST, "77_1"])
    head, _, body = stub.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v26.0/ HTTP")
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert form["include_headers"] == "false"
    posts, comments = json.loads(form["batch"])
    assert {posts["method"], comments["method"]} == {"GET"}
    assert posts["relative_url"].startswith(f"v26.0/{POST}?fields=")
    assert "is_published" in posts["relative_url"]
    assert "is_hidden" in comments["relative_url"]
    assert form["access_token"] not in form["batch"]


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (http_response([batch_part({"id": POST}), batch_part(EXPIRED, 401)]), CredentialsExpired),
        (http_response(EXPIRED, 400), CredentialsExpired),
        (http_response(THROTTLED, 400), TryLater),
        (http_response(PERMISSION, 400), Refused),
        (http_response([batch_part({"id": POST})]), TryLater),
        (http_response({"id": POST}), TryLater),
        (http_response(b"[", 200), TryLater),
        (http_response(b"<html>", 502), TryLater),
    ],
)
def test_what_a_batch_says_of_the_whole_page_is_about_all(
    stub: Stub, plan: bytes, error: type[PlatformError]
) -> None:
    stub.plan(plan)
    with pytest.raises(error):
        on_facebook(stub).see_many([POST, "77_1"])


@pytest.mark.ci
@pytest.mark.parametrize(("name", "most"), [("x", 100), ("facebook", 50)])
def test_as_much_is_read_as_the_longest_texts_may_hold(stub: Stub, name: str, most: int) -> None:
    long = "पा" * 12_000
    ids = [str(10**17 + number) for number in range(most)]
    rows = [{"id": platform_id, "text": long, "message": long} for platform_id in ids]
    stub.plan(http_response({"data": rows} if name == "x" else [batch_part(row) for row in rows]))
    remote_posts = open_at(name, stub.url).see_many(ids)
    assert {comparable(remote_post) for remote_post in remote_posts.values()} == set(ids)


def test_more_than_a_batch_holds_is_refused_by_the_practice_platform(
    http_setup: PlatformSetup,
) -> None:
    most = http_setup.platform.limits.seen_at_once
    with pytest.raises(Refused):
        http_setup.platform.see_many([str(10**17 + number) for number in range(most + 1)])


def test_each_one_of_a_batch_counts_as_a_call(http_setup: PlatformSetup) -> None:
    """Facebook counts each post; X counts requests for its limits, and posts for its bill."""
    number = http_setup.send(NOTICE)
    http_setup.set_switches(facebook_call_limit="12")
    remote_posts = http_setup.platform.see_many(
        [number, *(str(10**17 + number) for number in range(19))]
    )
    later = [
        remote_post for remote_post in remote_posts.values() if isinstance(remote_post, TryLater)
    ]
    assert bool(later) is (http_setup.name == "facebook")
    assert isinstance(remote_posts[number], RemotePost)


def test_lists_by_ids_in_the_address_are_no_more(tmp_path: Path) -> None:
    with platform_setups.sandbox_setup("facebook", tmp_path) as platform_ground:
        host = {"Host": "graph.facebook.com", "Authorization": f"Bearer {TOKEN}"}
        response = requests.get(f"{platform_ground.url}/v26.0/?ids=1,2", headers=host, timeout=10)
        assert response.status_code >= 400
        assert response.json()["error"]


@pytest.fixture
def page_setup(tmp_path: Path) -> Iterator[PlatformSetup]:
    """Set Facebook up in a sandbox, with the app whose webhooks its page sends."""
    with platform_setups.open_setup("facebook", tmp_path / "sandbox") as setup:
        settings = {"facebook_app_id": FACEBOOK_APP_ID, "graph_api_url": setup.url}
        settings["graph_api_version"] = "v26.0"
        platform = open_platform("facebook", CREDENTIALS["facebook"], settings)
        yield replace(setup, platform=platform)


def test_a_page_is_subscribed_and_says_so(page_setup: PlatformSetup) -> None:
    page = page_setup.platform
    assert isinstance(page, TellsOfComments)
    assert not page.is_subscribed()
    page.subscribe()
    page.subscribe()
    assert page.is_subscribed()
    other = {"facebook_app_id": "5", "graph_api_url": page_setup.url, "graph_api_version": "v26.0"}
    stranger = open_platform("facebook", CREDENTIALS["facebook"], other)
    assert isinstance(stranger, TellsOfComments)
    assert not stranger.is_subscribed()  # another app is told


def test_named_comments_are_read_as_they_are_now(page_setup: PlatformSetup) -> None:
    page = page_setup.platform
    assert isinstance(page, TellsOfComments)
    post = page_setup.send(NOTICE)
    changed, gone, hidden = (page_setup.citizen_says(text, post) for text in ("एक", "दोन", "तीन"))
    page_setup.change_elsewhere(changed, "बदललेले")
    page_setup.change_elsewhere(gone, None)
    page.hide(hidden, hidden=True, deadline=platform_setups.deadline())
    comments = page.comments_by_ids(dict.fromkeys((changed, gone, hidden), post))
    first, third = comments[changed], comments[hidden]
    assert isinstance(first, RemoteComment)
    assert isinstance(third, RemoteComment)
    assert (first.text, first.root_id, first.is_hidden) == ("बदललेले", post, False)
    assert (comments[gone], third.is_hidden) == (None, True)
    assert page.comments_by_ids({}) == {}
