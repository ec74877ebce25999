"""The sandbox's X responses conform to X's own OpenAPI description."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import jsonschema
import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.credentials import X_CONSUMER_KEY, X_CONSUMER_SECRET
from tests.sandbox.platform_clients import CITY, Json, add_comment, picture, session, x_client

HERE = Path(__file__).parent
API = "https://api.twitter.com"
EVERY = {
    "tweet.fields": "created_at,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,"
    "entities,attachments,lang,public_metrics,reply_settings,possibly_sensitive",
    "expansions": "author_id,referenced_tweets.id,in_reply_to_user_id,attachments.media_keys,"
    "entities.mentions.username",
    "user.fields": "created_at,description,protected,verified,verified_type,public_metrics,"
    "subscription_type",
    "media.fields": "alt_text,url,width,height",
}
# The kind of answer, and the name of its schema in X's description.
SCHEMAS = {
    "created": "CreatePostsResponse",
    "one": "GetPostsByIdResponse",
    "many": "SearchPostsRecentResponse",
    "me": "GetUsersMeResponse",
    "deleted": "DeletePostsResponse",
    "hidden": "HidePostsReplyResponse",
    "uploaded": "MediaUploadResponse",
    "begun": "InitializeMediaUploadResponse",
    "appended": "AppendMediaUploadResponse",
    "finalized": "FinalizeMediaUploadResponse",
    "state": "GetMediaUploadStatusResponse",
    "described": "CreateMediaMetadataResponse",
    "invalid": "InvalidRequestProblem",
}
# Both "errors" of a refusal are seen on the wire and stand in no schema.
BESIDE_THE_SPEC = {("InvalidRequestProblem", "errors")}


class SigningClient:
    """Sends signed requests, and collects the responses by kind."""

    def __init__(self, url: str) -> None:
        self.session = session(url)
        self.kept: list[tuple[str, Json]] = []
        self.auth = OAuth1(X_CONSUMER_KEY, X_CONSUMER_SECRET, CITY.token, CITY.token_secret)

    def __call__(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        json: Json | None = None,
        params: dict[str, str] | None = None,
    ) -> Json:
        response = self.session.request(
            method, API + path, auth=self.auth, json=json, params=params
        )
        body: Json = response.json()
        self.kept.append((kind, body))
        return body


@pytest.fixture
def answers(url: str) -> list[tuple[str, Json]]:
    """Collect one or more responses of every kind that the product reads."""
    call = SigningClient(url)
    fields = {**EVERY}
    media = base64.b64encode(picture()).decode()
    body: Json = {"media": media, "media_category": "tweet_image"}
    upload = call("uploaded", "POST", "/2/media/upload", json=body)["data"]["id"]
    upload_in_chunk(call, picture("navy"))
    alt = {"id": upload, "metadata": {"alt_text": {"text": "पाण्याची टाकी"}}}
    call("described", "POST", "/2/media/metadata", json=alt)
    text = "पाणी बंद: https://example.org/mr आणि #पुणे @sarav_pani"
    body = {"text": text, "media": {"media_ids": [upload]}}
    post = call("created", "POST", "/2/tweets", json=body)["data"]["id"]
    comment = add_comment(url, "x", post, "किती वाजता?")
    body = {"text": "सहा वाजता", "reply": {"in_reply_to_tweet_id": comment}}
    reply = call("created", "POST", "/2/tweets", json=body)["data"]["id"]
    call("one", "GET", f"/2/tweets/{reply}", params=fields)
    call("one", "GET", "/2/tweets/1", params=fields)
    call("many", "GET", "/2/tweets", params={"ids": f"{post},1", **fields})
    call("many", "GET", f"/2/users/{CITY.id}/tweets", params=fields)
    call("many", "GET", f"/2/users/{CITY.id}/mentions", params=fields)
    query = {"query": f"conversation_id:{post}", **fields}
    call("many", "GET", "/2/tweets/search/recent", params=query)
    nothing = {"query": "in_reply_to_tweet_id:1", **fields}
    call("many", "GET", "/2/tweets/search/recent", params=nothing)
    call("me", "GET", "/2/users/me", params={"user.fields": EVERY["user.fields"]})
    call("hidden", "PUT", f"/2/tweets/{comment}/hidden", json={"hidden": True})
    call("deleted", "DELETE", f"/2/tweets/{reply}")
    call("invalid", "POST", "/2/tweets", json={"text": "x", "status": "y"})
    call("invalid", "GET", "/2/tweets/search/recent", params={"query": "near:pune"})
    return call.kept


def upload_in_chunk(call: SigningClient, content: bytes) -> None:
    """Upload in one chunk, and collect the responses."""
    about: Json = {"media_type": "image/jpeg", "media_category": "tweet_image"}
    body = {**about, "total_bytes": len(content)}
    key = call("begun", "POST", "/2/media/upload/initialize", json=body)["data"]["id"]
    part: Json = {"media": base64.b64encode(content).decode(), "segment_index": 0}
    call("appended", "POST", f"/2/media/upload/{key}/append", json=part)
    call("finalized", "POST", f"/2/media/upload/{key}/finalize")
    parameters = {"media_id": key, "command": "STATUS"}
    call("state", "GET", "/2/media/upload", params=parameters)


def test_every_answer_keeps_to_the_extract_written_by_hand(answers: list[tuple[str, Json]]) -> None:
    extract = json.loads((HERE / "spec_extract_x.json").read_text())
    for kind, response in answers:
        schema = {**extract["answers"][kind], "definitions": extract["definitions"]}
        jsonschema.validate(response, schema)
    assert {kind for kind, _ in answers} == set(SCHEMAS)


def test_the_extract_refuses_an_answer_with_a_missing_id() -> None:
    extract = json.loads((HERE / "spec_extract_x.json").read_text())
    schema = {**extract["answers"]["created"], "definitions": extract["definitions"]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"data": {"text": "x"}}, schema)


def full_description() -> Json:
    """Return X's whole description, if it lies beside the repository."""
    beside = HERE.parents[1].parent / "shared" / "specs"
    file = Path(os.environ.get("NAGARVANI_SPECS", beside)) / "x-openapi.json"
    if not file.exists():
        pytest.skip(f"X's full description does not lie at {file} (NAGARVANI_SPECS)")
    spec: Json = json.loads(file.read_text())
    return spec


NEW_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "tweets": "posts",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
}


def in_new_names(value: object) -> object:
    """Return a response with the names of X's newest description."""
    if isinstance(value, list):
        return [in_new_names(part) for part in value]
    if isinstance(value, dict):
        return {NEW_NAMES.get(name, name): in_new_names(part) for name, part in value.items()}
    return value


def unknown_names(spec: Json, schema: Json, value: object, path: str) -> list[str]:
    """Return the names in a response that its schema does not list."""
    while "$ref" in schema:
        path = str(schema["$ref"]).rpartition("/")[2]
        schema = spec["components"]["schemas"][path]
    if isinstance(value, list) and "items" in schema:
        items = schema["items"]
        return [n for part in value for n in unknown_names(spec, items, part, path)]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return []
    wrong = [
        f"{path}.{n}" for n in value if n not in properties and (path, n) not in BESIDE_THE_SPEC
    ]
    inner = ((properties[n], part) for n, part in value.items() if n in properties)
    return wrong + [
        n for part, inner_value in inner for n in unknown_names(spec, part, inner_value, path)
    ]


def test_every_answer_validates_against_the_full_description(
    answers: list[tuple[str, Json]],
) -> None:
    spec = full_description()
    for kind, response in answers:
        schema: Json = {"$ref": f"#/components/schemas/{SCHEMAS[kind]}"}
        renamed = in_new_names(response)
        jsonschema.Draft4Validator({**schema, "components": spec["components"]}).validate(renamed)
        assert unknown_names(spec, schema, renamed, kind) == []


def test_a_name_outside_the_full_description_is_found() -> None:
    spec = full_description()
    schema: Json = {"$ref": "#/components/schemas/CreatePostsResponse"}
    wrong = {"data": {"id": "1", "text": "x", "colour": "teal"}}
    assert unknown_names(spec, schema, wrong, "") == ["CreatePostsResponseData.colour"]


def test_the_newer_names_are_spoken_where_they_are_asked_for(url: str) -> None:
    client = x_client(url)
    post = client.create_tweet(text="नमस्कार")["data"]["id"]
    client.create_tweet(text="आणखी", in_reply_to_tweet_id=post)
    auth = OAuth1(X_CONSUMER_KEY, X_CONSUMER_SECRET, CITY.token, CITY.token_secret)
    params = {"post.fields": "created_at,referenced_posts", "expansions": "referenced_posts"}
    response: requests.Response = session(url).get(
        f"{API}/2/users/{CITY.id}/tweets", params=params, auth=auth
    )
    newest = response.json()["data"][0]
    assert newest["referenced_posts"] == [{"type": "replied_to", "id": post}]
    assert newest["edit_history_post_ids"] == [newest["id"]]
    assert [post["id"] for post in response.json()["includes"]["posts"]] == [post]
