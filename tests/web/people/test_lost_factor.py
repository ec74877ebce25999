"""A lost second factor is ended by two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.auth import recovery_codes, totp
from publisher.models.notifications import Notice
from publisher.models.people import SignIn
from tests.support.city_people import record_by, verbs
from tests.web.html_page import Page
from tests.web.sign_in.test_second_factor import with_app
from tests.web.site import PASSWORD, Site

DAY = timedelta(days=1)
OTHER = "दुसऱ्या प्रणाली प्रशासकाने"


def press(site: Site, name: str, whose: str) -> tuple[int, str]:
    """Press the button as this person; return the status code and the page."""
    response = site.browser(name).post(f"/people/{site.city.people[whose]}/second-factor")
    return response.status_code, Page(response.text).text


def has_factor(site: Site, name: str) -> bool:
    with site.city.read() as session:
        return totp.find_factor(session, person_id=site.city.people[name]) is not None


@pytest.mark.parametrize(("first", "second"), [("admin", "lead"), ("lead", "head")])
def test_two_end_it_and_the_person_is_told(any_site: Site, first: str, second: str) -> None:
    with_app(any_site, "first")
    assert press(any_site, first, "first")[0] == 302
    assert has_factor(any_site, "first")
    assert press(any_site, second, "first")[0] == 302
    assert not has_factor(any_site, "first")
    person_id = any_site.city.people["first"]
    with any_site.city.read() as session:
        assert recovery_codes.number_left(session, person_id=person_id) == 0
        told = session.scalars(select(Notice).where(Notice.kind == "access_changed")).all()
        assert {notice.person_id for notice in told} == {person_id}
        assert verbs(session, "people", person_id)[-2:] == ["ask_factor_end", "end_factor"]
        alive = select(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        assert session.scalars(alive).all() == []
    assert any_site.nobody().sign_in("first", PASSWORD).headers["Location"] == "/"


def test_one_alone_ends_nothing_however_often(site: Site) -> None:
    with_app(site, "first")
    assert press(site, "lead", "first")[0] == 302
    code, page = press(site, "lead", "first")
    assert (code, OTHER in page) == (409, True)
    assert has_factor(site, "first")


def test_two_mailboxes_of_one_person_are_not_enough(site: Site) -> None:
    with_app(site, "first")
    with site.city.write() as session:
        record_by(session, site.city.appointments["lead"], site.city.people["admin"])
    assert press(site, "admin", "first")[0] == 302
    assert press(site, "lead", "first")[0] == 409
    assert has_factor(site, "first")


def test_the_first_word_holds_for_three_days(site: Site) -> None:
    with_app(site, "first")
    press(site, "admin", "first")
    site.city.clock.move(3 * DAY)
    assert press(site, "lead", "first")[0] == 302
    assert has_factor(site, "first")


def test_nobody_ends_their_own_and_no_other_head_ends_it(site: Site) -> None:
    for name in ("lead", "road_member"):
        with_app(site, name)
    own = site.browser("admin")
    assert own.post(f"/people/{site.city.people['admin']}/second-factor").status_code == 409
    assert press(site, "head", "road_member")[0] == 404
    assert press(site, "clerk", "road_member")[0] == 403


def test_a_head_finds_the_page_of_an_officers_lost_phone(site: Site) -> None:
    with_app(site, "first")
    head = site.browser("head")
    assert 'href="/people/waiting"' in head.get("/").text
    page = head.get("/people/waiting").text
    for name in ("first", "second", "member"):
        assert f'href="/people/{site.city.people[name]}/second-factor"' in page
    for name in ("head", "road_member"):
        assert f"/people/{site.city.people[name]}/second-factor" not in page
    assert head.get(f"/people/{site.city.people['first']}/second-factor").status_code == 200
    assert "/second-factor" not in site.browser("lead").get("/people/waiting").text
