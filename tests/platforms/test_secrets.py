"""No secret leaves in an address, and none reaches a log, an error or a receipt."""

from __future__ import annotations

import logging

import pytest

from publisher.platforms.base.protocol import OutcomeUnknown, Platform
from publisher.platforms.http.mask import LIBRARIES, Mask
from tests.platforms.platform_setups import CREDENTIALS, deadline
from tests.platforms.stub import Stub, http_response, reset
from tests.platforms.stubbed import NOTICE, NOW, open_at

SECRETS = [
    value for parts in CREDENTIALS.values() for value in parts.values() if not value.isdecimal()
]


def test_no_token_travels_in_an_address(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    stub.plan(
        http_response({"data": []}), http_response({"id": CREDENTIALS["facebook"]["page_id"]})
    )
    platform.look_up(NOTICE.outgoing, since=NOW)
    assert platform.check().ok
    token = CREDENTIALS["facebook"]["page_token"].encode()
    for request in stub.requests:
        assert token not in request.partition(b"\r\n")[0]
        assert b"Authorization: Bearer " + token in request


def test_no_secret_reaches_a_log_an_error_or_a_receipt(
    platform: Platform, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"id": "77", "data": {"id": "77"}, "echo": SECRETS, "next": "/a?access_token=elsewhere"}
    echo = http_response(body)
    stub.plan(
        echo,
        http_response(body, 500),
        http_response(body, 403),
        reset,
        http_response(body | {"data": []}),
    )
    texts = [platform.publish(NOTICE, deadline=deadline()).answer]
    with pytest.raises(OutcomeUnknown) as error:
        platform.publish(NOTICE, deadline=deadline())
    texts += [error.value.detail, platform.check().detail, platform.check().detail]
    platform.look_up(NOTICE.outgoing, since=NOW)
    assert all(texts)
    texts += [record.getMessage() for record in caplog.records]
    for secret in (*own_secrets(platform), "elsewhere"):
        assert [text for text in texts if secret in text] == []


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
@pytest.mark.parametrize("name", CREDENTIALS)
def test_the_libraries_log_warnings_only_at_every_level_of_ours(
    name: str, level: int, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    """Below that they print bodies, tokens and signatures."""
    caplog.set_level(level)
    for library in (*LIBRARIES, "urllib3.connection", "urllib3.connectionpool"):
        logging.getLogger(library).setLevel(level)
    platform = open_at(name, stub.url)
    stub.plan(http_response({"id": "77", "data": {"id": "77"}}))
    stub.default = http_response({"data": []})
    platform.publish(NOTICE, deadline=deadline())
    platform.look_up(NOTICE.outgoing, since=NOW)
    assert caplog.records == []
    for module in ("tweepy.client", "requests_oauthlib.oauth1_auth", "oauthlib.oauth1.rfc5849"):
        assert logging.getLogger(module).getEffectiveLevel() == logging.WARNING


def test_tweepy_would_print_the_body(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise the test above proves nothing."""
    platform = open_at("x", stub.url)
    stub.plan(http_response({"data": {"id": "77"}}))
    with caplog.at_level(logging.DEBUG, "tweepy"):
        platform.publish(NOTICE, deadline=deadline())
    assert "पाणी बंद" in caplog.text


def test_a_warning_of_the_connections_names_no_address(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform = open_at("x", stub.url)
    response = http_response({"data": {"id": "77", "username": "a"}}, headers={"X-A": "b\r\n c: d"})
    stub.plan(response.replace(b"X-A", b"X-A\r\n: :\r\nX-B"))
    platform.check()
    assert caplog.records == []


def own_secrets(platform: Platform) -> list[str]:
    return [value for value in CREDENTIALS[platform.name].values() if not value.isdecimal()]


def test_the_mask_hides_a_secret_in_every_form() -> None:
    mask = Mask(["a/b+c"])
    assert mask("x a/b+c y a%2Fb%2Bc") == "x ••• y •••"
    assert mask("?access_token=abc&x=1") == "?access_token=•••&x=1"
    assert mask('{"access_token": "abc"}') == '{"access_token": "•••"}'
