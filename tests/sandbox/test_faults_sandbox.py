"""Faults added by HTTP: the client's error, and the ledger's contents."""

from __future__ import annotations

import json
import threading
import time

import facebook
import pytest
import requests
import tweepy

from tests.sandbox.platform_clients import (
    CITY,
    CITY_PAGE,
    WATER,
    Json,
    add_comment,
    add_fault,
    graph,
    ledger,
    session,
    set_switches,
    x_client,
)

PAGE = CITY_PAGE.id
HOPELESS = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def x_post(url: str, text: str = "पोस्ट") -> requests.Response:
    client = x_client(url)
    client.return_type = requests.Response
    response: requests.Response = client.create_tweet(text=text)
    return response


def facebook_post(url: str, text: str = "पोस्ट") -> requests.Response:
    sent = {"message": text, "access_token": CITY_PAGE.token}
    return session(url).post(f"https://graph.facebook.com/v26.0/{PAGE}/feed", data=sent)


def stored_texts(url: str) -> tuple[int, int]:
    return len(ledger(url, "x")), len(ledger(url, "facebook"))


@pytest.mark.parametrize(("kind", "count"), [("error_after", 1), ("error_before", 0)])
def test_an_error_in_html_comes_after_or_before_the_post_is_kept(
    url: str, kind: str, count: int
) -> None:
    add_fault(url, "x", "publish", kind)
    add_fault(url, "facebook", "publish", kind, code=502)
    with pytest.raises(tweepy.TwitterServerError) as error:
        x_post(url)
    assert error.value.response.headers["Content-Type"].startswith("text/html")
    response = facebook_post(url)
    assert (response.status_code, response.text[:9]) == (502, "<!DOCTYPE")
    assert stored_texts(url) == (count, count)


def test_facebook_may_publish_and_answer_code_two(url: str) -> None:
    add_fault(url, "facebook", "publish", "error_json_after")
    response = facebook_post(url)
    assert (response.status_code, response.json()["error"]["code"]) == (500, 2)
    assert stored_texts(url) == (0, 1)


@pytest.mark.parametrize(("kind", "count"), [("reset_after", 1), ("reset_before", 0)])
def test_the_connection_ends_with_no_answer(url: str, kind: str, count: int) -> None:
    add_fault(url, "x", "publish", kind)
    add_fault(url, "facebook", "publish", kind)
    with pytest.raises(HOPELESS):
        x_post(url)
    with pytest.raises(HOPELESS):
        facebook_post(url)
    assert stored_texts(url) == (count, count)


@pytest.mark.parametrize(
    ("kind", "from_x", "from_facebook"),
    [("empty_body", "", ""), ("no_id", '{"data": {}}', "{}")],
)
def test_a_kept_post_may_be_answered_with_nothing_useful(
    url: str, kind: str, from_x: str, from_facebook: str
) -> None:
    add_fault(url, "x", "publish", kind)
    add_fault(url, "facebook", "publish", kind)
    assert (x_post(url).text, facebook_post(url).text) == (from_x, from_facebook)
    assert stored_texts(url) == (1, 1)


def test_a_kept_post_may_be_answered_with_half_a_json(url: str) -> None:
    add_fault(url, "x", "publish", "truncated")
    add_fault(url, "facebook", "publish", "truncated")
    for response in (x_post(url), facebook_post(url)):
        assert response.text.startswith("{")
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()
    assert stored_texts(url) == (1, 1)


@pytest.mark.proof
def test_while_one_call_hangs_the_others_are_answered(url: str) -> None:
    add_fault(url, "x", "publish", "hang_after", seconds=3)
    hanging = threading.Thread(target=x_post, args=(url,))
    hanging.start()
    while stored_texts(url) != (1, 0):
        assert hanging.is_alive()
    assert facebook_post(url).json()["id"]
    assert hanging.is_alive()
    hanging.join()


def test_a_call_that_hangs_longer_than_the_caller_waits_is_kept(url: str) -> None:
    add_fault(url, "facebook", "publish", "hang_after", seconds=1)
    sent = {"message": "x", "access_token": CITY_PAGE.token}
    with pytest.raises(requests.ReadTimeout):
        session(url).post(f"https://graph.facebook.com/v26.0/{PAGE}/feed", data=sent, timeout=0.2)
    assert stored_texts(url) == (0, 1)


def test_a_call_that_hangs_before_it_is_kept_is_kept_in_the_end(url: str) -> None:
    add_fault(url, "x", "publish", "hang_before", seconds=0.3)
    began = time.perf_counter()
    assert x_post(url).status_code == 201
    assert time.perf_counter() - began >= 0.3


def test_an_answer_may_drip(url: str) -> None:
    add_fault(url, "x", "publish", "drip_after", seconds=0.4)
    began = time.perf_counter()
    assert x_post(url).json()["data"]["id"]
    assert time.perf_counter() - began >= 0.4


def test_an_expired_token_gets_each_platforms_error_until_it_is_cleared(
    url: str,
) -> None:
    for platform in ("x", "facebook"):
        add_fault(url, platform, "*", "expired_token", count="always")
    for _ in range(2):
        with pytest.raises(tweepy.Unauthorized):
            x_client(url).get_me()
        with pytest.raises(facebook.GraphAPIError) as error:
            graph(url).get_object("me")
        assert error.value.result["error"]["error_subcode"] == 463
    requests.delete(f"{url}/faults", timeout=5)
    assert x_client(url).get_me()["data"]["id"] == CITY.id
    assert graph(url).get_object("me")["id"] == PAGE


def test_a_rate_limit_tells_when_to_return_or_keeps_silent(url: str) -> None:
    add_fault(url, "x", "publish", "rate_limit", seconds=120)
    add_fault(url, "x", "publish", "rate_limit")
    add_fault(url, "facebook", "publish", "rate_limit", seconds=120)
    add_fault(url, "facebook", "publish", "rate_limit")
    with pytest.raises(tweepy.TooManyRequests) as error:
        x_post(url)
    assert 118 <= error.value.reset_time - time.time() <= 122
    with pytest.raises(tweepy.TooManyRequests) as error:
        x_post(url)
    assert error.value.reset_time is None
    answers = [facebook_post(url) for _ in range(2)]
    assert [response.json()["error"]["code"] for response in answers] == [80001, 80001]
    usage = json.loads(answers[0].headers["X-Business-Use-Case-Usage"])
    assert usage[PAGE][0]["estimated_time_to_regain_access"] == 2
    assert "X-Business-Use-Case-Usage" not in answers[1].headers
    assert stored_texts(url) == (0, 0)


def test_a_block_is_told_in_each_platforms_way(url: str) -> None:
    add_fault(url, "x", "publish", "blocked")
    add_fault(url, "facebook", "publish", "blocked")
    with pytest.raises(tweepy.Forbidden):
        x_post(url)
    error = facebook_post(url).json()["error"]
    assert (error["code"], error["error_subcode"]) == (368, 1390008)


def test_a_lagging_timeline_does_not_show_what_is_new(url: str) -> None:
    x_post(url)
    facebook_post(url)
    add_fault(url, "x", "timeline", "lag", seconds=60, count=1)
    add_fault(url, "facebook", "timeline", "lag", seconds=60, count=1)
    client, api = x_client(url), graph(url)
    counts = [client.get_users_tweets(CITY.id)["meta"]["result_count"] for _ in range(2)]
    assert counts == [0, 1]
    counts = [len(api.get_connections(PAGE, "published_posts")["data"]) for _ in range(2)]
    assert counts == [0, 1]


def test_a_lagging_look_up_does_not_find_what_is_new(url: str) -> None:
    post = x_post(url).json()["data"]["id"]
    add_fault(url, "x", "lookup", "lag", seconds=60, count=1)
    client = x_client(url)
    assert "data" not in client.get_tweet(post)
    assert client.get_tweet(post)["data"]["id"] == post


def test_an_indexing_delay_hides_comments_from_search_but_not_the_timeline(url: str) -> None:
    post = x_post(url).json()["data"]["id"]
    add_comment(url, "x", post, "टिप्पणी")
    add_fault(url, "x", "*", "indexing_delay", seconds=60, count="always")
    client = x_client(url)
    tweets = client.search_recent_tweets(f"conversation_id:{post}", max_results=10)
    assert tweets["meta"]["result_count"] == 0
    assert client.get_users_tweets(CITY.id)["meta"]["result_count"] == 1


def test_a_fault_meets_only_its_operation_and_account_after_those_skipped(url: str) -> None:
    add_fault(url, "x", "publish", "error_before", account=WATER.id)
    add_fault(url, "x", "reply", "error_before", skip=1)
    post = x_post(url).json()["data"]["id"]
    client = x_client(url)
    client.create_tweet(text="पहिले", in_reply_to_tweet_id=post)
    with pytest.raises(tweepy.TwitterServerError):
        client.create_tweet(text="दुसरे", in_reply_to_tweet_id=post)
    client.create_tweet(text="तिसरे", in_reply_to_tweet_id=post)
    with pytest.raises(tweepy.TwitterServerError):
        x_client(url, WATER).create_tweet(text="चौथे")


def test_each_step_on_facebook_is_an_operation_of_its_own(url: str) -> None:
    api = graph(url)
    add_fault(url, "facebook", "make_public", "reset_after")
    post = api.put_object(PAGE, "feed", message="x", published=False)["id"]
    with pytest.raises(HOPELESS):
        api.request(f"v26.0/{post}", post_args={"is_published": True})
    assert [entry["published"] for entry in ledger(url, "facebook")] == [True]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"platform": "y"}, "platform"),
        ({"kind": "z"}, "kind"),
        ({"operation": "q"}, "operation"),
        ({"count": "some"}, "count"),
        ({"seconds": -1}, "seconds"),
        ({"code": 200}, "code"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_the_name_of_its_field(
    url: str, wrong: Json, field: str
) -> None:
    right: Json = {"platform": "x", "operation": "publish", "kind": "error_before"}
    response = requests.post(f"{url}/faults", json=right | wrong, timeout=5)
    assert (response.status_code, response.json()) == (400, {"error": field})
    assert requests.get(f"{url}/faults.json", timeout=5).json() == []


def test_a_switch_that_cannot_be_is_refused_and_all_go_back_at_once(url: str) -> None:
    before = requests.get(f"{url}/switches.json", timeout=5).json()
    set_switches(url, x_auto_mentions="off", x_duplicate_hours="1")
    for wrong in ({"x_dialect": "old"}, {"colour": "on"}, {"x_duplicate_hours": "-1"}):
        assert requests.post(f"{url}/switches", json=wrong, timeout=5).status_code == 400
    changed = requests.get(f"{url}/switches.json", timeout=5).json()
    assert changed == before | {"x_auto_mentions": "off", "x_duplicate_hours": "1"}
    assert requests.delete(f"{url}/switches", timeout=5).json() == before
