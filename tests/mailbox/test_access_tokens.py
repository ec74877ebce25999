"""Signing in to the mailbox by OAuth: a token endpoint on loopback, and a real Dovecot."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from publisher.mail.mailbox.access_tokens import AccessTokens
from publisher.mail.mailbox.imap import (
    MailboxSignInRefused,
    MailboxUnreachable,
    imap_server,
    open_mailbox,
)
from publisher.mail.mailbox.reader import AFTER_REFUSAL, MailboxReading, tick_mailbox
from publisher.models.mailbox import Mailbox
from publisher.operations.mail_checks import check_mailbox
from publisher.settings.mailbox import MailboxTokenSettings
from tests.support import dovecot, webserver
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.mailed import intake_of
from tests.support.webserver import Reply, WebServer

SECRET, REFRESH = "client-secret-word", "refresh-token-word"


@dataclasses.dataclass
class TokenEndpoint:
    """A token endpoint, and our tokens from there; `at` is the time."""

    site: WebServer
    at: datetime = NOON

    def tokens(self, *, refresh_token: str = REFRESH, scope: str = "") -> AccessTokens:
        settings = MailboxTokenSettings(
            self.site.url("/token"), "desk", SECRET, refresh_token, scope
        )
        return AccessTokens(settings, now=lambda: self.at, monotonic=lambda: 0.0)

    def answer(self, code: int = 200, **fields: object) -> None:
        self.site.replies["/token"] = Reply(json.dumps(fields).encode(), code, "application/json")

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(body)) for body in self.site.bodies]


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with webserver.serving() as site:
        yield TokenEndpoint(site)


def test_a_token_is_fetched_by_the_refresh_token_and_kept_until_it_ends(
    endpoint: TokenEndpoint,
) -> None:
    endpoint.answer(access_token="first", expires_in=3600)
    tokens = endpoint.tokens()
    assert [tokens.token(), tokens.token()] == ["first", "first"]
    client = {"client_id": "desk", "client_secret": SECRET}
    grant = {"grant_type": "refresh_token", "refresh_token": REFRESH}
    assert endpoint.forms() == [{**client, **grant}]
    endpoint.answer(access_token="second", expires_in="3600")
    endpoint.at += timedelta(minutes=58)
    assert tokens.token() == "first"
    endpoint.at += timedelta(minutes=1)
    assert tokens.token() == "second"
    tokens.forget()
    endpoint.answer(access_token="third")
    assert tokens.token() == "third"


@pytest.mark.parametrize("life", [10**15, "9" * 5_000, -5, None])
def test_a_life_that_no_token_has_ends_within_a_day(endpoint: TokenEndpoint, life: object) -> None:
    endpoint.answer(access_token="first", expires_in=life)
    tokens = endpoint.tokens()
    assert tokens.token() == "first"
    endpoint.answer(access_token="second", expires_in=3600)
    endpoint.at += timedelta(days=1)
    assert tokens.token() == "second"


def test_a_clock_that_is_turned_back_fetches_a_new_token(endpoint: TokenEndpoint) -> None:
    endpoint.answer(access_token="first", expires_in=3600)
    tokens = endpoint.tokens()
    tokens.token()
    endpoint.answer(access_token="second", expires_in=3600)
    endpoint.at -= timedelta(hours=2)
    assert tokens.token() == "second"


def test_without_a_refresh_token_the_app_itself_is_granted_the_scope(
    endpoint: TokenEndpoint,
) -> None:
    endpoint.answer(access_token="first", expires_in=3600, refresh_token="unasked")
    scope = "https://outlook.office365.com/.default"
    tokens = endpoint.tokens(refresh_token="", scope=scope)
    tokens.token()
    tokens.forget()
    tokens.token()
    client = {"client_id": "desk", "client_secret": SECRET}
    assert endpoint.forms() == [{**client, "grant_type": "client_credentials", "scope": scope}] * 2


def test_a_renewed_refresh_token_counts_from_then_on(endpoint: TokenEndpoint) -> None:
    endpoint.answer(access_token="first", refresh_token="renewed")
    tokens = endpoint.tokens()
    tokens.token()
    tokens.forget()
    tokens.token()
    assert [form["refresh_token"] for form in endpoint.forms()] == [REFRESH, "renewed"]


@pytest.mark.parametrize(
    ("code", "error", "advice"),
    [
        (400, "invalid_grant", "invalid_grant (the refresh token is expired or revoked"),
        (401, "invalid_client", "client id or client secret is wrong"),
        (400, "invalid_scope", "the scope is wrong"),
    ],
)
def test_a_refusal_says_what_to_do(
    endpoint: TokenEndpoint, code: int, error: str, advice: str
) -> None:
    endpoint.answer(code, error=error, error_description="AADSTS70000: …")
    with pytest.raises(MailboxSignInRefused) as refusal:
        endpoint.tokens().token()
    assert advice in str(refusal.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>down</html>", 503),
        Reply(b"<html>sign in to the hotspot</html>"),
        Reply(json.dumps({"token_type": "Bearer"}).encode()),
        Reply(b"", 302, headers={"Location": "https://elsewhere.example/token"}),
    ],
)
def test_an_endpoint_out_of_order_is_a_mailbox_out_of_reach(
    endpoint: TokenEndpoint, reply: Reply
) -> None:
    endpoint.site.replies["/token"] = reply
    with pytest.raises(MailboxUnreachable) as problem:
        endpoint.tokens().token()
    assert not isinstance(problem.value, MailboxSignInRefused)


def test_no_secret_is_repeated_in_an_error_or_a_log(
    endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint.answer(400, error="strange", error_description=f"{SECRET} with {REFRESH} is not known")
    with pytest.raises(MailboxSignInRefused) as refusal:
        endpoint.tokens().token()
    for secret in (SECRET, REFRESH):
        assert secret not in f"{refusal.value!r} {caplog.text}"


def test_a_refused_token_is_told_by_doctor_and_tried_again_later(
    town: City, endpoint: TokenEndpoint
) -> None:
    url = "imap://cell%40pmc.example@127.0.0.1:9"
    endpoint.answer(400, error="invalid_grant")
    server = imap_server(url, tokens=endpoint.tokens())
    reading = MailboxReading(town.database, server, intake_of(town.store), lambda: NOON)
    assert tick_mailbox(reading, waits=False) == 0
    finding = check_mailbox(town.database, url, now=NOON)
    assert (finding.code, finding.ok) == ("mailbox_failing", False)
    problem = str(finding.values["problem"])
    assert "the refresh token is expired or revoked; make a new one" in problem
    with town.read() as session:
        assert session.scalars(select(Mailbox.leased_until)).one() == NOON + AFTER_REFUSAL


needs_dovecot = pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing())


@pytest.mark.proof
@needs_dovecot
def test_dovecot_takes_a_token_and_a_refused_one_is_fetched_anew(
    endpoint: TokenEndpoint,
) -> None:
    accepts = Reply(json.dumps({"active": True, "user": dovecot.NAME}).encode(), kind="text/json")
    endpoint.site.replies["/introspection?token=valid"] = accepts
    endpoint.site.replies["/introspection?token=revoked"] = Reply(b'{"active": false}')
    with dovecot.serving(introspection=endpoint.site.url("/introspection?token=")) as server:
        server.deliver(b"From: a@pmc.example\r\nSubject: one\r\n\r\nhello\r\n")
        tokens = endpoint.tokens()
        own = dataclasses.replace(imap_server(server.url, tokens=tokens), password="")
        endpoint.answer(access_token="revoked", expires_in=3600)
        with (
            pytest.raises(MailboxSignInRefused, match="the access token was refused") as refusal,
            open_mailbox(own),
        ):
            pass
        assert "revoked" not in str(refusal.value)
        endpoint.answer(access_token="valid", expires_in=3600)
        for _time in range(2):
            with open_mailbox(own) as mailbox:
                assert len(list(mailbox.listed_after(0))) == 1
    assert len(endpoint.forms()) == 2
