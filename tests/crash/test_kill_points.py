"""A clock that dies at a named point or any moment, or is suspended, loses and repeats nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from io import BytesIO

import pytest
from PIL import Image

from publisher import failpoints
from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Account
from publisher.states import DeliveryState
from tests.crash import points
from tests.crash.clock_installation import TIMEOUT, ClockInstallation, resume, suspend
from tests.crash.timings import LEASE
from tests.crash.verdict import judge

pytestmark = pytest.mark.timeout(900)


def kill_at(names: Sequence[str]) -> pytest.MarkDecorator:
    """Kill once at each point on PostgreSQL, and at every second on SQLite; proofs kill twice."""
    once = [("postgres", name, 1) for name in names] + [("sqlite", name, 1) for name in names[::2]]
    twice = [(engine, name, 2) for engine in ("postgres", "sqlite") for name in names]
    rows = [pytest.param(*row, marks=pytest.mark.ci) for row in once]
    rows += [pytest.param(*row, marks=pytest.mark.proof) for row in twice]
    return pytest.mark.parametrize(("engine", "name", "times"), rows, indirect=["engine"])


def test_every_kill_point_of_the_product_is_tried_somewhere() -> None:
    listed = (
        *points.PUBLISHING,
        *points.IN_TWO_STEPS,
        *points.LOOKING,
        *points.LISTENING,
        *points.BETWEEN_PAGES,
        *points.RECEIVING,
        *points.BEING_TOLD,
        *points.APPROVING,
        *points.SCHEDULING,
        *points.EDITING,
        *points.ANSWERING,
        *points.BACKING_UP,
        *points.MOVING,
        *points.ACTING,
        *points.TAKING_IN,
        *points.WRITING,
    )
    assert sorted(listed) == sorted(failpoints.NAMES)


@kill_at(points.PUBLISHING)
def test_a_clock_killed_while_publishing_loses_and_repeats_nothing(
    installation: ClockInstallation, name: str, times: int
) -> None:
    for _ in range(times):
        installation.add_posts(6)
        installation.run_clock_until_killed(name)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 6 * times


@kill_at(["publish.uploaded", "publish.before_connect"])
def test_a_clock_killed_after_an_upload_attaches_each_picture_once(
    installation: ClockInstallation, name: str, times: int
) -> None:
    content = BytesIO()
    Image.new("RGB", (800, 600), "teal").save(content, "JPEG")
    picture = PictureDraft("पाण्याची टाकी", content=content.getvalue(), name="tank.jpg")
    for _ in range(times):
        installation.add_posts(6, pictures=(picture,))
        installation.run_clock_until_killed(name)
    assert installation.ledger("media"), "it was to die with something uploaded"
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 6 * times
    media = [post["media"] for name in ("x", "facebook") for post in installation.ledger(name)]
    assert [len(files) for files in media] == [1] * verdict.published


@kill_at([*points.IN_TWO_STEPS, "publish.sent_unread"])
def test_of_two_steps_a_crash_heals_by_itself(
    installation: ClockInstallation, name: str, times: int
) -> None:
    with installation.database.transaction() as session:
        session.get_one(Account, installation.town.accounts["facebook"]).two_steps = True
    for _ in range(times):
        installation.add_posts(3, on=["facebook"])
        installation.run_clock_until_killed(name)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert (verdict.published, verdict.held) == (3 * times, 0)


@kill_at(points.LOOKING)
def test_a_clock_killed_while_looking_loses_and_repeats_nothing(
    installation: ClockInstallation, name: str, times: int
) -> None:
    for _ in range(times):
        installation.add_posts(3, on=["x"])
        installation.add_fault("x", "publish", "reset_after", count=1)
        installation.run_clock_until_killed(name)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 3 * times


def test_a_clock_killed_at_any_moment_loses_and_repeats_nothing(
    installation: ClockInstallation,
) -> None:
    """There are twenty kills on each database, at least five of them during work."""
    chance = random.Random(20210719)
    installation.slow_publications(0.1)
    struck = 0
    for _ in range(20):
        clock = installation.start_clock()
        clock.wait_for("runs", within=TIMEOUT)
        installation.add_posts(6)
        time.sleep(chance.uniform(0, 0.4))
        clock.kill()
        struck += installation.delivery_count(DeliveryState.CLAIMED, DeliveryState.SENDING) > 0
        installation.clocks.clear()
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 120
    assert struck >= 5, "kills of clocks that had nothing to do prove nothing"


def test_a_clock_that_wakes_long_after_its_lease_changes_nothing(
    installation: ClockInstallation,
) -> None:
    chance = random.Random(6)
    installation.slow_publications(0.1)
    for _ in range(5):
        sleeper = installation.start_clock()
        sleeper.wait_for("runs", within=TIMEOUT)
        installation.add_posts(6)
        time.sleep(chance.uniform(0, 0.4))
        suspend(sleeper)
        if installation.database.is_sqlite:
            # A clock suspended inside a transaction of SQLite blocks all others until it is
            # resumed; SQLite admits no second clock anyway.
            time.sleep(2 * LEASE)
        else:
            installation.drain()
        resume(sleeper)
        time.sleep(1)
        sleeper.stop(within=TIMEOUT)
        installation.clocks.clear()
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 30
    assert installation.delivery_count(DeliveryState.SENDING) == 0
