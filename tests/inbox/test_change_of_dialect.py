"""X changes the names that it takes, in the middle of a day: the clocks notice it once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.delivery.accounts.credentials import DIALECT_HOLDS
from publisher.models.deliveries import Account
from tests.inbox.x_city import XCity, open_x_city
from tests.support.city import City
from tests.support.city_people import MINUTE


@pytest.fixture
def x_city(town: City, tmp_path: Path) -> Iterator[XCity]:
    with open_x_city(town, tmp_path) as city:
        yield city


def _dialect(x_city: XCity) -> str:
    with x_city.town.read() as session:
        return session.get_one(Account, x_city.town.accounts["x"]).dialect


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_comments_go_on_when_x_changes_its_names(
    x_city: XCity, caplog: pytest.LogCaptureFixture
) -> None:
    """Comments come before and after; a second clock and one that was open know it too."""
    for number in range(3):
        x_city.publish(f"सूचना {number}", x_city.town.now)
    with x_city.town.read() as session:
        open_client = x_city.open(session.get_one(Account, x_city.town.accounts["x"]))
    for taken in ("tweet", "post", "tweet", "strict"):
        x_city.set_switches(x_fields=taken)
        caplog.clear()
        refused = x_city.codes("search", "comments").count(400)
        for post_id in x_city.post_ids:
            x_city.comment(post_id)
            assert x_city.listen(20 * MINUTE) == 1
        assert open_client.see(x_city.post_ids[0]) is not None
        if taken != "tweet" or refused:
            assert _dialect(x_city) == taken
            (warning,) = _warnings(caplog)
            costs = "" if taken != "strict" else "; X returns and bills authors"
            assert f"takes requests in another dialect now: {taken}{costs}" in warning
            assert ("$" in warning) is (taken == "strict")
            assert x_city.codes("search", "comments").count(400) - refused in (1, 2)
    assert x_city.stored() == x_city.written()
    assert len(x_city.stored()) == 12


def test_a_platform_that_changes_its_mind_fills_no_log(
    x_city: XCity, caplog: pytest.LogCaptureFixture
) -> None:
    x_city.publish("सूचना", x_city.town.now)
    step = DIALECT_HOLDS / 20
    for number in range(20):
        x_city.set_switches(x_fields="post" if number % 2 else "tweet")
        x_city.comment(x_city.post_ids[0])
        x_city.listen(step)
    x_city.listen(5 * MINUTE)
    assert x_city.stored() == x_city.written()
    assert len(_warnings(caplog)) == 1
