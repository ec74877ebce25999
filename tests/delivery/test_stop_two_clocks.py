"""A stop holds two real clocks on one PostgreSQL within a second."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from commands.demo.city import sandbox_accounts
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.delivery.controls import stop
from publisher.models.deliveries import Account, Attempt, Delivery
from publisher.models.people import Appointment
from publisher.models.posts import Variant
from publisher.now import now
from publisher.states import DeliveryState
from tests.support.city import City, city
from tests.support.city_people import DAY
from tests.support.processes import Starter

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]
SECRET = "a secret of the tests, long enough"
POSTS = 40
APART = timedelta(milliseconds=250)
ONE_SECOND = timedelta(seconds=1)


@dataclass
class TwoClockCity:
    """A city on PostgreSQL with X in a sandbox, and the settings of its clocks."""

    town: City
    sandbox: str
    environment: dict[str, str]

    def published(self) -> list[dict[str, Any]]:
        """Return the created posts of the sandbox's ledger, oldest first."""
        lines = requests.get(self.sandbox + "/ledger", timeout=10).json()["x"]
        return [post for post in lines if not post["citizen"]]


@pytest.fixture
def two_clock_city(postgres_url: str, tmp_path: Path, start: Starter) -> Iterator[TwoClockCity]:
    """Set the city up at the present time."""
    ready = tmp_path / "sandbox.json"
    start.nagarvani(
        "sandbox",
        *("--port", "0", "--smtp-port", "0"),
        *("--state", str(tmp_path / "sandbox"), "--ready", str(ready)),
        environment={},
        ready=ready,
    )
    places = json.loads(ready.read_text())
    town = city(Database(postgres_url), tmp_path)
    town.clock.at = now()
    _connect(town, places["url"])
    environment = {
        "NAGARVANI_DATABASE_URL": postgres_url,
        "NAGARVANI_MEDIA_DIR": str(tmp_path / "media"),
        "NAGARVANI_SECRET_KEY": SECRET,
        "NAGARVANI_X_API_URL": places["url"],
        "NAGARVANI_GRAPH_API_URL": places["url"],
        "NAGARVANI_SMTP_URL": f"smtp://127.0.0.1:{places['smtp_port']}",
    }
    yield TwoClockCity(town, places["url"], environment)
    town.database.dispose()


def _connect(town: City, sandbox: str) -> None:
    """Connect X's account to the sandbox, and date all appointments back by a day."""
    handle = sandbox_accounts(sandbox)[0]
    with town.write() as session:
        account = session.get_one(Account, town.accounts["x"])
        account.credentials = Vault(SECRET, ()).seal(handle.credentials)
        account.handle, account.url = handle.handle, handle.url
        session.execute(update(Appointment).values(from_at=town.now - DAY))


def _fill(stage: TwoClockCity) -> None:
    """Add approved posts with different texts, which are not scheduled yet."""
    for _ in range(POSTS):
        stage.town.approved()
    with stage.town.read() as session:
        assert session.scalar(select(func.count(func.distinct(Variant.text)))) == POSTS


def _schedule(stage: TwoClockCity, first: datetime) -> None:
    """Schedule the posts a quarter of a second apart."""
    with stage.town.read() as session:
        posts = list(session.scalars(select(Variant.id).order_by(Variant.id)))
    with stage.town.write() as session:
        for number, variant_id in enumerate(posts):
            variant = session.get_one(Variant, variant_id)
            session.add(
                Delivery(
                    variant_id=variant_id,
                    post_id=variant.revision.post_id,
                    account_id=variant.account_id,
                    state_at=now(),
                    due_at=first + number * APART,
                    late_limit=60,
                )
            )


def _until(question: Callable[[], bool], *, within: float) -> None:
    ends = time.monotonic() + within
    while not question():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.1)


def _stop(town: City) -> datetime:
    """Stop all publishing, and return the time after the commit."""
    with town.write() as session:
        stop.stop_all(session, actor=town.actor("lead"), now=now(), reason="चुकीची पोस्ट")
    return now()


def test_a_stop_holds_two_clocks_at_once_and_a_release_sends_the_rest_once(
    two_clock_city: TwoClockCity, start: Starter
) -> None:
    _fill(two_clock_city)
    clocks = [start.nagarvani("clock", environment=two_clock_city.environment) for _ in range(2)]
    for clock in clocks:
        clock.wait_for("runs")
    _schedule(two_clock_city, now() + ONE_SECOND)
    _until(lambda: len(two_clock_city.published()) >= POSTS // 4, within=60)
    stopped_at = _stop(two_clock_city.town)
    _until(lambda: now() > stopped_at + POSTS * APART, within=60)
    posts = two_clock_city.published()
    assert POSTS // 4 <= len(posts) < POSTS
    last = max(datetime.fromisoformat(post["created_at"]) for post in posts)
    assert last <= stopped_at + ONE_SECOND, f"{last - stopped_at} after the stop"
    _check_kept(two_clock_city, POSTS - len(posts))
    with two_clock_city.town.write() as session:
        stop_ids = [open_stop.id for open_stop in stop.open_stops(session)]
        actor = two_clock_city.town.actor("lead")
        stop.release(session, actor=actor, now=now(), stop_ids=stop_ids, reason="दुरुस्त झाले")
    _until(lambda: len(two_clock_city.published()) >= POSTS, within=60)
    _until(lambda: _states(two_clock_city) == {DeliveryState.PUBLISHED: POSTS}, within=60)
    texts = [post["text"] for post in two_clock_city.published()]
    assert len(texts) == len(set(texts)) == POSTS
    with two_clock_city.town.read() as session:
        assert session.scalar(select(func.count(func.distinct(Attempt.clock)))) == 2


def _states(stage: TwoClockCity) -> dict[DeliveryState, int]:
    query = select(Delivery.state, func.count()).group_by(Delivery.state)
    with stage.town.read() as session:
        return {row[0]: row[1] for row in session.execute(query)}


def _check_kept(stage: TwoClockCity, number: int) -> None:
    """Check that unsent deliveries are scheduled: none failed, none is claimed."""
    assert _states(stage).get(DeliveryState.SCHEDULED) == number
