"""Whoever gives somebody another mail address or mobile gets no right by it that is their own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.models.departments import DepartmentAddress
from publisher.models.emergency import Duty
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.transfers import TransferList
from publisher.people import confirmation, contact_corrections
from publisher.people.contact_corrections import tick_contacts
from publisher.people.permissions import COMMAND
from publisher.transfers.carry_out import tick_transfers
from publisher.working_time import day_bounds
from tests.web.people.test_one_hand import (
    PASSWORD,
    confirm,
    may_warn,
    record,
    row,
    second_admin,
    sign_in,
    take_up,
    tick_of,
)
from tests.web.people.test_upgrade_review import PAGE, mark
from tests.web.register.test_transfer_pages import ORDER, ROW
from tests.web.sign_in.test_factor_proof import may_enrol
from tests.web.sign_in.test_forgotten_password import MOBILE, newest_code, request_password
from tests.web.site import Browser, Site

pytestmark = pytest.mark.twin

MAILBOX = "lead.third@pmc.example"


def give(site: Site, by: str, name: str, *, mail: str | None = None, mobile: str = "") -> None:
    """Let one of the staff give a person who has signed in another channel, and wait 72 hours."""
    site.browser(name)
    with site.city.read() as session:
        person = session.get_one(Person, site.city.people[name])
        reach = {"mail": mail or person.mail or "", "mobile": mobile or person.mobile or ""}
    path = f"/people/{site.city.people[name]}/contacts"
    assert site.browser(by).post(path, reach).status_code == 302
    site.city.clock.move(timedelta(hours=72, minutes=1))
    assert tick_contacts(site.city.database, now=site.city.now) == 1


def take_over(site: Site, by: str, name: str, mail: str = MAILBOX) -> Browser:
    """Give a person this mailbox, and sign in as that person by a password that is mailed there."""
    give(site, by, name, mail=mail)
    browser = site.nobody()
    browser.post("/forgotten", {"identifier": mail})
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.address == mail, Notice.kind == "password_link")
        body = session.scalars(query.order_by(Notice.id.desc())).first()
    match = re.search(r"/forgotten/link/[\w-]+", body or "")
    assert match is not None
    assert browser.post(match[0], {"new_password": PASSWORD}).status_code == 302
    return sign_in(browser, mail)


def test_nobody_puts_such_a_person_on_duty_alone(any_site: Site) -> None:
    mailbox = take_over(any_site, "lead", "second")
    until = any_site.city.now + timedelta(hours=20)
    fields = {
        "person_id": str(any_site.city.people["second"]),
        "until_at": until.strftime("%d/%m/%Y %H:%M"),
    }
    assert any_site.browser("lead").post("/duty", fields).status_code == 302
    assert not may_warn(mailbox)
    with any_site.city.read() as session:
        duty_id = session.scalars(select(Duty.id).order_by(Duty.id.desc())).first()
    assert any_site.browser("admin").post(f"/duty/{duty_id}/approve").status_code == 302
    assert may_warn(mailbox)


def test_such_a_head_confirms_nothing_of_who_gave_the_channel(any_site: Site) -> None:
    mailbox = take_over(any_site, "lead", "health_head")
    lead, admin = any_site.browser("lead"), any_site.browser("admin")
    own = record(lead, any_site, "officer", "health", "नवा अधिकारी", mail="own@pmc.example")
    assert confirm(mailbox, any_site, own) == 409
    other = record(admin, any_site, "officer", "health", "दुसरा अधिकारी", mail="two@pmc.example")
    assert confirm(mailbox, any_site, other) == 302


def test_such_an_admin_is_of_one_hand_with_who_gave_it(any_site: Site) -> None:
    second_admin(any_site)
    mailbox = take_over(any_site, "other_admin", "admin")
    lead, other = any_site.browser("lead"), any_site.browser("other_admin")
    own = record(other, any_site, "officer", "garden", "अधिकारी", mail="own@pmc.example")
    assert confirm(mailbox, any_site, own) == 409
    assert confirm(lead, any_site, own) == 302


def test_such_a_mobile_proves_no_first_factor(any_site: Site) -> None:
    give(any_site, "lead", "first", mobile=MOBILE)
    request_password(any_site, MOBILE)
    fields = {"identifier": MOBILE, "code": newest_code(any_site), "new_password": PASSWORD}
    assert any_site.nobody().post("/forgotten/code", fields).status_code == 302
    assert not may_enrol(sign_in(any_site.nobody(), MOBILE))


def test_a_list_stands_still_when_a_channel_changed_before_its_day(any_site: Site) -> None:
    site, city = any_site, any_site.city
    lead, admin = site.browser("lead"), site.browser("admin")
    answer = lead.post("/transfers/new", {**ORDER, **ROW})
    list_id = int(answer.headers["Location"].rpartition("/")[2])
    page = admin.get(f"/transfers/{list_id}").text
    digest = re.findall(r'name="digest" value="(\w+)"', page)[0]
    assert admin.post(f"/transfers/{list_id}/confirm", {"digest": digest}).status_code == 302
    give(site, "lead", "first", mail=MAILBOX)
    with city.read() as session:
        city.clock.at = day_bounds(session.get_one(TransferList, list_id).in_force_on)[0]
    assert tick_transfers(city.database, now=city.clock) == 0
    with city.read() as session:
        transfer_list = session.get_one(TransferList, list_id)
        assert (transfer_list.done_at, transfer_list.hindered_at) == (None, city.now)


def test_a_channel_changed_since_the_page_is_not_confirmed_again_unseen(any_site: Site) -> None:
    mark(any_site, "second")
    second = any_site.city.appointments["second"]
    shown = tick_of(any_site, second)
    assert f'value="{shown}"' in any_site.browser("admin").get(PAGE).text
    give(any_site, "lead", "second", mail=MAILBOX)
    admin = any_site.browser("admin")
    assert admin.post(PAGE, {"chosen": shown}).status_code == 409
    with any_site.city.read() as session:
        appointment = session.get_one(Appointment, second)
        assert any_site.city.people["lead"] in confirmation.rests_on(appointment)
    assert admin.post(PAGE, {"chosen": tick_of(any_site, second)}).status_code == 302


def test_a_command_that_mends_a_digit_begins_no_hand(any_site: Site) -> None:
    admin, other = any_site.browser("admin"), second_admin(any_site)
    reach = {"mail": "puppet@pmc.example", "mobile": "5550001111"}
    puppet = record(admin, any_site, "cell_lead", "information-technology", "लेखक", **reach)
    assert confirm(other, any_site, puppet) == 302
    with any_site.city.write() as session:
        contact_corrections.correct(
            session,
            actor=COMMAND,
            person=session.get_one(Appointment, puppet).person,
            mail=reach["mail"],
            mobile="5550001112",
            now=any_site.city.now,
        )
    assert admin.post(f"/people/{row(any_site, puppet).person_id}/invite").status_code == 302
    browser = take_up(any_site, reach["mail"])
    own = record(browser, any_site, "officer", "garden", "अधिकारी", mail="own@pmc.example")
    assert confirm(admin, any_site, own) == 409
    assert confirm(other, any_site, own) == 302


def test_who_recorded_a_clerk_confirms_no_address_that_the_clerk_kept(any_site: Site) -> None:
    admin, lead = any_site.browser("admin"), any_site.browser("lead")
    clerk = record(admin, any_site, "cell", "information-technology", "लेखक", mail="c@pmc.example")
    with any_site.city.write() as session:
        address = DepartmentAddress(
            department_id=any_site.city.departments["water"],
            mail="office@water.example",
            recorded_at=any_site.city.now,
            recorded_by_id=session.get_one(Appointment, clerk).person_id,
        )
        session.add(address)
        session.flush()
        path = f"/departments/water/addresses/{address.id}/confirm"
    assert admin.post(path).status_code == 409
    assert lead.post(path).status_code == 302
