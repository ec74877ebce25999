"""The machine's time is wrong: posts wait, no account is paused, and nothing leaves twice."""

from __future__ import annotations

import pytest
import requests

from demo import notices
from publisher.now import now
from tests.journey.flow import FACEBOOK, X, approve, in_review, publish_now
from tests.journey.installation import Installation, wait_for, wait_for_page

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(240)]

HELD = "पोस्ट प्रसिद्ध होत नाहीत"
WAITS = "सर्व्हरची वेळ चुकीची आहे"
PAUSED = "तात्पुरते बंद"


def set_platforms_ahead(installation: Installation, seconds: int) -> None:
    """Set the platforms' clocks, and let a second clock of this machine ask them."""
    switches = {"date_ahead": str(seconds)}
    requests.post(f"{installation.sandbox}/switches", json=switches, timeout=10).raise_for_status()
    clock = installation.start.nagarvani("clock", "--once", environment=installation.environment)
    wait_for(lambda: not clock.is_running(), what="the clock's end")


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_posts_wait_for_the_right_time_and_leave_once(installation: Installation) -> None:
    notice = notices.notices_by_key(now())["ward-hours"]
    _submission, post = in_review(installation, notice, member="kiran-wabale")
    approve(installation, post, officer="medha-satpute")
    set_platforms_ahead(installation, -7200)
    deliveries = publish_now(installation, post)
    lead = installation.visitor("prasad-kenjale")
    for delivery in deliveries:
        wait_for_page(lead, delivery, WAITS)
    assert HELD in lead.get("/").text
    installation.wait_for_mail("prasad-kenjale", "/stop")
    assert installation.city_posts(X) == installation.city_posts(FACEBOOK) == []
    lead.send(lead.get("/stop"), "/stop/time")
    wait_for(lambda: len(installation.city_posts(FACEBOOK)) == 2, what="the posts on Facebook")
    assert installation.city_posts(X) == []  # it takes no signature of another time
    set_platforms_ahead(installation, 0)
    wait_for(lambda: len(installation.city_posts(X)) == 2, what="the posts on X")
    assert HELD not in lead.get("/").text
    assert PAUSED not in installation.visitor("arun-tekawade").get("/accounts").text
    assert len(installation.city_posts(FACEBOOK)) == 2
