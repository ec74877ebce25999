"""The page behind the link of a mail that asks for which department another mail is."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from publisher.mail.mailbox.preparation import prepare
from publisher.mail.mailbox.receive import receive
from publisher.models.history import Event
from publisher.models.mailbox import ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Department, Link, Person
from publisher.models.submissions import Submission
from publisher.working_time import local_day
from tests.support.city_people import DAY
from tests.support.mailed import address_of, appoint_to, intake_of
from tests.web.html_page import Page
from tests.web.site import Site

RAW = """\
From: Someone <{sender}>
To: city@pmc.example
Subject: Lake plan
Message-ID: <plan@water.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

The plan for the lake is open for a month.
"""


def ask(site: Site, name: str = "member") -> str:
    """Receive somebody's raw mail, and return the path in our question; the member has two."""
    city, intake = site.city, intake_of(site.city.store)
    if name == "member":
        with city.write() as session:
            appoint_to(session, city, name, "road")
    raw = RAW.format(sender=address_of(city, name)).encode()
    prepared = prepare(city.database, raw, intake=intake, now=city.now)
    with city.write() as session:
        mail = receive(session, prepared, intake=intake, now=city.now)
        question = session.get_one(Notice, mail.notice_id)
        match = re.search(r"/mail/department/[\w-]+", question.body)
    assert match is not None
    return match[0]


def counts(site: Site) -> tuple[int, int, int]:
    """Return how many submissions, events and used links there are."""
    used = select(func.count(Link.used_at)).where(Link.purpose == "choose_department")
    queries = (
        select(func.count()).select_from(Submission),
        select(func.count()).select_from(Event),
        used,
    )
    with site.city.read() as session:
        submissions, events, links = (session.scalar(query) or 0 for query in queries)
    return submissions, events, links


def test_opening_the_page_changes_nothing_and_one_press_decides(any_site: Site) -> None:
    path, nobody = ask(any_site), any_site.nobody()
    before = counts(any_site)
    for _ in range(2):
        page = nobody.page(path)
        assert nobody.client.head(path, base_url=nobody.base).status_code == 200
    assert counts(any_site) == before
    assert "Lake plan" in page
    assert "open for a month" not in page, "the link alone shows no text"
    water, road = (str(any_site.city.departments[name]) for name in ("water", "road"))
    assert {button.get("value") for button in page.named("department_id")} == {water, road}
    for department in (road, water):
        assert nobody.post(path, {"department_id": department}).status_code == 302
        after = nobody.page(path)
        assert "PMC/2026/000001" in after
        assert "पथ विभाग" in after
        assert not after.named("department_id")
    assert counts(any_site)[::2] == (1, 1)


def test_the_cell_chooses_from_the_list_of_every_department(site: Site) -> None:
    path, clerk = ask(site, "clerk"), site.browser("clerk")
    page = clerk.page(path)
    values = {button.get("value") for button in page.all if button.tag == "option"}
    assert values >= {str(key) for key in site.city.departments.values()}
    empty = clerk.post(path, {"department_id": ""})
    assert (empty.status_code, bool(Page(empty.text).error_at("department_id"))) == (422, True)
    garden = str(site.city.departments["garden"])
    assert clerk.post(path, {"department_id": garden}).status_code == 302
    with site.city.read() as session:
        submission = session.scalars(select(Submission)).one()
        assert submission.department_id == site.city.departments["garden"]
        assert submission.handed_in_by_id == site.city.people["clerk"]
        assert submission.brought_by


@pytest.mark.parametrize("department", ["garden", "road", ""])
def test_another_department_or_a_closed_one_is_refused_at_the_field(
    site: Site, department: str
) -> None:
    path, nobody = ask(site), site.nobody()
    with site.city.write() as session:
        road = session.get_one(Department, site.city.departments["road"])
        road.until_on = local_day(site.city.now - DAY)
    chosen = str(site.city.departments.get(department, "x"))
    response = nobody.post(path, {"department_id": chosen})
    assert (response.status_code, counts(site)[::2]) == (422, (0, 0))
    assert Page(response.text).errors()


def test_somebody_signed_in_as_another_is_told_whose_link_it_is(site: Site) -> None:
    path, first = ask(site), site.browser("first")
    response = first.get(path)
    assert response.status_code == 403
    with site.city.read() as session:
        name = session.get_one(Person, site.city.people["member"]).name_mr
    assert name in response.text
    assert "Lake plan" not in response.text
    road = str(site.city.departments["road"])
    assert first.post(path, {"department_id": road}).status_code == 404
    assert counts(site)[::2] == (0, 0)
    assert site.browser("member").post(path, {"department_id": road}).status_code == 302


def test_a_link_of_nothing_says_that_it_is_over(site: Site) -> None:
    nobody = site.nobody()
    assert nobody.get("/mail/department/nothing").status_code == 404
    assert nobody.post("/mail/department/nothing", {"department_id": "1"}).status_code == 404


def test_the_mail_waits_for_the_cell_meanwhile_which_sees_who_was_asked(site: Site) -> None:
    path, clerk = ask(site), site.browser("clerk")
    with site.city.read() as session:
        mail = session.scalars(select(ReceivedMail)).one()
        assert mail.quarantine is not None
        own_path = f"/quarantine/{mail.quarantine.id}"
    for page in (clerk.page("/quarantine"), clerk.page(own_path)):
        assert f"विभाग विचारला: {address_of(site.city, 'member')}" in page
    water = str(site.city.departments["water"])
    assert clerk.post(f"{own_path}/take-in", {"department_id": water}).status_code == 302
    page = site.nobody().page(path)
    assert "कक्षाने हा ईमेल आधीच घेतला आहे" in page
    assert "PMC/2026/000001" in page


def test_without_the_raw_mail_nothing_is_chosen_and_it_says_so(site: Site) -> None:
    path, nobody = ask(site), site.nobody()
    with site.city.write() as session:
        session.scalars(select(ReceivedMail)).one().raw_sha256 = None
    response = nobody.post(path, {"department_id": str(site.city.departments["road"])})
    assert (response.status_code, counts(site)[::2]) == (422, (0, 0))


def test_a_link_whose_time_is_over_says_so(site: Site) -> None:
    path = ask(site)
    site.city.clock.move(30 * DAY)
    page = site.nobody().page(path)
    assert "मुदत संपली" in page
    assert not page.named("department_id")
