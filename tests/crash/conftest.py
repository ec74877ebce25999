"""Fixtures of the crash scenarios, and which of them `make ci` runs."""

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a scenario on PostgreSQL in `make ci`, and on SQLite too in `make proof`.

    Those that are proofs run on both there; a scenario may also choose its engines itself.
    """
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "engine" not in metafunc.fixturenames or any("engine" in names for names in chosen):
        return
    is_proof = metafunc.definition.get_closest_marker("proof") is not None
    marks = [] if is_proof else [pytest.mark.ci]
    engines = [
        pytest.param("postgres", marks=marks),
        pytest.param("sqlite", marks=pytest.mark.proof),
    ]
    metafunc.parametrize("engine", engines, indirect=True, scope="module")


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
