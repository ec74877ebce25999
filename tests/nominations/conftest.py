"""A city whose garden department has a confirmed head with a mobile and no officer."""

from __future__ import annotations

import pytest

from publisher.database.session import Database
from tests.nominations.steps import Calls, city_to_call


@pytest.fixture
def calls(database: Database) -> Calls:
    return city_to_call(database)
