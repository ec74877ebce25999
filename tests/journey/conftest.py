"""Everything started, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.installation import Installation
from tests.support.processes import Starter


@pytest.fixture
def installation(database_url: str, start: Starter, tmp_path: Path) -> Iterator[Installation]:
    """Sandbox, web and clock beside the test, over a city with its people."""
    running = Installation(start, database_url, tmp_path)
    running.up()
    yield running
    running.database.dispose()
