"""Fixtures of the platforms' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.platforms.base.protocol import Platform
from tests.platforms import platform_setups
from tests.platforms.platform_setups import PlatformSetup
from tests.platforms.stub import Stub, serving
from tests.platforms.stubbed import open_at


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as server:
        yield server


@pytest.fixture(params=platform_setups.CREDENTIALS)
def platform(request: pytest.FixtureRequest, stub: Stub) -> Platform:
    """Open each platform that is reached over HTTP, connected to the stub."""
    return open_at(request.param, stub.url)


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
