"""A running sandbox for each test, on free ports, with its own ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import SandboxAddresses, run_sandbox


@pytest.fixture
def sandbox_server(tmp_path: Path) -> Iterator[SandboxAddresses]:
    """Where a fresh sandbox answers."""
    with run_sandbox(path=tmp_path / "state") as sandbox:
        yield sandbox


@pytest.fixture
def url(sandbox_server: SandboxAddresses) -> str:
    """Its HTTP address."""
    return sandbox_server.url
