"""Fixtures of the crash scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.clock_installation import ClockInstallation, open_installation
from tests.crash.fork_server import ForkingStarter, ForkServer
from tests.crash.web_installation import WebInstallation
from tests.support.fixtures import town
from tests.support.processes import Starter

__all__ = ["town"]


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Fork the processes of this worker's scenarios."""
    server = ForkServer(tmp_path_factory.mktemp("nursery"))
    yield server
    server.close()


@pytest.fixture
def forking_starter(start: Starter, fork_server: ForkServer) -> ForkingStarter:
    """Start commands as `start` does, but fork those of the product."""
    return ForkingStarter(start.folder, start.stack, fork_server=fork_server)


@pytest.fixture
def installation(
    forking_starter: ForkingStarter, database_url: str, tmp_path: Path
) -> Iterator[ClockInstallation]:
    """Open an installation with a sandbox; no clock runs yet."""
    with open_installation(forking_starter, database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def web_installation(
    database_url: str, forking_starter: ForkingStarter, tmp_path: Path
) -> Iterator[WebInstallation]:
    """Set up a city without running web workers or clocks."""
    installation = WebInstallation(forking_starter, database_url, tmp_path)
    installation.set_up()
    yield installation
    installation.database.dispose()
