"""Examples of changed departments, a password link and a mail address to be confirmed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from publisher.auth.one_time_links import LinkPurpose
from publisher.models.departments import RegisterKind
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, ContactField, Department, Person
from publisher.models.posts import Post
from publisher.nominations import calls, head_links, letters
from publisher.nominations.letter_text import LetterSender
from publisher.operations.departments import close
from publisher.people import (
    contact_verification,
    department_changes,
    password_reset,
    personal_links,
    shared_addresses,
)
from publisher.people.department_orders import DepartmentNames, DepartmentOrder
from publisher.register import uploads
from publisher.register.columns import guess, keep
from publisher.register.sheet import read_sheet
from publisher.review import approval_links
from publisher.transfers import lists as transfer_lists
from publisher.transfers.typed_rows import TypedRow
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, appoint


def _prepare_transfers(town: City, paths: dict[str, int | str]) -> None:
    with town.write() as session:
        transfer_list = transfer_lists.prepare(
            session,
            actor=town.actor("admin"),
            now=town.now,
            rows=[
                TypedRow("समीर बोऱ्हाडे", "road", "health"),
                TypedRow("सुनील पोटे", "garden", "road"),
            ],
            in_force_on=local_day(town.now + 6 * DAY),
            order_number="साप्रवि/बदली/५१/२०२६",
        )
        paths["transfers"] = transfer_list.id
    paths["office_first"] = town.appointments["first"]
    paths["office_clerk"] = town.appointments["clerk"]


def add_examples(town: City, paths: dict[str, int | str]) -> None:
    """Write the examples into the city, and add the tokens of links to `paths`."""
    _change_departments(town)
    _prepare_transfers(town, paths)
    _upload_files(town, paths)
    with town.write() as session:
        shared_addresses.add(
            session,
            actor=town.actor("lead"),
            department_id=town.departments["road"],
            mail_text="road@pmc.example",
            now=town.now,
        )
        password_reset.ask(
            session, identifier="auditor@pmc.example", address="192.0.2.1", now=town.now
        )
        mail = session.scalars(select(Notice).where(Notice.kind == "password_link")).one()
        paths["password_token"] = mail.body.split("/forgotten/link/")[1].split()[0]
        paths["wrong_token"] = personal_links.make(
            session,
            LinkPurpose.DOUBT,
            session.get_one(Appointment, town.appointments["second"]),
            session.get_one(Person, town.people["first"]),
            now=town.now,
        )
        reviewed = session.get_one(Post, int(paths["reviewed"]))
        first = session.get_one(Person, town.people["first"])
        for key, revision in zip(("stale_token", "approve_token"), reviewed.revisions, strict=True):
            paths[key] = approval_links.make(session, revision=revision, person=first, now=town.now)
        health = session.get_one(Department, town.departments["health"])
        waiting = appoint(session, health, name="सुनंदा काळे", actor=town.actor("lead"), now=town.now)
        session.flush()
        paths["officer_token"] = personal_links.make(
            session,
            LinkPurpose.CONFIRM,
            waiting,
            session.get_one(Person, town.people["health_head"]),
            now=town.now,
        )
        paths["office_token"] = personal_links.make(
            session,
            LinkPurpose.TAKE_UP,
            session.get_one(Appointment, town.appointments["head"]),
            session.get_one(Person, town.people["head"]),
            now=town.now,
        )
        call = calls.open_call(
            session,
            actor=town.actor("lead"),
            now=town.now,
            department_ids=[town.departments["health"], town.departments["garden"]],
            order_number="साप्रवि/४५",
            ordered_on=local_day(town.now),
            nominate_by=local_day(town.now) + timedelta(days=10),
        )
        paths["call"] = call.id
        letters.write_letters(
            session,
            actor=town.actor("lead"),
            now=town.now,
            call_id=call.id,
            addressee_id=call.addressees[0].id,
            sender=LetterSender("PMC", "पुणे महानगरपालिका", []),
        )
        paths["name_token"] = head_links.make_own_link(
            session,
            session.get_one(Appointment, town.appointments["health_head"]),
            now=town.now,
        )
        contact_verification.ask_change(
            session,
            actor=town.actor("head"),
            person_id=town.people["head"],
            field=ContactField.MAIL,
            contact_text="ujjwala@pmc.example",
            now=town.now,
        )


def _upload_files(town: City, paths: dict[str, int | str]) -> None:
    """Upload a file of officers whose columns are known, and one of heads whose are not."""
    officers = (
        "विभाग,नाव,पदनाम,मोबाईल\ngarden,अनिता जोशी,लिपिक,5550004321\n"
        "उद्यान विभग,रवी काळे,,020 2550 1000\n"
    )
    files = (
        ("register_plan", RegisterKind.OFFICERS, officers),
        ("register_columns", RegisterKind.HEADS, "कोण,कुठे\nरवी काळे,garden\n"),
    )
    with town.write() as session:
        for name, kind, text in files:
            file = uploads.store(
                session,
                actor=town.actor("lead"),
                now=town.now,
                kind=kind,
                name="यादी.csv",
                sheet=read_sheet(text.encode()),
            )
            paths[name] = file.id
        headings = ("विभाग", "नाव", "पदनाम", "मोबाईल")
        chosen = guess(RegisterKind.OFFICERS, headings)
        actor = town.actor("lead")
        keep(session, RegisterKind.OFFICERS, headings, chosen, actor=actor, now=town.now)


def _change_departments(town: City) -> None:
    """Add a department that was renamed and will be moved, and another that has ended."""
    lead, today = town.actor("lead"), local_day(town.now)
    with town.write() as session:
        drainage, press = (
            department_changes.add(
                session,
                actor=lead,
                now=town.now,
                names=names,
                kind="department",
                order=DepartmentOrder("सामान्य प्रशासन/१२/२०२६", today - timedelta(days=200)),
            )
            for names in (
                DepartmentNames("नाले विभाग", "Drainage"),
                DepartmentNames("मुद्रण विभाग", "Press"),
            )
        )
        named = DepartmentNames("मलनिस्सारण विभाग", "Drainage and Sewerage", "जल-मल निकास विभाग")
        department_changes.rename(
            session,
            actor=lead,
            now=town.now,
            department=drainage,
            names=named,
            order=DepartmentOrder("सामान्य प्रशासन/३०७/२०२६", today - timedelta(days=9)),
        )
        department_changes.place(
            session,
            actor=lead,
            now=town.now,
            department=drainage,
            reports_to_id=town.departments["water"],
            order=DepartmentOrder("सामान्य प्रशासन/३१०/२०२६", today + timedelta(days=6)),
        )
        close.merge(
            session,
            actor=lead,
            now=town.now,
            department=press,
            into=session.get_one(Department, town.departments["information-technology"]),
            order=DepartmentOrder("सामान्य प्रशासन/२९०/२०२६", today),
        )
