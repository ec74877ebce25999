"""The home page and the board show as many items as their tabs say, emergencies included."""

from __future__ import annotations

import re

import pytest

from publisher.emergency import alerts
from publisher.i18n.languages import latin_digits
from tests.support import emergency_steps
from tests.web.html_page import Element, Page
from tests.web.site import Site
from tests.web.world import CAST, World

SETTLED_BY_PEOPLE = "निर्णयाशिवाय पुढे जाणार नाही"


@pytest.mark.parametrize("role", CAST)
def test_todays_tab_counts_what_stands_on_today(world: World, role: str) -> None:
    page = world.site.browser(CAST[role]).page("/")
    assert _count(page, "/") == len(_items(page)) + len(_in_the_lane(page)) + _about_people(page)


@pytest.mark.parametrize("role", ["admin", "lead", "cell"])
def test_the_boards_tab_counts_what_stands_on_the_board(world: World, role: str) -> None:
    page = world.site.browser(CAST[role]).page("/decisions")
    text = next(
        paragraph.text
        for paragraph in page.all
        if paragraph.tag == "p" and SETTLED_BY_PEOPLE in paragraph.text
    )
    assert _in_the_lane(page) != []
    assert _count(page, "/decisions") == int(latin_digits(text.split()[0]))


def test_an_officers_todos_and_stuck_posts_are_counted_and_linked(
    site: Site,
) -> None:
    town = site.city
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    officer = site.browser("first").page("/")
    assert _count(officer, "/") == len(_in_the_lane(officer)) == 1
    assert [link.get("href") for link in _links(officer)] == [f"/emergency/uses/{use_id}"]
    assert _count(site.browser("clerk").page("/"), "/") == 0


def test_an_urgent_delivery_that_nobody_took_waits_for_whoever_is_on_duty(world: World) -> None:
    for name in ("clerk", "lead"):
        page = world.site.browser(name).page("/")
        assert "/emergency" in [link.get("href") for link in _links(page)]
    with world.site.city.write() as session:
        for open_alert in alerts.open_alerts(session):
            actor, now = world.site.city.actor("lead"), world.site.city.now
            alerts.take(session, actor=actor, now=now, alert_id=open_alert.id)
    page = world.site.browser("clerk").page("/")
    assert "/emergency" not in [link.get("href") for link in _links(page)]
    assert _count(page, "/") == len(_items(page)) + len(_in_the_lane(page)) + _about_people(page)


def _count(page: Page, path: str) -> int:
    """Return the number on the tab that leads to this path."""
    tab = next(
        link
        for link in page.all
        if link.tag == "a" and link.get("href") == path
        if "tabs" in (link.within("nav") or link).get("class")
    )
    numbers = [
        tag.text for tag in page.all if "count" in tag.get("class") and tag.within("a") is tab
    ]
    return int(latin_digits(numbers[0])) if numbers else 0


def _items(page: Page) -> list[Element]:
    return [tag for tag in page.all if "work-item" in tag.get("class").split()]


def _about_people(page: Page) -> int:
    """Return how many appointments and mails wait, as their lines say."""
    lines = [
        link.text for link in page.all if link.get("href") in ("/people/waiting", "/quarantine")
    ]
    numbers = [re.search(r"\d+", latin_digits(line)) for line in lines]
    return sum(int(number[0]) for number in numbers if number is not None)


def _in_the_lane(page: Page) -> list[Element]:
    return [
        section
        for section in page.all
        if section.tag == "section"
        and "lane-waiting" in (section.within("div") or section).get("class")
    ]


def _links(page: Page) -> list[Element]:
    sections = _in_the_lane(page)
    return [link for link in page.all if link.tag == "a" and link.within("section") in sections]
