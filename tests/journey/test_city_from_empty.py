"""A city from empty: two by command, all people typed by one and confirmed by the other.

There are 201 people in the proof, and 12 in `make ci`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.i18n.languages import digits
from publisher.models.people import Appointment
from publisher.states import AppointmentState
from tests.cli.command_line import Workspace, make_workspace
from tests.journey.http_browser import Visitor
from tests.journey.installation import wait_for
from tests.support.mail import MailServer
from tests.support.processes import Starter, free_port

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
PASSWORD = "पावसाळी-सकाळ-टेकडी"
DEPARTMENTS = 67
LIST = 100
"""Appointments confirmed by one form; the most is 200."""
WAITING = "/people/waiting"


def add_by_command(workspace: Workspace, name: str, role: str, department: str) -> tuple[str, str]:
    """Record somebody by the command, and return their mail and the path of their invitation."""
    mail = f"{role}@pmc.example"
    options = ("--name", name, "--mail", mail, "--role", role)
    output = workspace.run("people", "add", *options, "--department", department, "--show-link")
    assert output.code == 0, output.err
    match = re.search(r"/invitation/[\w-]+", output.out)
    assert match, output.out
    return mail, match[0]


def take_up(web: str, mail: str, invitation: str) -> Visitor:
    """Set a password by the invitation, and sign in with it."""
    visitor = Visitor(web)
    page = visitor.send(visitor.get(invitation), "#invitation", {"new_password": PASSWORD})
    visitor.send(page, "#sign-in", {"identifier": mail, "password": PASSWORD})
    return visitor


def people_to_record(departments: list[str]) -> Iterator[dict[str, str]]:
    """Yield what is typed for a head and two officers of each department."""
    for number, department in enumerate(departments):
        for place, role in enumerate(("head", "officer", "officer")):
            key = number * 3 + place
            yield {
                "role": role,
                "department_id": department,
                "name_mr": f"अधिकारी {key}",
                "mail": f"person{key}@pmc.example",
                "mobile": f"98{key:08}",
                "order_number": f"साप्र/{key}",
            }


def state_count(database: Database, state: AppointmentState) -> int:
    with database.reading() as session:
        query = select(func.count()).where(Appointment.state == state)
        return int(session.scalar(query.select_from(Appointment)) or 0)


@pytest.mark.parametrize(
    "count", [pytest.param(4, marks=pytest.mark.ci), pytest.param(67, marks=pytest.mark.proof)]
)
def test_two_people_set_up_departments_through_the_pages(
    count: int,
    database: Database,
    start: Starter,
    mail_server: MailServer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    port = free_port()
    web = f"http://127.0.0.1:{port}"
    workspace = make_workspace(tmp_path, database.url)
    workspace = Workspace(
        tmp_path, {**workspace.settings, "BASE_URL": web, "SMTP_URL": mail_server.url}
    )
    assert workspace.run("init").code == 0
    invitations = [
        add_by_command(workspace, "अरुण टेकवडे", "admin", "information-technology"),
        add_by_command(workspace, "प्रसाद केंजळे", "cell_lead", "information-technology"),
    ]
    environment = workspace.environment()
    start.nagarvani("web", "--port", str(port), "--workers", "1", environment=environment)
    start.nagarvani("clock", environment=environment)
    wait_for(lambda: answers(web), what="the pages")
    admin, lead = (take_up(web, *invitation) for invitation in invitations)

    began = time.monotonic()
    page = lead.get("/people/new")
    departments = re.findall(r"<option [^>]*data-search=[^>]*>", page.html)
    departments = [re.findall(r'value="(\d+)"', option)[0] for option in departments]
    assert len(departments) == DEPARTMENTS
    people = count * 3
    for values in people_to_record(departments[:count]):
        assert lead.send(page, "#person", values).path.startswith("/people/")
        page = lead.get("/people/new")
    record_property(f"seconds to record {people} people", round(time.monotonic() - began))
    assert state_count(database, AppointmentState.RECORDED) == people
    assert digits(str(people), "mr") in admin.get("/people").text

    began = time.monotonic()
    assert "chosen" not in lead.get("/people/waiting").html  # the recorder confirms nothing
    lists = 0
    while chosen := re.findall(r'name="chosen"[^>]*value="([^"]+)"', admin.get(WAITING).html):
        admin.send(admin.get(WAITING), "#waiting", {"chosen": chosen[:LIST]})
        lists += 1
    record_property("seconds to confirm them", round(time.monotonic() - began))
    assert lists == ceil(people / LIST)
    assert state_count(database, AppointmentState.CONFIRMED) == people

    invited = [f"person{number}@pmc.example" for number in range(people)]
    wait_for(lambda: all(map(mail_server.to, invited)), within=240, what="the invitations")
    match = re.search(r"/invitation/[\w-]+", mail_server.to(invited[0])[0].text)
    assert match
    head = take_up(web, invited[0], match[0])
    assert state_count(database, AppointmentState.ACTIVE) == 3
    assert head.get("/").code == 200


def answers(web: str) -> bool:
    try:
        return Visitor(web).get("/sign-in").code == 200
    except requests.ConnectionError:
        return False
