"""The sandbox's Facebook, through the real client."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import facebook
import pytest
import requests

from sandbox.credentials import FACEBOOK_APP_TOKEN, FACEBOOK_EXPIRED_TOKEN
from sandbox.facebook import responses
from sandbox.now import format_time, utc_now
from tests.sandbox.platform_clients import (
    CITY_PAGE,
    WATER_PAGE,
    add_comment,
    graph,
    ledger,
    picture,
    session,
    set_switches,
)

HERE = Path(__file__).parent
PAGE = CITY_PAGE.id


def photo(api: facebook.GraphAPI, **fields: object) -> str:
    sent = {"published": False, "alt_text_custom": "टाकी", **fields}
    return str(api.put_photo(io.BytesIO(picture()), album_path=f"{PAGE}/photos", **sent)["id"])


def refused(
    code: int, subcode: int | None, act: Callable[..., object], *args: object, **kw: object
) -> None:
    with pytest.raises(facebook.GraphAPIError) as error:
        act(*args, **kw)
    body = error.value.result["error"]
    assert (body["code"], body.get("error_subcode")) == (code, subcode)
    assert all(body[name] for name in ("fbtrace_id", "type", "message"))


def test_two_unpublished_photos_stand_in_one_post_with_their_descriptions(url: str) -> None:
    api = graph(url)
    photos = [photo(api, alt_text_custom=alt) for alt in ("पहिला", "दुसरा")]
    assert api.get_connections(PAGE, "published_posts") == {"data": []}
    media = json.dumps([{"media_fbid": key} for key in photos])
    post = api.put_object(PAGE, "feed", message="पाणी", attached_media=media)["id"]
    stored = api.get_object(post, fields="message,is_published,attachments{subattachments}")
    parts = stored["attachments"]["data"][0]["subattachments"]["data"]
    assert [part["target"]["id"] for part in parts] == photos
    assert [part["description"] for part in parts] == ["पहिला", "दुसरा"]
    assert stored["is_published"] is True
    assert api.get_object(photos[0], fields="alt_text_custom")["alt_text_custom"] == "पहिला"


def test_media_may_be_sent_one_parameter_each(url: str) -> None:
    api = graph(url)
    fields = {"attached_media[0]": json.dumps({"media_fbid": photo(api)})}
    post = api.put_object(PAGE, "feed", message="x", **fields)["id"]
    stored = api.get_object(post, fields="attachments")["attachments"]["data"][0]
    assert stored["media_type"] == "photo"


def test_two_steps_publish_the_same_id_and_the_second_may_be_repeated(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="दोन पायऱ्या", published=False)["id"]
    assert api.get_connections(PAGE, "published_posts")["data"] == []
    feed = api.get_connections(PAGE, "feed", fields="id,is_published")["data"]
    assert feed == [{"id": post, "is_published": False}]
    assert requests.get(f"{url}/facebook/{PAGE}", timeout=5).text.count("दोन पायऱ्या") == 0
    for _ in range(2):
        response = api.request(f"v26.0/{post}", post_args={"is_published": True})
        assert response == {"success": True}
    assert [
        post_row["id"] for post_row in api.get_connections(PAGE, "published_posts")["data"]
    ] == [post]
    assert "दोन पायऱ्या" in requests.get(f"{url}/facebook/{PAGE}", timeout=5).text
    assert [entry["published"] for entry in ledger(url, "facebook")] == [True]


def test_the_second_step_is_refused_where_the_switch_says(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x", published=False)["id"]
    set_switches(url, facebook_two_step="off")
    args = {"is_published": True}
    refused(100, None, api.request, f"v26.0/{post}", post_args=args)


def test_the_second_step_is_answered_and_ignored_where_the_switch_says(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x", published=False)["id"]
    set_switches(url, facebook_two_step="ignored")
    response = api.request(f"v26.0/{post}", post_args={"is_published": True})
    assert response == {"success": True}
    assert api.get_object(post, fields="is_published")["is_published"] is False


def test_page_usage_is_in_the_headers_only_if_the_switch_is_on(url: str) -> None:
    web, address = session(url), f"https://graph.facebook.com/v26.0/{PAGE}"
    sent = {"access_token": CITY_PAGE.token}
    assert "X-Page-Usage" not in web.get(address, params=sent).headers
    set_switches(url, facebook_page_usage="on")
    assert json.loads(web.get(address, params=sent).headers["X-Page-Usage"])["call_count"] == 1


def test_an_edit_changes_the_text_and_the_ledger_keeps_the_first(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="पहिला मजकूर")["id"]
    api.request(f"v26.0/{post}", post_args={"message": "दुसरा मजकूर"})
    assert api.get_object(post)["message"] == "दुसरा मजकूर"
    [entry] = ledger(url, "facebook")
    assert [edit["text_before"] for edit in entry["edits"]] == ["पहिला मजकूर"]


def test_a_deleted_post_is_not_there(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x")["id"]
    assert api.delete_object(post) == {"success": True}
    refused(100, 33, api.get_object, post)
    refused(100, 33, api.delete_object, post)
    assert [entry["deleted"] for entry in ledger(url, "facebook")] == [True]


def test_comments_nested_too_are_read_each_once_and_the_page_answers_one(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x")["id"]
    first = add_comment(url, "facebook", post, "पहिली")
    below = add_comment(url, "facebook", first, "तिच्याखाली", author="Ravi P")
    last = add_comment(url, "facebook", post, "शेवटची")
    response = api.put_comment(below, "उत्तर")["id"]
    read = {"filter": "stream", "limit": 1, "fields": "id,message,from,parent{id},created_time"}
    comments = list(api.get_all_connections(post, "comments", **read))
    assert [comment["id"] for comment in comments] == [first, below, last, response]
    assert [comment.get("parent") for comment in comments] == [
        None,
        {"id": first},
        None,
        {"id": below},
    ]
    assert (comments[1]["from"]["name"], comments[3]["from"]["id"]) == ("Ravi P", PAGE)
    top = api.get_connections(post, "comments", order="reverse_chronological", summary=True)
    assert [comment["id"] for comment in top["data"]] == [last, first]
    assert top["summary"]["total_count"] == 2
    assert [comment["id"] for comment in api.get_connections(first, "comments")["data"]] == [below]


def test_comments_since_a_time_and_both_orders_page_alike(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x")["id"]
    times = [utc_now() - timedelta(hours=5 - n) for n in range(5)]
    ids = [
        add_comment(url, "facebook", post, f"{n}", at=format_time(at)) for n, at in enumerate(times)
    ]
    since = int(times[2].timestamp())
    comments = list(api.get_all_connections(post, "comments", since=since, limit=2))
    assert [comment["id"] for comment in comments] == ids[2:]
    order = "reverse_chronological"
    comments = list(api.get_all_connections(post, "comments", order=order, limit=2))
    assert [comment["id"] for comment in comments] == ids[::-1]


def test_a_hidden_comment_says_so_and_can_be_shown_again(url: str) -> None:
    api = graph(url)
    comment = add_comment(url, "facebook", api.put_object(PAGE, "feed", message="x")["id"], "…")
    for hidden in (True, False):
        api.request(f"v26.0/{comment}", post_args={"is_hidden": hidden})
        assert api.get_object(comment, fields="is_hidden")["is_hidden"] is hidden
    refused(200, None, api.request, f"v26.0/{comment}", post_args={"message": "y"})


def test_the_same_post_in_a_row_is_refused_in_the_way_the_switch_says(url: str) -> None:
    api = graph(url)
    for text in ("अ", "आ", "अ"):
        api.put_object(PAGE, "feed", message=text)
    refused(506, 1455006, api.put_object, PAGE, "feed", message="अ")
    api.put_object(PAGE, "feed", message="अ", published=False)
    set_switches(url, facebook_duplicate="368")
    refused(368, None, api.put_object, PAGE, "feed", message="अ")
    set_switches(url, facebook_duplicate="off")
    api.put_object(PAGE, "feed", message="अ")


def test_an_unpublished_photo_is_gone_after_a_day_unless_a_post_carries_it(url: str) -> None:
    earlier = format_time(utc_now() - timedelta(hours=25))
    then = graph(url, X_Sandbox_At=earlier)
    lost, carried = photo(then), photo(then)
    media = json.dumps([{"media_fbid": carried}])
    then.put_object(PAGE, "feed", message="x", attached_media=media)
    api = graph(url)
    assert api.get_object(carried)["id"] == carried
    refused(100, 33, api.get_object, lost)
    media = json.dumps([{"media_fbid": lost}])
    refused(100, 33, api.put_object, PAGE, "feed", message="y", attached_media=media)
    set_switches(url, facebook_photo_hours="48")
    api.put_object(PAGE, "feed", message="y", attached_media=media)


def test_tokens_are_checked_and_examined(url: str) -> None:
    refused(104, None, graph(url, type(CITY_PAGE)("1", "x", "")).get_object, "me")
    refused(190, None, graph(url, type(CITY_PAGE)("1", "x", "wrong")).get_object, "me")
    expired = graph(url, type(CITY_PAGE)("1", "x", FACEBOOK_EXPIRED_TOKEN))
    refused(190, 463, expired.get_object, "me")
    refused(200, None, graph(url, WATER_PAGE).put_object, PAGE, "feed", message="x")
    app = graph(url, type(CITY_PAGE)("1", "x", FACEBOOK_APP_TOKEN))
    examination = app.request("v26.0/debug_token", {"input_token": CITY_PAGE.token})["data"]
    assert (examination["is_valid"], examination["expires_at"], examination["profile_id"]) == (
        True,
        0,
        PAGE,
    )
    examination = app.request("v26.0/debug_token", {"input_token": FACEBOOK_EXPIRED_TOKEN})["data"]
    assert (examination["is_valid"], examination["error"]["subcode"]) == (False, 463)


def test_another_pages_post_is_not_there(url: str) -> None:
    post = graph(url).put_object(PAGE, "feed", message="x")["id"]
    other = graph(url, WATER_PAGE)
    refused(100, 33, other.get_object, post)
    refused(100, 33, other.put_comment, post, "y")


def test_bad_parameters_are_named(url: str) -> None:
    api = graph(url)
    post = api.put_object(PAGE, "feed", message="x")["id"]
    refused(100, None, api.put_object, PAGE, "feed", published="maybe", message="x")
    refused(100, None, api.put_object, PAGE, "feed", message=" ")
    refused(100, None, api.get_object, post, fields="colour")
    refused(100, None, api.get_connections, post, "comments", filter="all")
    refused(100, None, api.put_object, PAGE, "feed", message="x", attached_media="{")
    refused(324, None, api.put_photo, io.BytesIO(b"x"), album_path=f"{PAGE}/photos")
    refused(2500, None, api.request, f"v26.0/{PAGE}/a/b")


def test_a_planned_post_appears_at_its_time_and_only_within_the_window(url: str) -> None:
    api = graph(url)
    soon, late, far = (
        int((utc_now() + timedelta(minutes=m)).timestamp()) for m in (9, 20, 31 * 24 * 60)
    )
    plan = {"message": "x", "published": False}
    for at in (soon, far, "tomorrow"):
        refused(100, None, api.put_object, PAGE, "feed", scheduled_publish_time=at, **plan)
    post = api.put_object(PAGE, "feed", scheduled_publish_time=late, **plan)["id"]
    assert [
        post_row["id"] for post_row in api.get_connections(PAGE, "scheduled_posts")["data"]
    ] == [post]
    assert api.get_connections(PAGE, "published_posts")["data"] == []
    assert api.get_object(post, fields="is_published")["is_published"] is False
    later = graph(url, X_Sandbox_At=format_time(utc_now() + timedelta(minutes=21)))
    assert later.get_object(post, fields="is_published")["is_published"] is True
    assert later.get_connections(PAGE, "scheduled_posts")["data"] == []


def test_how_far_ahead_a_post_may_be_planned_is_what_the_switch_says(url: str) -> None:
    far = int((utc_now() + timedelta(days=31)).timestamp())
    set_switches(url, facebook_schedule_days="75")
    plan = {"message": "x", "published": False, "scheduled_publish_time": far}
    assert graph(url).put_object(PAGE, "feed", **plan)["id"]


def test_answers_are_json_with_usage_and_the_hour_runs_out_with_80001(url: str) -> None:
    set_switches(url, facebook_call_limit="2")
    web, address = session(url), f"https://graph.facebook.com/v26.0/{PAGE}"
    answers = [web.get(address, params={"access_token": CITY_PAGE.token}) for _ in range(3)]
    assert {response.headers["Content-Type"] for response in answers} == {
        "application/json; charset=UTF-8"
    }
    assert [
        json.loads(response.headers["X-App-Usage"])["call_count"] for response in answers[:2]
    ] == [
        50,
        100,
    ]
    assert answers[2].json()["error"]["code"] == 80001
    [usage] = json.loads(answers[2].headers["X-Business-Use-Case-Usage"])[PAGE]
    assert 55 <= usage["estimated_time_to_regain_access"] <= 60


@pytest.mark.parametrize("code", ["200", "400", "403"])
def test_a_refusal_bears_the_http_code_of_the_switch(url: str, code: str) -> None:
    set_switches(url, facebook_error_http=code)
    address = "https://graph.facebook.com/v26.0/1"
    response = session(url).get(address, params={"access_token": CITY_PAGE.token})
    assert (response.status_code, response.json()["error"]["code"]) == (int(code), 100)


def test_a_new_post_answers_with_the_fields_that_are_asked_for(url: str) -> None:
    post = graph(url).put_object(PAGE, "feed", message="x", fields="permalink_url,created_time")
    assert set(post) == {"id", "permalink_url", "created_time"}
    assert requests.get(post["permalink_url"], timeout=5).status_code == 200


def responses_of_each_kind(url: str) -> dict[str, dict[str, object]]:
    """Return a response of each kind, with every field that the sandbox fills."""
    api = graph(url)
    media = json.dumps([{"media_fbid": photo(api)}])
    post = api.put_object(PAGE, "feed", message="x", attached_media=media)["id"]
    say_first = add_comment(url, "facebook", post, "पहिली")
    below = add_comment(url, "facebook", say_first, "खाली")
    tasks = responses.PAGE_KNOWN - {"tasks"}
    return {
        "PagePost": api.get_object(post, fields=",".join(responses.POST_KNOWN)),
        "Comment": api.get_object(below, fields=",".join(responses.COMMENT_KNOWN)),
        "Photo": api.get_object(photo(api), fields=",".join(responses.PHOTO_KNOWN)),
        "Page": api.get_object(PAGE, fields=",".join(tasks)),
    }


def test_every_field_stands_in_the_extract_written_by_hand(url: str) -> None:
    extract = json.loads((HERE / "spec_extract_facebook.json").read_text())
    for kind, response in responses_of_each_kind(url).items():
        names = set(extract[kind]) | set(extract.get(f"{kind} edges", []))
        assert set(response) <= names, kind


def facebook_list(kind: str) -> dict[str, list[dict[str, object]]]:
    """Return Facebook's own list for a kind of object, if it lies beside the repository."""
    beside = HERE.parents[1].parent / "shared" / "specs"
    file = Path(os.environ.get("NAGARVANI_SPECS", beside)) / "facebook" / f"{kind}.json"
    if not file.exists():
        pytest.skip(f"Facebook's lists do not lie at {file.parent} (NAGARVANI_SPECS)")
    extract: dict[str, list[dict[str, object]]] = json.loads(file.read_text())
    return extract


def test_every_field_stands_in_facebooks_own_lists(url: str) -> None:
    for kind, response in responses_of_each_kind(url).items():
        listed = facebook_list(kind)
        names = {str(field["name"]) for field in listed["fields"]}
        names |= {str(edge["endpoint"]) for edge in listed["apis"] if "endpoint" in edge}
        assert set(response) <= names, kind


def test_every_parameter_stands_in_facebooks_own_lists() -> None:
    extract = json.loads((HERE / "spec_extract_facebook.json").read_text())["parameters"]
    places = {
        "feed": ("Page", "POST", "feed"),
        "photos": ("Page", "POST", "photos"),
        "comments": ("PagePost", "GET", "comments"),
        "post": ("PagePost", "POST", None),
        "comment": ("Comment", "POST", None),
    }
    for name, (kind, method, edge) in places.items():
        listed = facebook_list(kind)["apis"]
        [call] = [a for a in listed if (a["method"], a.get("endpoint")) == (method, edge)]
        names = {str(parameter["name"]) for parameter in cast(list[dict[str, str]], call["params"])}
        assert set(extract[name]) <= names, name
