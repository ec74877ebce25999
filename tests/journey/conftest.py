"""The fixture of an installation whose processes all run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.installation import Installation
from tests.support.processes import Starter


@pytest.fixture
def installation(database_url: str, start: Starter, tmp_path: Path) -> Iterator[Installation]:
    """Start sandbox, web and clock, with the demo's city and people."""
    running = Installation(start, database_url, tmp_path)
    running.set_up()
    yield running
    running.database.dispose()
