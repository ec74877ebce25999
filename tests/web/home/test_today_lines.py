"""Today: one line a post, the first one framed, one fact said once."""

from __future__ import annotations

import pytest

from publisher.models.posts import Post
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.reports.next_step import NextKind
from publisher.reports.tab_counts import overview_of
from publisher.reports.timeline import post_timeline
from publisher.reports.todo import list_waiting
from publisher.tasks.specs import TaskKind
from publisher.tasks.tick import tick_tasks
from tests.support import scenes
from tests.support.city_people import HOUR, MINUTE
from tests.web.html_page import Element, Page
from tests.web.site import Site


def items(page: Page) -> list[Element]:
    return [tag for tag in page.all if "work-item" in tag.get("class").split()]


def filled_buttons(page: Page) -> list[Element]:
    return [tag for tag in page.all if tag.tag == "a" and "btn-act" in tag.get("class").split()]


def hold_one_and_miss_the_other(site: Site) -> list[int]:
    """Leave a post held on X and missed on Facebook."""
    town = site.city
    post_id = town.approved(on=["x", "facebook"])
    (on_x,) = town.schedule(post_id, HOUR, only=0)
    (on_facebook,) = town.schedule(post_id, 90 * MINUTE, only=1)
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    town.tick_dispatch(HOUR)
    town.tick_dispatch(3 * HOUR)
    for _ in range(6):
        town.tick_reconcile(15 * MINUTE)
    return [on_x, on_facebook]


def test_a_post_is_one_line_with_a_way_to_decide_each_text(any_site: Site) -> None:
    on_x, on_facebook = hold_one_and_miss_the_other(any_site)
    lead = any_site.city.actor("lead")
    with any_site.city.read() as session:
        (task,) = list_waiting(session, actor=lead, now=any_site.city.now)
        assert overview_of(session, actor=lead, now=any_site.city.now).counts.today == 1
    assert {(part.kind, part.subject_id) for part in task.parts} == {
        (TaskKind.DELIVERY_HELD, on_x),
        (TaskKind.DELIVERY_MISSED, on_facebook),
    }
    page = any_site.browser("lead").page("/")
    (item,) = items(page)
    assert item.text.count("शनिवारी पाणीपुरवठा बंद") == 4  # as a title once, and for readers
    hrefs = [tag.get("href") for tag in page.all if tag.tag == "a" and tag.within("li") is not None]
    assert f"/deliveries/{on_x}" in hrefs
    assert f"/deliveries/{on_facebook}" in hrefs


def test_the_limit_of_today_cuts_no_post_among_its_texts(any_site: Site) -> None:
    town = any_site.city
    for _ in range(2):
        town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    town.clock.move(HOUR)
    town.tick_dispatch(3 * HOUR)
    with town.read() as session:
        (task,) = list_waiting(session, actor=town.actor("clerk"), now=town.now, most=1)
    assert len(task.parts) == 2


@pytest.mark.parametrize("name", ["first", "clerk"])
def test_the_first_line_is_always_framed_and_has_the_filled_button(site: Site, name: str) -> None:
    for _ in range(2):
        scenes.in_review(site.city)
        scenes.received(site.city)
    page = site.browser(name).page("/")
    framed = ["sheet-framed" in item.get("class") for item in items(page)]
    assert framed == [True, False]
    assert len(filled_buttons(page)) == 1


def test_a_missed_text_is_told_once_and_without_a_second_alarm(site: Site) -> None:
    scenes.missed(site.city)
    page = site.browser("clerk").page("/")
    (item,) = items(page)
    assert item.text.count("वेळ उलटली") == 1
    assert "chip-filled" not in page.html
    assert "deadline-over" not in page.html


def test_no_line_of_facts_begins_or_ends_with_a_dot(site: Site) -> None:
    """The dots between facts are drawn by the style sheet, which hides the one at the beginning."""
    scenes.received(site.city)
    page = site.browser("clerk").page("/")
    (facts,) = [tag for tag in page.all if tag.get("class") == "dots"]
    assert "पाणीपुरवठा विभाग" in facts.text
    assert "·" not in facts.text


def test_at_most_two_chips_are_loud(site: Site) -> None:
    for _ in range(4):
        scenes.missed(site.city)
        scenes.routed(site.city)
    site.city.clock.move(30 * 24 * HOUR)
    for name in ("clerk", "first", "lead"):
        assert site.browser(name).page("/").html.count("chip-filled") <= 2


def test_a_post_whose_window_has_passed_is_not_to_be_scheduled(any_site: Site) -> None:
    town = any_site.city
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], not_after=town.now + HOUR)
    town.send(post_id)
    town.approve(post_id)
    town.clock.move(2 * HOUR)
    tick_tasks(town.database, now=town.clock)
    with town.read() as session:
        (task,) = list_waiting(session, actor=town.actor("clerk"), now=town.now)
        timeline = post_timeline(session, post=session.get_one(Post, post_id), now=town.now)
    assert (task.kind, task.subject_id) == (TaskKind.OUTLIVED, post_id)
    assert timeline.next is not None
    assert timeline.next.kind is NextKind.RESCHEDULE


def test_the_offer_of_the_introduction_can_be_hidden(site: Site) -> None:
    clerk = site.browser("clerk")
    assert "/tour/dismiss" in clerk.page("/").html
    assert clerk.post("/tour/dismiss").headers["Location"] == "/"
    assert "/tour/dismiss" not in clerk.page("/").html
