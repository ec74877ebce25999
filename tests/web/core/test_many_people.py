"""A city of 317 people: the lists page, and nobody is left out."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select

from approvals.policy import Role
from publisher.models.people import Appointment, Department
from publisher.people.permissions import COMMAND
from tests.support.city import statements
from tests.support.city_people import add_department, appoint
from tests.web.html_page import Page
from tests.web.site import Site

ADDED = 302
"""Beside the 15 of the city."""


def add_people(site: Site, role: Role, *, by: str = "") -> None:
    """Appoint so many people, each in a department of their own if they are officers."""
    with site.city.write() as session:
        water = session.get_one(Department, site.city.departments["water"])
        for number in range(ADDED):
            department = water
            if role is Role.OFFICER:
                department = add_department(session, f"d-{number:03}")
            actor = site.city.actor(by) if by else COMMAND
            name, mail = f"व्यक्ती {number:03}", f"person-{number:03}@pmc.example"
            appoint(session, department, role, name=name, mail=mail, actor=actor)


def mails_of(page: Page) -> set[str]:
    """Return the mail addresses in the cells of a list."""
    texts = {tag.text for tag in page.all if tag.tag == "span"}
    return {text for text in texts if text.endswith("@pmc.example")}


@pytest.mark.ci
def test_a_list_of_317_people_has_thirteen_pages_with_everybody(site: Site) -> None:
    add_people(site, Role.MEMBER)
    with site.city.read() as session:
        total = session.scalar(select(func.count()).select_from(Appointment))
    assert total == 317
    admin = site.browser("admin")
    pages = [admin.page(f"/people?page={number}") for number in range(1, 14)]
    first, last = pages[0], pages[-1]
    assert [len(mails_of(page)) for page in pages] == [25] * 12 + [17]
    assert len(set.union(*map(mails_of, pages))) == 317
    assert "१ ते २५" in first.text
    assert "/people?page=2" in admin.get("/people").text
    assert mails_of(admin.page("/people?page=99")) == mails_of(last)
    assert mails_of(admin.page("/people?page=x")) == mails_of(first)
    found = admin.page("/people?q=person-301")
    assert mails_of(found) == {"person-301@pmc.example"}


@pytest.mark.ci
def test_302_who_wait_are_confirmed_by_200_at_once(site: Site) -> None:
    add_people(site, Role.OFFICER, by="lead")
    own = site.browser("admin").page("/people/waiting")
    assert len(own.named("chosen")) == 200
    others = site.browser("lead").page("/people/waiting")
    assert len(others.named("chosen")) == 0
    assert "१ ते २००" in others.text
    assert "३०२" in others.text


@pytest.mark.ci
def test_the_page_of_those_who_wait_reads_one_page_and_a_count(site: Site) -> None:
    add_people(site, Role.OFFICER, by="lead")
    loaded: list[int] = []

    def note(target: object, _context: object) -> None:
        loaded.append(id(target))

    event.listen(Appointment, "load", note)
    try:
        for name, own, others in (("admin", 200, 102), ("lead", 0, 200), ("head", 0, 0)):
            browser = site.browser(name)
            loaded.clear()
            with statements(site.city.database) as executed:
                page = browser.page("/people/waiting")
            assert len(page.named("chosen")) == own
            assert len(loaded) <= own + others + 20
            assert len(executed) < 30
    finally:
        event.remove(Appointment, "load", note)
