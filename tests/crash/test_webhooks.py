"""The pages or a clock die while Facebook tells of comments: none is lost, and none comes twice."""

from __future__ import annotations

import os
import random
import sys

import pytest
import requests

from publisher.models.comments import Webhook
from tests.crash import points
from tests.crash.clock_installation import TIMEOUT, ClockInstallation
from tests.crash.webhook_storm import Storm, Told

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3_600)]

SIZE = int(os.environ.get("WEBHOOKS", "300"))
"""The changes of a storm; docs/reliability.md says how more are sent."""


@pytest.fixture
def told(installation: ClockInstallation) -> Told:
    told = Told(installation)
    told.set_up()
    return told


def test_pages_killed_while_they_receive_lose_nothing(told: Told) -> None:
    """What was not acknowledged is sent again, and stored once."""
    keys = []
    for number, point in enumerate(points.RECEIVING):
        keys.append(told.says(f"प्रश्न {number}"))
        body = told.body(("add", keys[-1]))
        told.start_web(dies_at=point)
        with pytest.raises(requests.ConnectionError):
            told.deliver(body)
        told.kill_web()
        told.installation.checkpoint_log(point).unlink()
        assert told.count(Webhook) == number + (point == "webhook.stored")
        told.start_web()
        assert told.deliver(body) == 200
        assert told.count(Webhook) == number + 1
        told.kill_web()
    clock = told.installation.start_clock()
    told.installation.wait_for(lambda: set(told.comments()) == set(keys))
    clock.stop(within=TIMEOUT)
    assert told.waiting() == set()


def test_clocks_killed_while_they_read_what_was_told_lose_nothing(told: Told) -> None:
    told.start_web()
    keys = []
    for number, point in enumerate(points.BEING_TOLD):
        keys.append(told.says(f"प्रश्न {number}"))
        assert told.deliver(told.body(("add", keys[-1]))) == 200
        told.installation.run_clock_until_killed(point)
    told.installation.start_clock()
    told.installation.wait_for(lambda: set(told.comments()) == set(keys) and not told.waiting())
    assert all(comment.told_at for comment in told.comments().values())


def test_a_storm_of_webhooks_with_faults_and_kills(told: Told) -> None:
    storm = Storm(told, SIZE, random.Random(18))
    storm.run()
    verdict = storm.verdict()
    kind = "SQLite" if told.installation.database.is_sqlite else "PostgreSQL"
    sys.stderr.write(
        f"\n{kind}: {storm.delivered} changes, {told.count(Webhook)} deliveries, "
        f"{len(storm.texts)} comments, {len(storm.deleted)} deleted, "
        f"kills {storm.kills}: {verdict}\n"
    )
    assert verdict == dict.fromkeys(verdict, 0)
    assert min(storm.kills.values()) >= 3
