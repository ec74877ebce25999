"""SIGTERM lets a real clock finish the deliveries that it has begun, and no more."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import ColumnElement, func, select

import scheduler
from publisher.delivery.monitoring import poll
from publisher.models.comments import Source
from publisher.models.deliveries import Attempt, Delivery
from publisher.now import now
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.settings import environment
from publisher.states import DeliveryState
from tests.crash.clock_installation import ClockInstallation, open_installation
from tests.crash.verdict import judge
from tests.support.city import City
from tests.support.city_people import DAY
from tests.support.processes import RunningCommand, Starter

pytestmark = pytest.mark.timeout(300)

DEADLINE = 8.0
FEW_SECONDS = 5.0
POSTS = 12


@pytest.fixture
def installation(start: Starter, database_url: str, tmp_path: Path) -> Iterator[ClockInstallation]:
    """Open an installation whose clocks are not forked, so that their exit codes are known."""
    with open_installation(start, database_url, tmp_path) as opened:
        opened.environment |= {
            "NAGARVANI_LEASE": "60",
            "NAGARVANI_SEND_DEADLINE": str(DEADLINE),
            "NAGARVANI_CONNECTIONS": "2",
        }
        yield opened


def stop_clock(clock: RunningCommand) -> tuple[int, float]:
    """Stop the clock; return its exit code, and how many seconds it took."""
    asked_at = time.monotonic()
    code = clock.stop(signal.SIGTERM, within=60)
    return code, time.monotonic() - asked_at


@pytest.mark.proof
def test_sigterm_finishes_running_attempts_and_gives_back_the_rest(
    installation: ClockInstallation,
) -> None:
    installation.add_posts(POSTS, on=["x"])
    installation.slow_publications(1.0)
    clock = installation.start_clock()
    installation.wait_for(lambda: installation.delivery_count(DeliveryState.PUBLISHED) > 0)
    installation.wait_for(lambda: _is_busy(installation))

    code, seconds = stop_clock(clock)
    assert code == 0, clock.written_output()
    assert seconds < DEADLINE + FEW_SECONDS
    tries = _attempts(installation)
    assert {outcome for _, _, outcome in tries} == {"published", "given_back"}, tries
    for state, is_begun, outcome in tries:
        assert is_begun is (outcome == "published")
        assert state is (DeliveryState.PUBLISHED if is_begun else DeliveryState.SCHEDULED)
    unsent = POSTS - installation.delivery_count(DeliveryState.PUBLISHED)
    assert installation.delivery_count(DeliveryState.SCHEDULED) == unsent > 0

    installation.clear_faults()
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == POSTS


def _is_busy(installation: ClockInstallation) -> bool:
    """Return whether some deliveries are being sent and others are claimed."""
    sending, claimed = DeliveryState.SENDING, DeliveryState.CLAIMED
    return installation.delivery_count(sending) > 0 and installation.delivery_count(claimed) > 0


def _attempts(installation: ClockInstallation) -> list[tuple[DeliveryState, bool, str]]:
    """Return each attempt's delivery state, whether it was begun, and its outcome."""
    query = select(Delivery.state, Attempt.sending_at, Attempt.outcome).join(
        Attempt, Attempt.delivery_id == Delivery.id
    )
    with installation.database.reading() as session:
        return [(row.state, row.sending_at is not None, row[2]) for row in session.execute(query)]


@pytest.mark.proof
def test_sigterm_ends_reading_after_the_current_page_of_comments(
    installation: ClockInstallation,
) -> None:
    # Facebook reads one post in a request; X would read all of them in one.
    installation.add_posts(POSTS, on=["facebook"])
    clock = installation.start_clock()
    installation.wait_for(
        lambda: _sources_read(installation, Source.last_read_at.is_not(None)) == POSTS
    )
    installation.add_fault("facebook", "comments", "hang_before", count="always", seconds=1.0)
    installation.read_comments_soon()
    asked_at = now()
    installation.wait_for(lambda: _sources_read(installation, Source.last_read_at > asked_at) > 0)

    code, seconds = stop_clock(clock)
    assert code == 0, clock.written_output()
    assert seconds < POSTS / 2
    assert _sources_read(installation, Source.last_read_at < asked_at) > POSTS / 2


def _sources_read(installation: ClockInstallation, condition: ColumnElement[bool]) -> int:
    """Return the number of posts whose comments the output says were read."""
    query = select(func.count()).where(Source.receipt_id.is_not(None), condition)
    with installation.database.reading() as session:
        return session.execute(query).scalar_one()


@pytest.mark.parametrize("name", ["reconcile", "watching", "ingest"])
def test_ticks_of_a_stopping_clock_make_no_more_platform_calls(town: City, name: str) -> None:
    (post,) = town.live()
    poll.tick_watching(town.context)
    town.platform("x").fail_next(OutcomeUnknown(), after_keeping=True)
    town.live("road")
    town.clock.move(DAY)
    town.platform("x").citizen_says("पाणी कधी येणार?", parent_id=town.platform_id(post))
    environment_settings = environment.load({}, folder=Path(__file__).parent)
    stop_event = Event()
    every = scheduler.ticks(town.context, environment_settings, is_stopping=stop_event.is_set)
    (tick,) = (job for job in every if job.name == name)
    stop_event.set()
    assert tick.run() == 0
    stop_event.clear()
    assert tick.run() == 1
