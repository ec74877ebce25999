"""Let the sources that the rules read go once the last rule was tried."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tools import source


@pytest.fixture(scope="package", autouse=True)
def _release_sources() -> Iterator[None]:
    # The syntax trees of the checkout take 130 MB, in a worker that goes on with other tests.
    yield
    for cached in (source.everything, source.python_files, source.read_source):
        cached.cache_clear()
    gc.collect()
