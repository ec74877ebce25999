"""Wrong responses and slow networks, byte by byte, and the errors they result in."""

from __future__ import annotations

import hmac
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    Deadline,
    OutcomeUnknown,
    Platform,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import MENTIONS, CommentSource, HealthProblem
from publisher.platforms.capabilities import Installation
from publisher.platforms.facebook.api import FacebookCredentials
from publisher.platforms.facebook.platform import FacebookPlatform
from publisher.platforms.registry import UnknownPlatform, open_platform
from publisher.platforms.x.api import XCredentials
from tests.platforms.platform_setups import CREDENTIALS, deadline, picture
from tests.platforms.stub import Stub, drip, hang_up, http_response, reset
from tests.platforms.stubbed import NOTICE, NOW, created_response, epoch, open_at


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sorry</html>",
        b'{"data": {"id": "7',
        b"[]",
        b"null",
        b'"77"',
        b"{}",
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("code", [200, 201])
def test_a_senseless_success_of_a_creation_is_unknown(
    platform: Platform, stub: Stub, body: bytes, code: int
) -> None:
    stub.plan(http_response(body, code))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("id_there", [None, "", [], {}, True])
def test_a_success_without_an_id_is_unknown(
    platform: Platform, stub: Stub, id_there: object
) -> None:
    stub.plan(http_response({"data": {"id": id_there}, "id": id_there}))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504, 302, 307, 100, 299])
def test_a_server_in_trouble_leaves_the_outcome_unknown(
    platform: Platform, stub: Stub, code: int
) -> None:
    stub.plan(http_response(b"<html>Bad Gateway</html>", code, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(1))
    assert len(stub.requests) == 1


def test_a_reason_given_with_a_5xx_is_not_believed(platform: Platform, stub: Stub) -> None:
    body = {"error": {"code": 506, "message": "duplicate"}, "detail": "duplicate content"}
    stub.plan(http_response(body, 500))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize(
    "behave",
    [
        reset,
        hang_up,
        lambda connection: connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Le"),
        lambda connection: connection.sendall(b"\x00\x01nonsense\r\n\r\n"),
        lambda connection: connection.sendall(http_response({"id": "77"}, 201)[:-3]),
        lambda connection: connection.sendall(
            b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n'
        ),
        lambda connection: connection.sendall(
            b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"
        ),
        lambda connection: connection.sendall(
            http_response(b"not gzip", 201, {"Content-Encoding": "gzip"})
        ),
    ],
    ids=[
        "reset",
        "closed",
        "half a head",
        "nonsense",
        "cut short",
        "cut chunk",
        "less than nothing",
        "not gzip",
    ],
)
def test_a_connection_that_breaks_after_writing_leaves_the_outcome_unknown(
    platform: Platform, stub: Stub, behave: Callable[[socket.socket], None]
) -> None:
    stub.plan(behave)
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(5))
    assert len(stub.requests) == 1


def test_a_response_after_an_interim_one_is_not_taken_for_the_next_request(
    platform: Platform, stub: Stub
) -> None:
    late = created_response(platform).replace(b"77", b"11")
    stub.plan(b"HTTP/1.1 103 Early Hints\r\n\r\n" + late, created_response(platform))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline())
    assert "77" in platform.publish(NOTICE, deadline=deadline()).platform_id
    assert stub.connections == 2


def test_a_date_out_of_all_bounds_spoils_no_answer(platform: Platform, stub: Stub) -> None:
    date = "Wed, 25 Nov 2026 09:00:00 +99999999999999999999"
    response = created_response(platform).replace(
        b"Content-Type", f"Date: {date}\r\nContent-Type".encode()
    )
    stub.plan(response)
    assert "77" in platform.publish(NOTICE, deadline=deadline()).platform_id


@pytest.mark.parametrize("head_only", [True, False])
def test_an_answer_that_drips_cannot_outlast_the_deadline(
    platform: Platform, stub: Stub, head_only: bool
) -> None:
    whole = created_response(platform)
    head, _, body = whole.partition(b"\r\n\r\n")

    def behave(connection: socket.socket) -> None:
        if not head_only:
            connection.sendall(head + b"\r\n\r\n")
        drip(head if head_only else body, stub.is_closed, 0.2)(connection)

    stub.plan(behave)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(1))
    assert time.monotonic() - began < 3


def test_a_silent_server_is_given_up_at_the_deadline(platform: Platform, stub: Stub) -> None:
    stub.plan(drip(b"HTTP", stub.is_closed, 10))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(0.5))
    assert time.monotonic() - began < 3
    stub.is_closed.set()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "https://x_पुणे_.example"]
)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_where_no_connection_comes_about_nothing_has_left(name: str, url: str) -> None:
    with pytest.raises(TryLater):
        open_at(name, url).publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_server_that_takes_no_connection_is_given_up_at_the_deadline(name: str) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for connection in (first, second):
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(TryLater):
            open_at(name, url).publish(NOTICE, deadline=deadline(0.5))
        assert time.monotonic() - began < 3


def test_a_server_without_the_right_certificate_gets_nothing(stub: Stub) -> None:
    for name in CREDENTIALS:
        stub.plan(hang_up)
        platform = open_at(name, stub.url.replace("http:", "https:"))
        with pytest.raises(TryLater):
            platform.publish(NOTICE, deadline=deadline(0.5))
    assert stub.requests == []


@dataclass
class JumpingClock:
    """A clock that jumps far ahead after this many calls."""

    looks: int

    def __call__(self) -> float:
        self.looks -= 1
        return 0.0 if self.looks >= 0 else 1_000.0


def test_a_deadline_that_passes_while_connecting_lets_nothing_out(
    platform: Platform, stub: Stub
) -> None:
    # One look makes the deadline, one finds how long the connections rested, one lets it connect;
    # the next comes right before writing.
    until = Deadline.after(10, JumpingClock(3))
    with pytest.raises(TryLater):
        platform.publish(NOTICE, deadline=until)
    until_connected = time.monotonic() + 5
    while not stub.connections and time.monotonic() < until_connected:
        time.sleep(0.01)
    assert stub.connections == 1
    assert stub.requests == []


def test_a_deadline_that_passes_on_a_connection_kept_open_lets_nothing_out(
    platform: Platform, stub: Stub
) -> None:
    stub.plan(created_response(platform))
    platform.publish(NOTICE, deadline=deadline())
    with pytest.raises(TryLater):
        platform.publish(NOTICE, deadline=Deadline.after(10, JumpingClock(3)))
    assert len(stub.requests) == 1


def test_a_deadline_that_passes_in_the_midst_of_writing_is_unknown(
    platform: Platform, stub: Stub
) -> None:
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=Deadline.after(10, JumpingClock(4)))


@pytest.mark.parametrize(("rest", "connections"), [(10.0, 1), (16.0, 2)])
def test_a_connection_is_kept_alive_but_not_trusted_after_a_long_rest(
    platform: Platform, stub: Stub, rest: float, connections: int
) -> None:
    """A firewall may have dropped it silently, and a request would be lost."""
    stub.plan(created_response(platform), created_response(platform))
    for moment in (100.0, 100.0 + rest):
        platform.publish(NOTICE, deadline=Deadline(1_000.0, lambda at=moment: at))  # type: ignore[misc]  # bound early
    assert stub.connections == connections


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_reset_is_obeyed_by_our_clock_where_xs_own_is_off(stub: Stub, hours: int) -> None:
    theirs = NOW + timedelta(hours=hours)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "x-rate-limit-reset": epoch(theirs + timedelta(minutes=9)),
    }
    stub.plan(http_response({"errors": []}, 429, headers))
    with pytest.raises(TryLater) as later:
        open_at("x", stub.url).publish(NOTICE, deadline=deadline())
    assert later.value.at == NOW + timedelta(minutes=9)


@pytest.mark.parametrize(
    ("headers", "at"),
    [
        ({}, None),
        ({"x-rate-limit-reset": epoch(NOW + timedelta(minutes=9))}, NOW + timedelta(minutes=9)),
        ({"x-rate-limit-reset": epoch(NOW - timedelta(minutes=9))}, None),
        ({"x-rate-limit-reset": "soon"}, None),
        ({"x-rate-limit-reset": "99999999999999999999"}, None),
        ({"x-rate-limit-reset": epoch(NOW + timedelta(days=30))}, None),
        (
            {
                "x-rate-limit-remaining": "3",
                "x-rate-limit-reset": epoch(NOW + timedelta(minutes=9)),
                "x-app-limit-24hour-remaining": "0",
                "x-app-limit-24hour-reset": epoch(NOW + timedelta(hours=20)),
            },
            NOW + timedelta(hours=20),
        ),
        (
            {
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": epoch(NOW + timedelta(minutes=9)),
                "x-user-limit-24hour-remaining": "7",
                "x-user-limit-24hour-reset": epoch(NOW + timedelta(hours=20)),
            },
            NOW + timedelta(minutes=9),
        ),
    ],
)
def test_a_429_of_x_is_obeyed_by_its_headers(
    stub: Stub, headers: Mapping[str, str], at: datetime | None
) -> None:
    stub.plan(
        http_response({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, 429, headers)
    )
    with pytest.raises(TryLater) as later:
        open_at("x", stub.url).publish(NOTICE, deadline=deadline())
    assert later.value.at == at


@pytest.mark.parametrize(
    ("seconds", "at"), [("60", NOW + timedelta(minutes=1)), ("soon", None), ("9" * 20, None)]
)
def test_a_429_is_obeyed_by_the_seconds_that_it_names(
    platform: Platform, stub: Stub, seconds: str, at: datetime | None
) -> None:
    stub.plan(http_response({"errors": []}, 429, {"Retry-After": seconds}))
    with pytest.raises(TryLater) as later:
        platform.publish(NOTICE, deadline=deadline())
    assert later.value.at == at


@pytest.mark.parametrize(
    ("wait", "at"),
    [(7, NOW + timedelta(minutes=7)), (0, None), (10**9, None), ("soon", None)],
)
@pytest.mark.parametrize("error", [4, 17, 32, 341, 613, 80001])
def test_facebooks_throttles_are_obeyed_by_their_minutes(
    stub: Stub, error: int, wait: object, at: datetime | None
) -> None:
    usage = json.dumps({"1": [{"type": "pages", "estimated_time_to_regain_access": wait}]})
    headers = {"X-Business-Use-Case-Usage": usage}
    stub.plan(http_response({"error": {"code": error}}, 400, headers))
    with pytest.raises(TryLater) as later:
        open_at("facebook", stub.url).publish(NOTICE, deadline=deadline())
    assert later.value.at == at


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (
            403,
            {"detail": "You are not allowed to create a Tweet with duplicate content."},
            "duplicate",
        ),
        (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, "duplicate"),
        (403, {"detail": "Reply to this conversation is not allowed."}, "not_summoned"),
        (
            403,
            {"detail": "You attempted to reply to a Tweet that is deleted or not visible to you."},
            "target_gone",
        ),
        (403, {"detail": "Your account is suspended."}, "blocked"),
        (403, {"detail": "You are not permitted to perform this action."}, "permission"),
        (400, {"detail": "Your media IDs are invalid."}, "media_invalid"),
        (400, {"detail": "Your Tweet text is too long."}, "too_long"),
        (400, {"detail": "One or more parameters to your request was invalid."}, "invalid"),
        (404, b"<html>", "target_gone"),
        (418, b"", "unknown"),
    ],
)
def test_xs_refusals_have_reasons(stub: Stub, code: int, body: object, reason: str) -> None:
    stub.plan(http_response(body, code))
    with pytest.raises(Refused) as refused:
        open_at("x", stub.url).publish(NOTICE, deadline=deadline())
    assert refused.value.reason == RefusalCode(reason)


@pytest.mark.parametrize(
    ("code", "body"),
    [(402, {"title": "CreditsDepleted"}), (402, b""), (403, {"title": "CreditsDepleted"})],
)
def test_x_says_that_credits_are_used_up(stub: Stub, code: int, body: object) -> None:
    stub.default = http_response(body, code)
    platform, with_picture = open_at("x", stub.url), replace(NOTICE.outgoing, media=(picture(),))
    for call in (
        lambda: platform.publish(NOTICE, deadline=deadline()),
        lambda: platform.prepare(with_picture, deadline=deadline()),
        lambda: platform.delete("77", deadline=deadline()),
        lambda: platform.hide("77", hidden=True, deadline=deadline()),
        lambda: platform.see_many(["77"]),
        lambda: platform.see_own(["77"]),
        lambda: platform.look_up(NOTICE.outgoing, since=NOW),
        lambda: platform.comments_since(MENTIONS, None),
    ):
        with pytest.raises(CreditsUsedUp):
            call()
    assert platform.check().problem is HealthProblem.CREDITS


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 506}, "duplicate"),
        ({"code": 368, "message": "You've already posted this."}, "duplicate"),
        ({"code": 368, "message": "Blocked"}, "blocked"),
        ({"code": 10}, "permission"),
        ({"code": 200}, "permission"),
        ({"code": 299}, "permission"),
        ({"code": 100, "error_subcode": 33}, "target_gone"),
        ({"code": 100}, "invalid"),
        ({"code": 324}, "media_invalid"),
        ({"code": 1609005}, "invalid"),
        ({"code": 98765}, "unknown"),
        ({"code": "506"}, "unknown"),
        ({}, "unknown"),
    ],
)
@pytest.mark.parametrize("http_code", [200, 400, 403])
def test_facebooks_refusals_have_reasons(
    stub: Stub, error: dict[str, object], reason: str, http_code: int
) -> None:
    stub.plan(http_response({"error": error}, http_code))
    with pytest.raises(Refused) as refused:
        open_at("facebook", stub.url).publish(NOTICE, deadline=deadline())
    assert refused.value.reason == RefusalCode(reason)


@pytest.mark.parametrize("error", [{"code": 1}, {"code": 2}, {"code": 98765, "is_transient": True}])
@pytest.mark.parametrize("http_code", [200, 400, 500])
def test_what_facebook_was_seen_to_do_all_the_same_is_unknown(
    stub: Stub, error: dict[str, object], http_code: int
) -> None:
    stub.plan(http_response({"error": error}, http_code))
    with pytest.raises(OutcomeUnknown):
        open_at("facebook", stub.url).publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492, None])
def test_a_token_that_facebook_no_longer_takes_is_expired(stub: Stub, subcode: int | None) -> None:
    stub.plan(http_response({"error": {"code": 190, "error_subcode": subcode}}, 400))
    with pytest.raises(CredentialsExpired):
        open_at("facebook", stub.url).publish(NOTICE, deadline=deadline())


def test_a_401_is_expired_credentials(platform: Platform, stub: Stub) -> None:
    stub.plan(http_response(b"", 401))
    with pytest.raises(CredentialsExpired):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize(
    "plan", [http_response(b"", 200), http_response(b"", 503), reset], ids=["empty", "503", "reset"]
)
def test_a_reading_never_has_an_unknown_outcome(
    platform: Platform, stub: Stub, plan: bytes | Callable[[socket.socket], None]
) -> None:
    stub.plan(plan, plan, plan)
    with pytest.raises(TryLater):
        platform.look_up(NOTICE.outgoing, since=NOW)
    with pytest.raises(TryLater):
        platform.comments_since(CommentSource("1"), None)
    with pytest.raises(TryLater):
        platform.prepare(replace(NOTICE.outgoing, media=(picture(),)), deadline=deadline())


def test_proxies_and_passwords_of_the_environment_are_left_alone(
    platform: Platform, stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    passwords = tmp_path / "netrc"
    passwords.write_text("default login somebody password something")
    monkeypatch.setenv("NETRC", str(passwords))
    stub.plan(created_response(platform))
    assert platform.publish(NOTICE, deadline=deadline()).platform_id == "77"
    assert b"Basic" not in stub.requests[0]


def test_the_host_header_stays_the_platforms_own(platform: Platform, stub: Stub) -> None:
    stub.plan(created_response(platform))
    platform.publish(NOTICE, deadline=deadline())
    hosts = {"x": b"Host: api.x.com\r\n", "facebook": b"Host: graph.facebook.com\r\n"}
    assert hosts[platform.name] in stub.requests[0]


def test_a_base_address_may_have_a_path(stub: Stub) -> None:
    platform = open_at("x", f"{stub.url}/practice/")
    stub.plan(created_response(platform))
    platform.publish(NOTICE, deadline=deadline())
    assert stub.requests[0].startswith(b"POST /practice/2/tweets HTTP/1.1\r\n")


def test_a_raw_answer_is_kept_short(platform: Platform, stub: Stub) -> None:
    stub.plan(http_response({"id": "77", "data": {"id": "77"}, "more": "क" * 5_000}))
    assert len(platform.publish(NOTICE, deadline=deadline()).answer) <= 2_000


@pytest.mark.parametrize(("minutes", "is_ours"), [(-6, False), (-4, True), (1, True)])
def test_what_a_timeline_shows_from_before_the_attempt_is_not_it(
    platform: Platform, stub: Stub, minutes: int, is_ours: bool
) -> None:
    made_at = (NOW + timedelta(minutes=minutes)).isoformat()
    body = {"id": "77", "text": "पाणी बंद", "message": "पाणी बंद"}
    stub.plan(http_response({"data": [{**body, "created_at": made_at, "created_time": made_at}]}))
    published = platform.look_up(NOTICE.outgoing, since=NOW)
    assert (published is not None) is is_ours


def test_an_unknown_platform_is_named() -> None:
    with pytest.raises(UnknownPlatform, match="telegraph"):
        open_platform(
            "telegraph", {}, {"x_api_url": "", "graph_api_url": "", "graph_api_version": "v26.0"}
        )


@pytest.mark.parametrize("name", CREDENTIALS)
def test_credentials_that_lack_a_part_are_expired(name: str) -> None:
    with pytest.raises(CredentialsExpired):
        open_platform(
            name, {}, {"x_api_url": "", "graph_api_url": "", "graph_api_version": "v26.0"}
        )


def test_the_proof_of_the_apps_secret_goes_with_each_call(stub: Stub) -> None:
    settings = {"graph_api_url": stub.url, "graph_api_version": "v26.0"}
    installation = Installation(settings, lambda: NOW, time.monotonic)
    platform = FacebookPlatform(FacebookCredentials("1", "token", "secret"), installation)
    stub.plan(http_response({"id": "77"}), http_response({"id": "1"}))
    platform.publish(NOTICE, deadline=deadline())
    assert platform.check().ok
    proof = hmac.new(b"secret", b"token", "sha256").hexdigest().encode()
    assert all(b"appsecret_proof=" + proof in request for request in stub.requests)


def test_xs_account_number_comes_from_its_token() -> None:
    assert XCredentials("a", "b", "9000000001-c", "d").user_id == "9000000001"
