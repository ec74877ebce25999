"""Mails that wait: the list, one mail without live links, and the four buttons."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from publisher.mail.mailbox.preparation import PreparedMail, prepare
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import UnreadableReason
from publisher.mail.messages.read import read_message
from publisher.models.departments import DepartmentAddress
from publisher.models.mailbox import Quarantine
from publisher.models.submissions import Submission
from publisher.states import QuarantineState
from tests.support.mailed import intake_of
from tests.web.register.test_coverage_pages import hrefs
from tests.web.site import Site

RAW = """\
From: Stranger <stranger@elsewhere.example>
To: city@pmc.example
Subject: Lake plan
Message-ID: <plan@elsewhere.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Please publish the plan for the lake: https://elsewhere.example/plan
"""


def wait(site: Site) -> int:
    """Receive a stranger's raw mail, and return the id of the quarantine."""
    city, intake = site.city, intake_of(site.city.store)
    prepared = prepare(city.database, RAW.encode(), intake=intake, now=city.now)
    with city.write() as session:
        mail = receive(session, prepared, intake=intake, now=city.now)
        waiting = select(Quarantine.id).where(Quarantine.mail_id == mail.id)
        return session.scalars(waiting).one()


@pytest.mark.parametrize("who", ["clerk", "lead"])
def test_the_cell_takes_a_waiting_mail_in_and_sees_who_wrote_it(site: Site, who: str) -> None:
    quarantine_id, lead = wait(site), site.browser(who)
    assert "/quarantine" in hrefs(lead.page("/"))
    page = lead.page(f"/quarantine/{quarantine_id}")
    assert "https://elsewhere.example/plan" in page
    assert not [href for href in hrefs(page) if "elsewhere" in href]
    assert 'name="remembers"' in page.html
    path = f"/quarantine/{quarantine_id}/take-in"
    assert lead.post(path, {"department_id": ""}).status_code == 422
    water = str(site.city.departments["water"])
    response = lead.post(path, {"department_id": water, "remembers": "y"})
    assert response.status_code == 302
    assert "stranger@elsewhere.example" in site.browser("head").page("/people/waiting")
    with site.city.read() as session:
        submission = session.scalars(select(Submission)).one()
        assert submission.mail_sender == "stranger@elsewhere.example"
        assert session.scalars(select(DepartmentAddress.mail)).all() == [submission.mail_sender]
    assert "stranger@elsewhere.example" in lead.page(f"/submissions/{submission.id}")
    assert lead.post(path, {"department_id": water}).status_code == 409


def test_a_mail_is_marked_as_not_ours_with_a_word_only(site: Site) -> None:
    quarantine_id, clerk = wait(site), site.browser("clerk")
    path = f"/quarantine/{quarantine_id}/not-ours"
    assert clerk.post(path, {"word": ""}).status_code == 422
    assert clerk.post(path, {"word": "जाहिरात"}).status_code == 302
    with site.city.read() as session:
        assert session.scalars(select(Quarantine.state)).all() == [QuarantineState.NOT_OURS]
    assert "जाहिरात" in clerk.page(f"/quarantine/{quarantine_id}")


@pytest.mark.parametrize("reason", UnreadableReason)
def test_a_mail_that_could_not_be_read_is_listed_until_it_is_seen(
    site: Site, reason: UnreadableReason
) -> None:
    city = site.city
    outline = read_message(RAW.encode())
    prepared = PreparedMail(city.store.save(RAW.encode()), 60_000_000, outline, unreadable=reason)
    with city.write() as session:
        mail_id = receive(session, prepared, intake=intake_of(city.store), now=city.now).id
    clerk = site.browser("clerk")
    page = clerk.page("/quarantine")
    assert "stranger@elsewhere.example" in page
    assert "Lake plan" in page
    assert "/quarantine" in hrefs(clerk.page("/"))
    assert clerk.post(f"/quarantine/unreadable/{mail_id}/seen").status_code == 302
    assert "Lake plan" not in clerk.page("/quarantine")
