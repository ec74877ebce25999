"""Fixtures of the tests of commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import CLI
from tests.support.processes import Starter


@pytest.fixture
def sandbox_url(start: Starter, tmp_path: Path) -> str:
    """Start a sandbox, and return its address."""
    ready = tmp_path / "ready.json"
    call = [*CLI, "sandbox", "--port", "0", "--smtp-port", "0", "--state", str(tmp_path / "s")]
    start([*call, "--ready", str(ready)], ready=ready, cwd=tmp_path)
    return str(json.loads(ready.read_text())["url"])
