"""Connections to platforms are made only with a trusted certificate."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from urllib3.exceptions import SSLError

from publisher.platforms.base.protocol import Deadline, TryLater
from publisher.platforms.http.connections import CURRENT, Passage, pool_for
from tests.platforms.platform_setups import CREDENTIALS, deadline
from tests.platforms.test_http import NOTICE, open_at
from tests.support.certificates import self_signed_certificate, server_tls
from tests.support.webserver import WebServer, serving


def request_page(site: WebServer, trusted: Path) -> int:
    """Request a page, trusting this certificate, and return the status code."""
    passage = CURRENT.set(Passage(Deadline.after(10, time.monotonic), read_seconds=5))
    try:
        pool = pool_for(urlsplit(site.url()), trusted=str(trusted))
        return pool.urlopen("GET", "/", retries=False).status
    finally:
        CURRENT.reset(passage)


def test_who_is_vouched_for_is_spoken_to(tmp_path: Path) -> None:
    mine = self_signed_certificate(tmp_path)
    with serving(server_tls(mine)) as site:
        site.page("/")
        assert request_page(site, trusted=mine) == 200
        assert site.paths == ["GET /"]


def test_who_is_vouched_for_under_another_name_is_not(tmp_path: Path) -> None:
    mine = self_signed_certificate(tmp_path, address="127.0.0.2")
    with serving(server_tls(mine)) as site:
        with pytest.raises(SSLError):
            request_page(site, trusted=mine)
        assert site.paths == []


@pytest.mark.parametrize("name", CREDENTIALS)
def test_who_vouches_for_themselves_gets_nothing(name: str, tmp_path: Path) -> None:
    """Nothing was sent, so it is safe to try again."""
    with serving(server_tls(self_signed_certificate(tmp_path))) as site:
        with pytest.raises(TryLater, match="certificate verify failed"):
            open_at(name, site.url().rstrip("/")).publish(NOTICE, deadline=deadline())
        assert site.paths == []
