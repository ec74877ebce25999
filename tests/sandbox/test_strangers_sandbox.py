"""Others delete or edit posts on the platform, without the product."""

from __future__ import annotations

import facebook
import pytest
import requests

from tests.sandbox.platform_clients import CITY_PAGE, graph, ledger, x_client


def change_elsewhere(url: str, **sent: str | None) -> requests.Response:
    return requests.post(f"{url}/strangers", json=sent, timeout=5)


def test_a_stranger_deletes_on_either_platform(url: str) -> None:
    x = x_client(url).create_tweet(text="पाणी बंद")["data"]["id"]
    api = graph(url)
    post = api.put_object(CITY_PAGE.id, "feed", message="पाणी बंद")["id"]
    for platform, key in (("x", x), ("facebook", post)):
        assert change_elsewhere(url, platform=platform, id=key).json() == {"done": True}
        assert [entry["deleted"] for entry in ledger(url, platform)] == [True]
    assert x_client(url).get_tweet(x, user_auth=True)["errors"]
    with pytest.raises(facebook.GraphAPIError):
        api.get_object(post)


def test_a_strangers_edit_on_facebook_keeps_the_earlier_text_in_the_ledger(url: str) -> None:
    api = graph(url)
    post = api.put_object(CITY_PAGE.id, "feed", message="पहिला")["id"]
    change_elsewhere(url, platform="facebook", id=post, text="दुसरा").raise_for_status()
    assert api.get_object(post)["message"] == "दुसरा"
    [entry] = ledger(url, "facebook")
    assert [edit["text_before"] for edit in entry["edits"]] == ["पहिला"]


@pytest.mark.parametrize(
    ("platform", "key", "text", "field"),
    [
        ("x", "1", None, "id"),
        ("mastodon", "1", None, "id"),
        ("x", "1", "दुसरा", "text"),
        ("facebook", "1", " ", "text"),
    ],
)
def test_what_a_stranger_cannot_do_is_named(
    url: str, platform: str, key: str, text: str | None, field: str
) -> None:
    response = change_elsewhere(url, platform=platform, id=key, text=text)
    assert (response.status_code, response.json()) == (400, {"error": field})
