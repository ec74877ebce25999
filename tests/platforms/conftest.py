"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms import grounds
from tests.platforms.grounds import Ground
from tests.platforms.stub import Stub, serving


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as server:
        yield server


@pytest.fixture(params=grounds.NAMES)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Each platform in turn."""
    with grounds.ground(request.param, tmp_path / "sandbox") as platform_ground:
        yield platform_ground


@pytest.fixture(params=grounds.CREDENTIALS)
def practice(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Each platform that is reached over HTTP, in the sandbox."""
    with grounds.ground(request.param, tmp_path / "sandbox") as platform_ground:
        yield platform_ground
