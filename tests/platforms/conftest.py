"""Fixtures of the platforms' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms import platform_setups
from tests.platforms.platform_setups import PlatformSetup
from tests.platforms.stub import Stub, serving


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as server:
        yield server


@pytest.fixture(params=platform_setups.NAMES)
def platform_setup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PlatformSetup]:
    """Set up each platform in turn."""
    with platform_setups.open_setup(request.param, tmp_path / "sandbox") as setup:
        yield setup


@pytest.fixture(params=platform_setups.CREDENTIALS)
def http_setup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PlatformSetup]:
    """Set up each platform that is reached over HTTP, in a sandbox."""
    with platform_setups.open_setup(request.param, tmp_path / "sandbox") as setup:
        yield setup
