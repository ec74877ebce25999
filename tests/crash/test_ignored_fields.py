"""Clocks are killed, and answers lost, while X ignores which fields of its posts are asked for."""

from __future__ import annotations

import random
import time
from io import BytesIO

import pytest
from PIL import Image

from publisher.drafting.drafts import PictureDraft
from publisher.states import DeliveryState
from tests.crash.clock_installation import TIMEOUT, ClockInstallation
from tests.crash.verdict import judge

pytestmark = pytest.mark.timeout(900)

KILLS = 20
LOST = ("reset_after", "error_after", "truncated", "no_id")
SECONDS_OF_LOOKS = 10
"""Longer than all looks of a clock of the tests."""


def test_of_what_a_killed_clock_has_sent_all_is_found(installation: ClockInstallation) -> None:
    """The time in an id tells what can be the attempt's, so nothing that is live is held."""
    chance = random.Random(20261202)
    installation.set_switches(x_fields="ignored")
    struck = 0
    for _ in range(KILLS):
        clock = installation.start_clock()
        clock.wait_for("runs", within=TIMEOUT)
        installation.clear_faults()
        for platform in ("x", "facebook"):
            installation.add_fault(platform, "publish", chance.choice(LOST), count=1)
        installation.slow_publications(0.1)
        installation.add_posts(6)
        time.sleep(chance.uniform(0, 0.6))
        clock.kill()
        struck += installation.delivery_count(DeliveryState.CLAIMED, DeliveryState.SENDING) > 0
        installation.clocks.clear()
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts == 6 * KILLS
    assert verdict.held_live == 0, verdict
    assert struck >= KILLS // 4, "kills of clocks that had nothing to do prove nothing"


def test_what_cannot_be_compared_waits_until_x_gives_the_fields_again(
    installation: ClockInstallation,
) -> None:
    """A post with a picture shows none; it is neither sent again nor held as if it were absent."""
    content = BytesIO()
    Image.new("RGB", (800, 600), "teal").save(content, "JPEG")
    picture = PictureDraft("पाण्याची टाकी", content=content.getvalue(), name="tank.jpg")
    installation.set_switches(x_fields="ignored")
    installation.add_fault("x", "publish", "reset_after", count=3)
    installation.add_posts(3, on=["x"], pictures=(picture,))
    clock = installation.start_clock()
    installation.wait_for(lambda: installation.delivery_count(DeliveryState.UNCONFIRMED) == 3)
    time.sleep(SECONDS_OF_LOOKS)
    clock.stop(within=TIMEOUT)
    installation.clocks.clear()
    assert installation.delivery_count(DeliveryState.UNCONFIRMED) == 3
    installation.set_switches(x_fields="both")
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert (verdict.published, verdict.held) == (3, 0)
