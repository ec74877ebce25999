"""The sandbox's X, through the real client."""

from __future__ import annotations

import base64
import itertools
from datetime import timedelta

import pytest
import requests
import tweepy
from requests_oauthlib import OAuth1

from sandbox.credentials import X_APP_BEARER, X_CONSUMER_KEY, X_CONSUMER_SECRET
from sandbox.now import format_time, utc_now
from sandbox.x.weight import weighted_length
from tests.sandbox.platform_clients import (
    CITY,
    WATER,
    add_comment,
    ledger,
    picture,
    session,
    set_switches,
    x_client,
)

API = "https://api.twitter.com"


def upload(client: tweepy.Client, content: bytes | None = None) -> str:
    body = {
        "media": base64.b64encode(content or picture()).decode(),
        "media_category": "tweet_image",
    }
    response = client.request("POST", "/2/media/upload", json=body, user_auth=True)
    return str(response.json()["data"]["id"])


def test_a_post_with_a_described_picture_is_read_back_whole(url: str) -> None:
    client = x_client(url)
    medium = upload(client)
    alt = {"id": medium, "metadata": {"alt_text": {"text": "टाकी"}}}
    client.request("POST", "/2/media/metadata", json=alt, user_auth=True)
    tweet = client.create_tweet(text="पाहा https://example.org/a?b=1 आज", media_ids=[medium])[
        "data"
    ]
    tweets = client.get_users_tweets(
        CITY.id,
        user_auth=True,
        tweet_fields="entities,attachments,created_at",
        expansions="attachments.media_keys",
        media_fields="alt_text",
    )
    post = tweets["data"][0]
    links = post["entities"]["urls"]
    assert post["id"] == tweet["id"]
    assert post["text"] == f"पाहा {links[0]['url']} आज {links[1]['url']}"
    assert links[0]["expanded_url"] == "https://example.org/a?b=1"
    assert post["text"][links[0]["start"] : links[0]["end"]] == links[0]["url"]
    assert len(links[0]["url"]) == 23
    assert tweets["includes"]["media"][0]["alt_text"] == "टाकी"


def test_a_comment_and_the_reply_below_it_are_found_by_mentions_and_search(
    url: str,
) -> None:
    client = x_client(url)
    post = client.create_tweet(text="पाणी बंद")["data"]["id"]
    first = add_comment(url, "x", post, "कधी येणार?")
    second = add_comment(url, "x", first, "आमच्याकडेही नाही", author="ravi_p")
    mentions = client.get_users_mentions(
        CITY.id,
        tweet_fields="conversation_id,referenced_tweets,author_id",
        expansions="author_id",
    )
    assert [tweet["id"] for tweet in mentions["data"]] == [second, first]
    assert {tweet["conversation_id"] for tweet in mentions["data"]} == {post}
    assert mentions["data"][0]["referenced_tweets"] == [{"type": "replied_to", "id": first}]
    assert {user["username"] for user in mentions["includes"]["users"]} == {"asha_k", "ravi_p"}
    queries = {
        f"conversation_id:{post} -from:{CITY.username}": [second, first],
        f"in_reply_to_tweet_id:{post}": [first],
        f"to:{CITY.username}": [first],
        f"(in_reply_to_tweet_id:{post} OR in_reply_to_tweet_id:{first})": [second, first],
        "is:reply": [second, first],
        "नाही": [second],
    }
    for query, expected in queries.items():
        tweets = client.search_recent_tweets(query, max_results=10)
        assert [tweet["id"] for tweet in tweets["data"]] == expected, query


def test_since_id_gives_only_what_is_newer_and_tokens_walk_the_pages(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="मूळ")["data"]["id"]
    ids = [add_comment(url, "x", post, f"टिप्पणी {n}") for n in range(12)]
    assert ids == sorted(ids, key=int)
    newer = client.get_users_mentions(CITY.id, since_id=ids[8], max_results=5)
    assert [tweet["id"] for tweet in newer["data"]] == ids[:8:-1]
    ids_read, token = [], None
    while True:
        page = client.get_users_mentions(CITY.id, max_results=5, pagination_token=token)
        ids_read += [tweet["id"] for tweet in page["data"]]
        token = page["meta"].get("next_token")
        if token is None:
            break
    assert ids_read == ids[::-1]


@pytest.mark.parametrize("part", ["consumer_key", "token", "token_secret", "consumer_secret"])
def test_a_wrong_key_or_secret_is_unauthorized(url: str, part: str) -> None:
    keys = {
        "consumer_key": X_CONSUMER_KEY,
        "consumer_secret": X_CONSUMER_SECRET,
        "token": CITY.token,
        "token_secret": CITY.token_secret,
    }
    keys[part] += "x"
    client = tweepy.Client(
        consumer_key=keys["consumer_key"],
        consumer_secret=keys["consumer_secret"],
        access_token=keys["token"],
        access_token_secret=keys["token_secret"],
    )
    client.session = session(url)
    with pytest.raises(tweepy.Unauthorized):
        client.get_me()


def test_a_signature_for_another_query_is_unauthorized(url: str) -> None:
    auth = OAuth1(X_CONSUMER_KEY, X_CONSUMER_SECRET, CITY.token, CITY.token_secret)
    signed = requests.Request("GET", f"{API}/2/users/me?user.fields=verified", auth=auth).prepare()
    signed.url = str(signed.url).replace("verified", "protected")
    assert session(url).send(signed).status_code == 401


def test_the_app_alone_may_read_mentions_but_not_write(url: str) -> None:
    client = tweepy.Client(bearer_token=X_APP_BEARER, return_type=dict)
    client.session = session(url)
    assert client.get_users_mentions(CITY.id) == {"meta": {"result_count": 0}}
    with pytest.raises(tweepy.Forbidden):
        client.create_tweet(text="x", user_auth=False)


def test_a_repeated_text_is_refused_except_elsewhere_or_after_deletion(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="एकच मजकूर")["data"]["id"]
    with pytest.raises(tweepy.Forbidden) as refused:
        client.create_tweet(text="एकच मजकूर")
    assert refused.value.response.json() == {
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
    }
    client.create_tweet(text="एकच मजकूर", in_reply_to_tweet_id=post)
    x_client(url, WATER).create_tweet(text="एकच मजकूर")
    client.delete_tweet(post)
    client.create_tweet(text="एकच मजकूर")


def test_duplicates_pass_where_the_switch_says_never(url: str) -> None:
    set_switches(url, x_duplicate_hours="0")
    client = x_client(url)
    for _ in range(2):
        client.create_tweet(text="एकच मजकूर")
    assert len(ledger(url, "x")) == 2


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("क" * 280, 280),
        ("क" * 281, 281),
        ("₹" * 141, 282),
        ("🙂" * 140, 280),
        ("क" * 256 + " https://example.org/" + "a" * 300, 280),
        ("👩‍👩‍👧‍👦" * 141, 282),
    ],
)
def test_the_length_is_weighed(url: str, text: str, length: int) -> None:
    assert weighted_length(text) == length
    client = x_client(url)
    if length <= 280:
        client.create_tweet(text=text)
    else:
        with pytest.raises(tweepy.Forbidden):
            client.create_tweet(text=text)
        set_switches(url, x_long_posts="on")
        client.create_tweet(text=text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": " "},
        {"text": "x", "colour": 1},
        {"text": 7},
        {"text": "x", "media": {"media_ids": []}},
        {"text": "x", "media": {"media_ids": ["9"]}},
        {"text": "x", "media": {"media_ids": ["1", "2", "3", "4", "5"]}},
        {"text": "x", "reply": {"in_reply_to_tweet_id": "abc"}},
        {"text": "x", "reply": {"in_reply_to_tweet_id": "1", "more": 1}},
    ],
)
def test_a_body_that_the_description_does_not_allow_is_a_bad_request(
    url: str, body: dict[str, object]
) -> None:
    with pytest.raises(tweepy.BadRequest):
        x_client(url).request("POST", "/2/tweets", json=body, user_auth=True)
    assert ledger(url, "x") == []


def test_another_accounts_media_and_what_is_no_picture_are_refused(url: str) -> None:
    medium = upload(x_client(url, WATER))
    with pytest.raises(tweepy.BadRequest):
        x_client(url).create_tweet(text="x", media_ids=[medium])
    with pytest.raises(tweepy.BadRequest):
        upload(x_client(url), b"%PDF-1.7")


def test_files_upload_as_forms_and_as_json_only_if_the_switch_allows(url: str) -> None:
    auth = OAuth1(X_CONSUMER_KEY, X_CONSUMER_SECRET, CITY.token, CITY.token_secret)
    response = session(url).post(
        f"{API}/2/media/upload",
        auth=auth,
        data={"media_category": "tweet_image"},
        files={"media": ("a.png", picture(kind="PNG"), "image/png")},
    )
    assert response.json()["data"]["image"]["image_type"] == "image/png"
    set_switches(url, x_media_json="off")
    with pytest.raises(tweepy.BadRequest):
        upload(x_client(url))


def test_every_response_names_its_limit_and_one_too_many_when_to_retry(url: str) -> None:
    set_switches(url, x_publish_limit="2")
    client = x_client(url)
    client.return_type = requests.Response
    remaining = [
        client.create_tweet(text=f"पोस्ट {n}").headers["x-rate-limit-remaining"] for n in range(2)
    ]
    assert remaining == ["1", "0"]
    with pytest.raises(tweepy.TooManyRequests) as refused:
        client.create_tweet(text="तिसरी")
    reset = refused.value.reset_time - utc_now().timestamp()
    assert 800 < reset <= 902
    assert refused.value.response.json()["errors"][0]["code"] == 88
    set_switches(url, x_limit_body="problem", x_24h_headers="on")
    with pytest.raises(tweepy.TooManyRequests) as refused:
        client.create_tweet(text="चौथी")
    assert refused.value.response.json()["title"] == "Too Many Requests"
    assert "x-user-limit-24hour-reset" in refused.value.response.headers


@pytest.mark.parametrize(
    ("switch", "text", "allowed"),
    [
        ("off", "कधी?", True),
        ("explicit", "कधी?", False),
        ("explicit", "@sarav_nagar कधी?", True),
        ("any", "कधी?", True),
    ],
)
def test_an_unsummoned_reply_is_refused_only_where_the_switch_says(
    url: str, switch: str, text: str, allowed: bool
) -> None:
    client = x_client(url)
    post = client.create_tweet(text="मूळ")["data"]["id"]
    comment = add_comment(url, "x", post, text)
    set_switches(url, x_not_summoned=switch)
    if allowed:
        client.create_tweet(text="उत्तर", in_reply_to_tweet_id=comment)
    else:
        with pytest.raises(tweepy.Forbidden):
            client.create_tweet(text="उत्तर", in_reply_to_tweet_id=comment)


def test_a_replys_text_carries_the_name_it_answers_unless_switched_off(url: str) -> None:
    client = x_client(url)
    comment = add_comment(url, "x", client.create_tweet(text="मूळ")["data"]["id"], "कधी?")
    tweet = client.create_tweet(text="उद्या", in_reply_to_tweet_id=comment)["data"]
    assert tweet["text"] == "@asha_k उद्या"
    set_switches(url, x_auto_mentions="off")
    tweet = client.create_tweet(text="परवा", in_reply_to_tweet_id=comment)["data"]
    assert tweet["text"] == "परवा"
    assert [entry["text"] for entry in ledger(url, "x")][2:] == ["उद्या", "परवा"]


def test_texts_are_escaped_where_the_switch_says(url: str) -> None:
    client = x_client(url)
    assert client.create_tweet(text="A & B")["data"]["text"] == "A & B"
    set_switches(url, x_html_escaped="on")
    assert client.create_tweet(text="C & D")["data"]["text"] == "C &amp; D"


def test_only_replies_to_own_posts_can_be_hidden_and_only_own_ones_deleted(url: str) -> None:
    client, other = x_client(url), x_client(url, WATER)
    post = client.create_tweet(text="मूळ")["data"]["id"]
    comment = add_comment(url, "x", post, "…")
    assert client.hide_reply(comment) == {"data": {"hidden": True}}
    with pytest.raises(tweepy.Forbidden):
        other.hide_reply(comment)
    with pytest.raises(tweepy.Forbidden):
        client.hide_reply(post)
    with pytest.raises(tweepy.Forbidden):
        other.delete_tweet(post)
    with pytest.raises(tweepy.Forbidden):
        client.delete_tweet(comment)
    assert [entry["hidden"] for entry in ledger(url, "x")] == [False, True]


def test_recent_search_reaches_back_seven_days_only(url: str) -> None:
    old, new = (format_time(utc_now() - timedelta(days=days)) for days in (8, 6))
    post = x_client(url, X_Sandbox_At=old).create_tweet(text="जुनी")["data"]["id"]
    add_comment(url, "x", post, "तेव्हा", at=old)
    comment_id = add_comment(url, "x", post, "नंतर", at=new)
    client = x_client(url)
    tweets = client.search_recent_tweets(f"conversation_id:{post}", max_results=10)
    assert [tweet["id"] for tweet in tweets["data"]] == [comment_id]
    assert len(client.get_users_mentions(CITY.id)["data"]) == 2
    start = utc_now() - timedelta(days=8)
    with pytest.raises(tweepy.BadRequest):
        client.search_recent_tweets("x", start_time=start, max_results=10)
    set_switches(url, x_since_id_window="on")
    with pytest.raises(tweepy.BadRequest):
        client.search_recent_tweets("x", since_id=post, max_results=10)


def test_recent_search_finds_late_where_the_switch_says(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="ताजी")["data"]["id"]
    set_switches(url, x_search_delay="30")
    assert client.search_recent_tweets("ताजी", max_results=10) == {"meta": {"result_count": 0}}
    assert client.get_tweet(post, user_auth=True)["data"]["id"] == post


def test_seeded_posts_carry_their_times_and_stand_in_order(url: str) -> None:
    now = utc_now()
    ids = []
    for days in (3, 1, 2):
        at = format_time(now - timedelta(days=days))
        client = x_client(url, X_Sandbox_At=at)
        ids.append(client.create_tweet(text=f"{days} दिवसांपूर्वी")["data"]["id"])
    tweets = x_client(url).get_users_tweets(CITY.id, user_auth=True, tweet_fields="created_at")
    assert [tweet["id"] for tweet in tweets["data"]] == [ids[1], ids[2], ids[0]]
    days_ago = now - timedelta(days=1)
    assert tweets["data"][0]["created_at"].startswith(days_ago.strftime("%Y-%m-%dT%H:%M"))
    assert all(int(a) > int(b) for a, b in itertools.pairwise([ids[1], ids[2], ids[0]]))


def test_what_is_deleted_is_gone_from_reading_and_stays_in_the_ledger(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="चूक")["data"]["id"]
    client.delete_tweet(post)
    assert client.get_tweet(post, user_auth=True)["errors"][0]["resource_id"] == post
    with pytest.raises(tweepy.NotFound):
        client.delete_tweet(post)
    with pytest.raises(tweepy.Forbidden):
        client.create_tweet(text="y", in_reply_to_tweet_id=post)
    assert [entry["deleted"] for entry in ledger(url, "x")] == [True]


def test_a_seed_time_that_is_none_is_a_bad_request(url: str) -> None:
    with pytest.raises(tweepy.BadRequest):
        x_client(url, X_Sandbox_At="yesterday").create_tweet(text="x")
    assert ledger(url, "x") == []


def test_an_edit_is_no_call_of_its_own_and_one_sent_as_a_post_is_refused(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="चुक")["data"]["id"]
    body = {"text": "चूक", "edit_options": {"previous_post_id": post}}
    with pytest.raises(tweepy.BadRequest):
        client.request("POST", "/2/tweets", json=body, user_auth=True)
    assert [entry["text"] for entry in ledger(url, "x")] == ["चुक"]


def limit_headers(client: tweepy.Client, method: str, path: str, **more: object) -> dict[str, int]:
    """Return the rate-limit headers of a response, also of an error."""
    client.return_type = requests.Response
    try:
        response = client.request(method, path, user_auth=more.pop("signed", True), **more)
    except tweepy.HTTPException as refused:
        response = refused.response
    names = ("limit", "remaining")
    return {name: int(response.headers[f"x-rate-limit-{name}"]) for name in names}


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/2/tweets", 100),
        ("DELETE", "/2/tweets/1", 50),
        ("GET", f"/2/users/{CITY.id}/tweets", 900),
        ("GET", f"/2/users/{CITY.id}/mentions", 300),
        ("GET", "/2/tweets/search/recent?query=x", 300),
        ("GET", "/2/tweets/1", 5000),
        ("PUT", "/2/tweets/1/hidden", 50),
        ("GET", "/2/users/me", 75),
        ("POST", "/2/media/upload", 500),
        ("POST", "/2/media/metadata", 500),
    ],
)
def test_each_of_the_ten_windows_has_its_own_figure_and_counts_for_itself(
    url: str, method: str, path: str, limit: int
) -> None:
    client = x_client(url)
    assert limit_headers(client, method, path) == {"limit": limit, "remaining": limit - 1}
    assert limit_headers(client, method, path) == {"limit": limit, "remaining": limit - 2}
    assert limit_headers(x_client(url, WATER), method, path)["remaining"] == limit - 1
    other = "/2/users/me" if limit != 75 else "/2/tweets/1"
    assert limit_headers(client, "GET", other)["remaining"] in (74, 4999)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (f"/2/users/{CITY.id}/tweets", 10_000),
        (f"/2/users/{CITY.id}/mentions", 450),
        ("/2/tweets/search/recent?query=x", 450),
        ("/2/tweets/1", 3500),
    ],
)
def test_the_app_alone_has_figures_of_its_own(url: str, path: str, limit: int) -> None:
    app = tweepy.Client(bearer_token=X_APP_BEARER)
    app.session = session(url)
    assert limit_headers(app, "GET", path, signed=False)["limit"] == limit
    assert limit_headers(x_client(url), "GET", path)["limit"] != limit


def test_the_fifty_first_deletion_in_a_quarter_of_an_hour_is_one_too_many(url: str) -> None:
    client = x_client(url)
    for _ in range(50):
        with pytest.raises(tweepy.NotFound):
            client.delete_tweet("1")
    with pytest.raises(tweepy.TooManyRequests):
        client.delete_tweet("1")
    later = x_client(url, X_Sandbox_At=format_time(utc_now() + timedelta(minutes=16)))
    with pytest.raises(tweepy.NotFound):
        later.delete_tweet("1")


def test_the_days_limits_stand_on_posts_where_the_switch_says(url: str) -> None:
    client = x_client(url)
    client.return_type = requests.Response
    assert not [h for h in client.create_tweet(text="अ").headers if "24hour" in h]
    set_switches(url, x_24h_headers="on")
    x_client(url, WATER).create_tweet(text="आ")
    headers = client.create_tweet(text="इ").headers
    assert headers["x-app-limit-24hour-remaining"] == "9998"  # both accounts are the app's
    assert headers["x-user-limit-24hour-remaining"] == "2399"
    assert int(headers["x-user-limit-24hour-reset"]) - utc_now().timestamp() > 86_000


def upload_in_chunks(client: tweepy.Client, content: bytes, cuts: list[bytes]) -> str:
    """Upload in chunks, the last one first; return the id, not yet finalized."""
    begun = client.request(
        "POST",
        "/2/media/upload/initialize",
        json={
            "media_type": "image/jpeg",
            "total_bytes": len(content),
            "media_category": "tweet_image",
        },
        user_auth=True,
    ).json()["data"]
    for index, part in reversed(list(enumerate(cuts))):
        body = {"media": base64.b64encode(part).decode(), "segment_index": index}
        client.request("POST", f"/2/media/upload/{begun['id']}/append", json=body, user_auth=True)
    return str(begun["id"])


def test_a_picture_may_come_in_parts_and_its_state_be_asked(url: str) -> None:
    client, content = x_client(url), picture()
    key = upload_in_chunks(client, content, [content[:300], content[300:]])
    ready = client.request("POST", f"/2/media/upload/{key}/finalize", user_auth=True).json()
    assert (ready["data"]["id"], ready["data"]["size"]) == (key, len(content))
    parameters = {"media_id": key, "command": "STATUS"}
    state = client.request("GET", "/2/media/upload", params=parameters, user_auth=True).json()[
        "data"
    ]
    assert state["processing_info"] == {"state": "succeeded", "progress_percent": 100}
    post = client.create_tweet(text="भागांनी", media_ids=[key])["data"]["id"]
    assert post
    assert [medium["digest"] for medium in ledger(url, "x")[0]["media"]]


def test_parts_that_are_not_the_whole_are_no_picture(url: str) -> None:
    client, content = x_client(url), picture()
    key = upload_in_chunks(client, content, [content[:300]])
    with pytest.raises(tweepy.BadRequest):
        client.request("POST", f"/2/media/upload/{key}/finalize", user_auth=True)
    with pytest.raises(tweepy.BadRequest):
        client.create_tweet(text="x", media_ids=[key])
    other = x_client(url, WATER)
    with pytest.raises(tweepy.BadRequest):
        other.request("POST", f"/2/media/upload/{key}/finalize", user_auth=True)
