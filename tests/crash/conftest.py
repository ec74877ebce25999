"""What every scenario begins with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.counter import Counter
from tests.crash.house import House, house
from tests.crash.nursery import Forking, Nursery
from tests.support.processes import Starter

GROUPS = 3


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Divide the scenarios among a few workers: they mostly wait while other tests compute."""
    scenarios = [item for item in items if Path(__file__).parent in item.path.parents]
    for number, scenario in enumerate(scenarios):
        if scenario.get_closest_marker("xdist_group") is None:
            scenario.add_marker(pytest.mark.xdist_group(f"crash {number % GROUPS}"))


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Forks the processes of this worker's scenarios."""
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture
def forking(start: Starter, nursery: Nursery) -> Forking:
    """Starts commands as `start` does, but forks those of the product."""
    return Forking(start.folder, start.stack, nursery=nursery)


@pytest.fixture
def installation(forking: Forking, database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with its sandbox; no clock runs yet."""
    with house(forking, database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def counter(database_url: str, forking: Forking, tmp_path: Path) -> Iterator[Counter]:
    """A city without pages and without a clock."""
    counter = Counter(forking, database_url, tmp_path)
    counter.up()
    yield counter
    counter.database.dispose()
