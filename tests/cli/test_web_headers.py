"""The headers of the real server: TLS for all subdomains, and no name of its software."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.cli.command_line import CLI, make_workspace
from tests.support.processes import Starter, free_port
from tests.support.runs import wait_until

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120)]


@pytest.fixture
def address(start: Starter, tmp_path: Path) -> str:
    """Serve the pages of a city that is reached by https, and return the address on loopback."""
    workspace = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    assert workspace.run("init").code == 0
    port = str(free_port())
    start(
        [*CLI, "web", "--port", port, "--workers", "1"],
        cwd=tmp_path,
        environment=workspace.environment(BASE_URL="https://desk.example", TRUSTED_PROXIES="1"),
    )
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(url), within=40)
    return url


def _answers(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(url + "/sign-in", timeout=5).ok
    return False


def test_every_response_asks_for_tls_on_subdomains_and_names_no_server(address: str) -> None:
    responses = [
        requests.get(address + path, timeout=10)
        for path in ("/sign-in", "/nowhere", "/static/fonts/none.woff2", "/submissions")
    ]
    responses.append(requests.post(address + "/sign-in", timeout=10))
    assert [response.status_code for response in responses] == [200, 404, 404, 401, 400]
    for response in responses:
        assert "Server" not in response.headers
        assert response.headers["Strict-Transport-Security"] == (
            "max-age=31536000; includeSubDomains"
        )
