"""What the sandbox's X may do as well: process an animation for a while, and ignore fields."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
import tweepy
from PIL import Image

from sandbox.now import format_time, utc_now
from tests.sandbox.platform_clients import CITY, set_switches, x_client


def upload_animation(client: tweepy.Client) -> dict[str, dict[str, object]]:
    file = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    body = {"media": base64.b64encode(file.getvalue()).decode(), "media_category": "tweet_gif"}
    response = client.request("POST", "/2/media/upload", json=body, user_auth=True).json()
    data: dict[str, dict[str, object]] = response["data"]
    return data


def test_an_animation_is_processed_before_a_post_may_carry_it(url: str) -> None:
    set_switches(url, x_gif_seconds="60")
    client = x_client(url)
    medium = upload_animation(client)
    assert medium["processing_info"]["state"] == "in_progress"
    assert medium["processing_info"]["check_after_secs"] == 1
    with pytest.raises(tweepy.BadRequest, match="media"):
        client.create_tweet(text="चित्र", media_ids=[medium["id"]])
    client.session.headers["X-Sandbox-At"] = format_time(utc_now() + timedelta(minutes=2))
    status = {"command": "STATUS", "media_id": medium["id"]}
    later = client.request("GET", "/2/media/upload", status, user_auth=True).json()["data"]
    assert later["processing_info"]["state"] == "succeeded"
    assert client.create_tweet(text="चित्र", media_ids=[medium["id"]])["data"]["id"]


def test_fields_may_be_ignored_under_either_name(url: str) -> None:
    set_switches(url, x_fields="ignored")
    client = x_client(url)
    post = client.create_tweet(text="पाणी बंद")["data"]
    for parameter in ("tweet.fields", "post.fields"):
        asked = {parameter: "created_at,author_id"}
        answer = client.request("GET", f"/2/users/{CITY.id}/tweets", asked, user_auth=True).json()
        (shown,) = answer["data"]
        assert set(shown) - {"edit_history_post_ids", "edit_history_tweet_ids"} == {"id", "text"}
        assert shown["id"] == post["id"]
