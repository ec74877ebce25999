"""Each platform tells its time, and X's refusal of another time blames no access."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.platforms.base.protocol import CredentialsExpired, Platform, TimeRefused
from publisher.platforms.base.types import HealthProblem, Outgoing
from tests.platforms import platform_setups
from tests.platforms.platform_setups import PlatformSetup, deadline, open_at, utc_now
from tests.platforms.stub import Stub

NOTICE = Outgoing("उद्या पाणीपुरवठा बंद राहील.")
SLACK = timedelta(seconds=3)


@pytest.mark.parametrize("seconds", [-7200, -45, 0, 45, 7200])
def test_a_platform_tells_how_far_we_are_ahead(http_setup: PlatformSetup, seconds: int) -> None:
    http_setup.set_switches(date_ahead=str(seconds))
    ahead = http_setup.platform.time_ahead()
    assert ahead is not None
    assert abs(ahead + timedelta(seconds=seconds)) < SLACK


@pytest.mark.parametrize("headers", [b"", b"Date: soon\r\n", b"Age: 9\r\n"])
def test_an_answer_without_a_time_of_its_own_says_nothing(
    platform: Platform, stub: Stub, headers: bytes
) -> None:
    date = b"Date: Wed, 25 Nov 2026 06:30:00 GMT\r\n" if b"Age" in headers else b""
    stub.plan(b"HTTP/1.1 404 Not Found\r\n" + date + headers + b"Content-Length: 0\r\n\r\n")
    assert platform.time_ahead() is None
    assert b"authorization" not in stub.requests[0].lower()
    assert b"token" not in stub.requests[0].lower()


def test_a_platform_that_is_away_says_nothing_about_the_time() -> None:
    for name in platform_setups.CREDENTIALS:
        assert open_at(name, "http://127.0.0.1:9").time_ahead() is None


@pytest.mark.parametrize("seconds", ["-7200", "7200"])
def test_what_x_refuses_for_its_time_says_nothing_of_the_access(
    tmp_path: Path, seconds: str
) -> None:
    with platform_setups.open_setup("x", tmp_path / "sandbox") as setup:
        setup.set_switches(date_ahead=seconds)
        until = deadline()
        with pytest.raises(TimeRefused):
            setup.platform.publish(setup.platform.prepare(NOTICE, deadline=until), deadline=until)
        with pytest.raises(TimeRefused):
            setup.platform.look_up(NOTICE, since=utc_now())
        assert setup.platform.check().problem is HealthProblem.WRONG_TIME
        setup.set_switches(date_ahead="45")
        setup.add_fault("publish", "expired_token")
        with pytest.raises(CredentialsExpired):
            setup.send(NOTICE)
