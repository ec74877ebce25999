"""The address of Facebook's webhooks: who may write there, how much, and that nothing is lost."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from dataclasses import dataclass

import pytest
from flask import Response
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from publisher.models.comments import Webhook
from tests.web.site import BASE_URL, Site, with_settings

APP_SECRET, TOKEN = "app-secret", "फेसबुक आमचे"
PATH = "/webhooks/facebook"
BODY = json.dumps({"object": "page", "entry": []}).encode()
MEGABYTE = 1024 * 1024


@dataclass
class Address:
    """The address, and a client without cookies."""

    site: Site
    client: FlaskClient

    def post(self, body: bytes, **headers: str) -> TestResponse:
        """Send a body with headers, in whose names - stands for _."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.client.post(
            PATH, data=body, headers=named, content_type="application/json", base_url=BASE_URL
        )

    def deliver(self, body: bytes) -> TestResponse:
        """Send a body with its signature."""
        return self.post(body, X_Hub_Signature_256=signature(body))

    def bodies(self) -> list[bytes]:
        """Return the stored bodies."""
        with self.site.city.read() as session:
            return list(session.scalars(select(Webhook.body).order_by(Webhook.id)))


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


@pytest.fixture
def address(any_site: Site) -> Address:
    with_settings(
        any_site,
        facebook_app_id="1",
        facebook_app_secret=APP_SECRET,
        facebook_verify_token=TOKEN,
    )
    return Address(any_site, any_site.app.test_client(use_cookies=False))


def test_a_signed_delivery_is_stored_as_it_came_before_it_is_acknowledged(
    address: Address,
) -> None:
    """Whoever acknowledges before storing loses what was told when the process dies between."""
    stored_at_acknowledgement = []

    def look(response: Response) -> Response:
        stored_at_acknowledgement.append(address.bodies())
        return response

    functions = address.site.app.after_request_funcs[None]
    functions.append(look)
    response = address.deliver(BODY)
    functions.remove(look)
    assert (response.status_code, response.data) == (200, b"")
    assert "Set-Cookie" not in response.headers
    assert stored_at_acknowledgement == [[BODY]]
    assert address.deliver(BODY).status_code == 200
    assert address.bodies() == [BODY]


def test_what_could_not_be_stored_is_not_acknowledged(address: Address) -> None:
    """Facebook then sends it again."""

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO webhooks"):
            raise OSError("the disk is full")

    engine = address.site.city.database.engine
    event.listen(engine, "before_cursor_execute", fail)
    address.site.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert address.deliver(BODY).status_code == 500
    address.site.app.config["PROPAGATE_EXCEPTIONS"] = None
    event.remove(engine, "before_cursor_execute", fail)
    assert address.deliver(BODY).status_code == 200
    assert address.bodies() == [BODY]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        signature(BODY, "another secret"),
        signature(BODY + b" "),
        signature(BODY).removeprefix("sha256="),
        signature(BODY).replace("sha256", "sha1"),
        signature(BODY).upper(),
        f"{signature(BODY)}, {signature(BODY)}",
        f"{signature(BODY)},{signature(BODY, 'another secret')}",
        "sha256=टपाल",
    ],
)
def test_without_exactly_one_right_signature_nothing_is_stored(
    address: Address, header: str | None
) -> None:
    headers = {} if header is None else {"X_Hub_Signature_256": header}
    headers = {name: text.encode().decode("latin-1") for name, text in headers.items()}
    assert address.post(BODY, **headers).status_code == 403
    assert address.bodies() == []


def test_a_signature_may_not_stand_in_another_header(address: Address) -> None:
    digest = "sha1=" + hmac.new(APP_SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    assert address.post(BODY, X_Hub_Signature=digest).status_code == 403


def test_four_megabytes_are_taken_and_more_is_refused_by_its_length(address: Address) -> None:
    largest = BODY.ljust(4 * MEGABYTE)
    assert address.deliver(largest).status_code == 200
    assert address.bodies() == [largest]

    class Unread(io.BytesIO):
        def read(self, *_size: object) -> bytes:
            raise AssertionError("a body that is too long was read")

    response = address.client.post(
        PATH,
        input_stream=Unread(),
        environ_overrides={"CONTENT_LENGTH": str(4 * MEGABYTE + 1)},
        content_type="application/json",
        base_url=BASE_URL,
    )
    assert response.status_code == 413


def test_a_body_in_chunks_is_refused_once_it_is_too_long(address: Address) -> None:
    """Its length is not known before."""
    too_long = BODY.ljust(5 * MEGABYTE)
    response = address.client.post(
        PATH,
        input_stream=io.BytesIO(too_long),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        headers={"X-Hub-Signature-256": signature(too_long), "Transfer-Encoding": "chunked"},
        content_type="application/json",
        base_url=BASE_URL,
    )
    assert response.status_code == 413
    assert address.bodies() == []


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_other_kinds_of_bodies_are_refused_or_taken_and_nothing_breaks(
    address: Address, content_type: str
) -> None:
    response = address.client.post(
        PATH,
        data=BODY,
        headers={"X-Hub-Signature-256": signature(BODY)},
        content_type=content_type,
        base_url=BASE_URL,
    )
    assert response.status_code in (200, 403)
    assert address.bodies() in ([BODY], [])


def test_the_challenge_is_repeated_to_who_knows_the_word(address: Address) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "<b>1158201444"}
    response = address.client.get(PATH, query_string=query, base_url=BASE_URL)
    assert (response.status_code, response.text) == (200, "<b>1158201444")
    assert response.mimetype == "text/plain"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "changed",
    [
        {"hub.verify_token": "another"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
    ],
)
def test_nobody_else_is_answered(address: Address, changed: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1", **changed}
    assert address.client.get(PATH, query_string=query, base_url=BASE_URL).status_code == 403


@pytest.mark.parametrize(
    "missing", ["facebook_app_id", "facebook_app_secret", "facebook_verify_token"]
)
def test_without_its_settings_there_is_no_address(address: Address, missing: str) -> None:
    """An empty token or secret would be everybody's."""
    with_settings(address.site, **{missing: ""})
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    assert address.client.get(PATH, query_string=query, base_url=BASE_URL).status_code == 404
    assert address.post(BODY, X_Hub_Signature_256=signature(BODY, "")).status_code == 404


@pytest.mark.parametrize("platform", ["x", "nobody"])
def test_other_platforms_have_none(address: Address, platform: str) -> None:
    at = f"/webhooks/{platform}"
    assert address.client.post(at, data=BODY, base_url=BASE_URL).status_code == 404
