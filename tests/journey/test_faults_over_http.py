"""Faults of the platforms neither duplicate nor lose a post, and a person can resolve them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from demo import notices
from publisher.now import now
from tests.journey.flow import AT_ANY_HOUR, FACEBOOK, X, approve, in_review
from tests.journey.http_browser import LoadedPage
from tests.journey.installation import Installation, wait_for, wait_for_page

pytestmark = [pytest.mark.both, pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(240)]
LINK = r"^https?://\S+/(status|posts)/"
HELD = "निर्णयासाठी थांबविले"
PAUSED = "तात्पुरते बंद"


def test_after_every_fault_each_text_stands_there_once(installation: Installation) -> None:
    notice = notices.notices_by_key(now())["ward-hours"]
    _submission, post = in_review(installation, notice, member="kiran-wabale")
    approve(installation, post, officer="medha-satpute")
    _kept_though_an_error_came(installation, post)
    _dropped_before_it_was_kept(installation, post)
    _told_to_wait(installation, post)
    _let_in_no_more(installation, post)
    assert sorted(line["text"] for line in installation.city_posts(X)) == sorted(
        [notice.mr.text_on("x"), notice.en.text_on("x")]
    )
    on_facebook = sorted(line["text"] for line in installation.city_posts(FACEBOOK))
    assert on_facebook == sorted([notice.mr.text_on("facebook"), notice.en.text_on("facebook")])


def _publish(installation: Installation, post: str, title: str) -> str:
    """Publish a text with this title now, and return its delivery's path."""
    clerk = installation.visitor("swati-ranpise")
    page = clerk.get(f"{post}/schedule")
    row = next(
        row for row in page.html.split('<section class="time-row" id="text-') if title in row
    )
    page = clerk.send(page, "/publish-now", {"chosen": row.partition('"')[0], **AT_ANY_HOUR})
    return _link_in_row(page, title, "/deliveries/")


def _link_in_row(page: LoadedPage, title: str, part: str) -> str:
    """Return the link of the row with this title."""
    row = next(row for row in page.html.split("<tr") if f">{title}<" in row)
    return next(str(address) for address in re.findall(r'href="([^"]+)"', row) if part in address)


def _wait_until_live(installation: Installation, delivery: str) -> None:
    """Wait until the delivery's page shows the link of the post."""
    clerk = installation.visitor("swati-ranpise")
    wait_for(lambda: clerk.get(delivery).links(LINK), what=f"a link on {delivery}")


def _kept_though_an_error_came(installation: Installation, post: str) -> None:
    """A post whose response was an error is found by a look-up, and not sent again."""
    installation.add_fault(X, "publish", "error_after")
    delivery = _publish(installation, post, "एक्स (X) – मराठी मजकूर")
    _wait_until_live(installation, delivery)
    assert len(installation.city_posts(X)) == 1


def _dropped_before_it_was_kept(installation: Installation, post: str) -> None:
    """A post that is not found is held for a person, but not before all look-ups."""
    installation.add_fault(FACEBOOK, "publish", "reset_before")
    delivery = _publish(installation, post, "फेसबुक – मराठी मजकूर")
    lead = installation.visitor("prasad-kenjale")
    page = wait_for_page(lead, delivery, HELD)
    assert installation.city_posts(FACEBOOK) == []
    assert f'action="{delivery}/send-again"' in lead.get("/decisions").html
    lead.send(page, "/send-again", code=409)
    installation.age_attempt(int(delivery.rsplit("/", 1)[1]), timedelta(minutes=16))
    lead.send(page, "/send-again")
    _wait_until_live(installation, delivery)
    assert len(installation.city_posts(FACEBOOK)) == 1


def _told_to_wait(installation: Installation, post: str) -> None:
    """The clock waits until the time that the platform names in its rate limit."""
    began_at = now()
    installation.add_fault(X, "publish", "rate_limit", seconds=6)
    delivery = _publish(installation, post, "एक्स (X) – इंग्रजी मजकूर")
    _wait_until_live(installation, delivery)
    newest = installation.city_posts(X)[-1]
    assert datetime.fromisoformat(newest["created_at"]) >= began_at + timedelta(seconds=5)
    assert len(installation.city_posts(X)) == 2


def _let_in_no_more(installation: Installation, post: str) -> None:
    """An expired token pauses the account, notifies lead and admin, and loses nothing."""
    installation.add_fault(FACEBOOK, "publish", "expired_token")
    _publish(installation, post, "फेसबुक – इंग्रजी मजकूर")
    admin = installation.visitor("arun-tekawade")
    page = wait_for_page(admin, "/accounts", PAUSED)
    for name in ("arun-tekawade", "prasad-kenjale"):
        installation.wait_for_mail(name, "/accounts")
    assert len(installation.city_posts(FACEBOOK)) == 1
    row = next(row for row in page.html.split("<tr") if PAUSED in row)
    admin.send(page, row.split('action="')[1].split('"')[0])
    wait_for(lambda: len(installation.city_posts(FACEBOOK)) == 2, what="the post that waited")
