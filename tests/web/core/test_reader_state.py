"""A post says everywhere what its texts have become, and its history is told in order."""

from __future__ import annotations

import pytest

from publisher.models.posts import Post
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.reports.progress import Stage, post_stages
from publisher.reports.timeline import post_timeline
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, MINUTE
from tests.web.html_page import Page
from tests.web.site import Site

PARTLY = "अंशतः प्रसिद्ध झाले"
PUBLISHED, APPROVED, DRAFT = "प्रसिद्ध झाले", "मान्य", "मसुदा"
NOBODY = "मान्यता देण्यास कोणी उपलब्ध नाही"


def chips(page: Page) -> list[str]:
    return [tag.text for tag in page.all if "chip" in tag.get("class").split()]


def stage_of(town: City, post_id: int) -> Stage:
    with town.read() as session:
        return post_stages(session, [session.get_one(Post, post_id)])[post_id]


@pytest.mark.parametrize("path", ["/posts/1", "/submissions/1", "/posts/1/review"])
def test_a_live_post_says_published_on_every_page(site: Site, path: str) -> None:
    site.city.live(on=["x", "facebook"])
    for name in ("clerk", "member", "first"):
        response = site.browser(name).get(path)
        if response.status_code == 200:
            found = chips(Page(response.text))
            assert PUBLISHED in found, name
            assert APPROVED not in found, name


@pytest.mark.parametrize("path", ["/posts/1", "/submissions/1"])
def test_a_post_of_which_one_text_was_left_out_says_published_in_part(
    site: Site, path: str
) -> None:
    scenes.left_out(site.city)
    assert PARTLY not in chips(site.browser("clerk").page(path))
    site.city.tick_dispatch(DAY)
    for name in ("clerk", "member"):
        page = site.browser(name).page(path)
        assert PARTLY in chips(page)
    page = site.browser("clerk").page("/posts/1")
    (notice,) = [notice for notice in page.notices() if notice.startswith("प्रसिद्ध झाले नाही")]
    assert "फेसबुक" in notice
    assert "एक्स" not in notice
    assert "/posts/1/schedule" in page.html


def test_a_post_of_which_one_text_failed_says_published_in_part(site: Site) -> None:
    site.city.platform("facebook").fail_next(Refused(RefusalCode.DUPLICATE))
    site.city.live(on=["x", "facebook"])
    assert stage_of(site.city, 1) is Stage.PARTLY_LIVE


def test_while_its_correction_is_drafted_a_live_post_says_both(site: Site) -> None:
    site.city.live()
    site.city.save(1, on=["x"], text="दुरुस्ती")
    assert chips(site.browser("clerk").page("/posts/1"))[:2] == [PUBLISHED, DRAFT]


def test_a_post_that_nobody_can_approve_says_so_at_its_top(site: Site) -> None:
    scenes.in_review_with_nobody(site.city)
    assert chips(site.browser("clerk").page("/posts/1"))[0] == NOBODY


@pytest.mark.parametrize(
    ("scene", "stage"),
    [
        (scenes.missed, Stage.MISSED),
        (scenes.failed, Stage.FAILED),
        (scenes.unconfirmed, Stage.UNCONFIRMED),
        (scenes.held, Stage.HELD),
        (scenes.in_review_with_nobody, Stage.IN_REVIEW),
    ],
)
def test_a_post_that_is_not_live_says_what_it_waits_for(
    any_site: Site, scene: scenes.Scene, stage: Stage
) -> None:
    scene(any_site.city)
    assert stage_of(any_site.city, 1) is stage


def test_a_missed_text_of_an_older_revision_no_longer_counts(any_site: Site) -> None:
    scenes.missed(any_site.city)
    any_site.city.save(1, on=["x"], text="नवा मजकूर")
    assert stage_of(any_site.city, 1) is Stage.DRAFT


def test_a_text_scheduled_after_the_first_was_published_is_told_after_it(site: Site) -> None:
    town = site.city
    post_id = town.approved(on=["x", "facebook"])
    town.schedule(post_id, MINUTE, only=0)
    town.tick_dispatch(MINUTE)
    town.schedule(post_id, MINUTE, only=1)
    town.tick_dispatch(MINUTE)
    with town.read() as session:
        steps = post_timeline(session, post=session.get_one(Post, post_id), now=town.now).steps
    assert [
        (step.kind.value, [outlet.account.platform for outlet in step.outlets]) for step in steps
    ][-4:] == [
        ("scheduled", ["x"]),
        ("published", ["x"]),
        ("scheduled", ["facebook"]),
        ("published", ["facebook"]),
    ]
