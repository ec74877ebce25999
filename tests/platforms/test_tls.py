"""Connections to platforms are made only with a trusted certificate."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from publisher.platforms.base.protocol import Deadline, TryLater
from publisher.platforms.http.session import PlatformSession
from tests.platforms.platform_setups import CREDENTIALS, deadline, utc_now
from tests.platforms.stubbed import NOTICE, open_at
from tests.support.certificates import self_signed_certificate, server_tls
from tests.support.webserver import Reply, WebServer, serving


def request_page(site: WebServer, trusted: Path) -> int:
    """Request a page, trusting this certificate, and return the status code."""
    home = "https://api.example"
    channel = PlatformSession(
        home=home, base_url=site.url(), read=lambda _: None, secrets={}, now=utc_now
    )
    channel.verify = str(trusted)
    with channel.calling(Deadline.after(10, time.monotonic)):
        return channel.get(f"{home}/").status_code


def test_who_is_vouched_for_is_spoken_to(tmp_path: Path) -> None:
    mine = self_signed_certificate(tmp_path)
    with serving(server_tls(mine)) as site:
        site.replies["/"] = Reply(b"{}")
        assert request_page(site, trusted=mine) == 200
        assert site.paths == ["GET /"]


def test_who_is_vouched_for_under_another_name_is_not(tmp_path: Path) -> None:
    mine = self_signed_certificate(tmp_path, address="127.0.0.2")
    with serving(server_tls(mine)) as site:
        with pytest.raises(TryLater, match="certificate verify failed"):
            request_page(site, trusted=mine)
        assert site.paths == []


@pytest.mark.parametrize("name", CREDENTIALS)
def test_who_vouches_for_themselves_gets_nothing(name: str, tmp_path: Path) -> None:
    """Nothing was sent, so it is safe to try again."""
    with serving(server_tls(self_signed_certificate(tmp_path))) as site:
        with pytest.raises(TryLater, match="certificate verify failed"):
            open_at(name, site.url().rstrip("/")).publish(NOTICE, deadline=deadline())
        assert site.paths == []
