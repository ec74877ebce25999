"""What a person did keeps the name under which it was done."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.people_history import PersonName
from tests.support.city import statements
from tests.support.city_people import HOUR
from tests.web.site import Site

CLERK, OFFICER, MEMBER = "स्वाती रणपिसे", "मेधा सातपुते", "किरण वाबळे"
MARRIED = "स्वाती कुलकर्णी"
FORMER = f"{CLERK} (पूर्वीचे नाव; आता {MARRIED})"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def rename(site: Site, name: str, name_mr: str, by: str = "admin") -> int:
    """Send the form that renames a person; return the status."""
    fields = {"name_mr": name_mr, "name_en": "", "designation": ""}
    return site.browser(by).post(f"/people/{site.city.people[name]}/name", fields).status_code


def names_of(site: Site, name: str) -> list[str]:
    """Return all names of a person in the history, the oldest first."""
    query = select(PersonName.name_mr).where(PersonName.person_id == site.city.people[name])
    with site.city.read() as session:
        return list(session.scalars(query.order_by(PersonName.id)))


def test_nobody_takes_the_officers_name_by_renaming_themselves(site: Site) -> None:
    post_id = site.city.in_review()
    fields = {"name_mr": OFFICER, "name_en": "Medha Satpute", "language": "mr"}
    tellings = {"approvals": "both", "comments": "mail", "deadlines": "mail"}
    clerk = site.browser("clerk")
    assert clerk.post("/profile", {**fields, **tellings}).status_code == 302
    assert rename(site, "clerk", OFFICER, by="clerk") == 403
    assert rename(site, "admin", OFFICER) == 409
    assert names_of(site, "clerk") == [CLERK]
    with site.city.read() as session:
        assert session.get_one(Person, site.city.people["clerk"]).name_mr == CLERK
    assert CLERK in clerk.get(f"/posts/{post_id}").text
    assert "प्रणाली प्रशासकांना" in clerk.page("/profile")


def test_a_lead_does_not_rename_an_admin(site: Site) -> None:
    assert rename(site, "admin", OFFICER, by="lead") == 403


def test_old_rows_keep_the_former_name_after_an_admin_renames_the_clerk(site: Site) -> None:
    city = site.city
    post_id = city.draft(city.hand_in())
    city.clock.move(HOUR)
    assert rename(site, "clerk", MARRIED) == 302
    city.clock.move(HOUR)
    city.save(post_id, by="clerk", on=("x", "facebook"))
    page = site.browser("lead").page(f"/posts/{post_id}")
    revisions = [tag.text for tag in page.all if tag.tag == "li" and "आवृत्ती" in tag.text]
    assert any(FORMER in text for text in revisions)
    assert any(MARRIED in text and CLERK not in text for text in revisions)
    steps = [tag.text for tag in page.all if tag.tag == "p" and f"{FORMER}, " in tag.text]
    assert steps, "the timeline names who did it then"
    assert FORMER in site.browser("lead").page(f"/posts/{post_id}/compare")


def test_lists_and_exports_name_who_handed_in_as_they_were_called_then(site: Site) -> None:
    site.city.hand_in()
    site.city.clock.move(HOUR)
    assert rename(site, "member", "किरण पाटील") == 302
    csv = site.browser("clerk").get("/submissions.csv?view=all").text
    assert f"{MEMBER} (पूर्वीचे नाव; आता किरण पाटील)" in csv


def test_the_persons_page_lists_former_names_and_the_history_who_renamed(site: Site) -> None:
    site.city.draft(site.city.hand_in())
    site.city.clock.move(HOUR)
    assert rename(site, "clerk", MARRIED) == 302
    page = site.browser("lead").page(f"/people/{site.city.people['clerk']}")
    assert "पूर्वीचे नाव" in page
    assert CLERK in page
    with site.city.read() as session:
        query = select(PersonName).where(PersonName.name_mr == MARRIED)
        assert session.scalars(query).one().recorded_by_id == site.city.people["admin"]
    assert site.city.verbs("people", site.city.people["clerk"])[-1] == "change_name"


def test_a_typing_error_mended_before_the_first_act_is_no_renaming(site: Site) -> None:
    site.city.appoint("new", Role.CELL, "information-technology", "स्वती रणपसे")
    site.browser("new")  # signing in is no act in the record
    assert rename(site, "new", CLERK) == 302
    assert names_of(site, "new") == [CLERK]
    with site.city.read() as session:
        query = select(Event).where(Event.verb == "correct_name")
        before = session.scalars(query).one().details["before"]
    assert before == {"name_mr": "स्वती रणपसे"}
    assert "पूर्वीचे नाव" not in site.browser("lead").page(f"/people/{site.city.people['new']}")


@pytest.mark.twin
def test_a_page_reads_all_former_names_in_one_statement(site: Site) -> None:
    city = site.city
    post_id = city.draft(city.hand_in())
    few = count_statements(site, post_id)
    for number in range(6):
        city.clock.move(HOUR)
        assert rename(site, "clerk", f"{MARRIED} {number}") == 302
        city.save(post_id, by="clerk", on=("x", "facebook")[: 1 + number % 2])
    assert len(names_of(site, "clerk")) == 7
    assert count_statements(site, post_id) == few


def count_statements(site: Site, post_id: int) -> int:
    """Return the number of statements of the second look at a post's page."""
    browser = site.browser("lead")
    browser.page(f"/posts/{post_id}")
    with statements(site.city.database) as executed:
        browser.page(f"/posts/{post_id}")
    return len(executed)
