"""`nagarvani people` records, confirms and corrects people, and explains what it refuses."""

from __future__ import annotations

import getpass
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from approvals.policy import Role
from publisher.auth import totp
from publisher.auth.passwords import NewPassword
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link, Person
from publisher.now import now
from publisher.people import invitations, shared_addresses
from publisher.people.appointments import record_person
from publisher.people.departments import load_register
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from tests.cli.command_line import SECRET, CommandResult, Workspace, make_workspace
from tests.support.city_people import NOON, acting
from tests.support.second_factors import set_up_app

BASE = "https://desk.example"


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, database: Database) -> Workspace:
    """Create a workspace with departments, but without people."""
    with database.transaction() as session:
        load_register(session, now=now())
    new_house = make_workspace(tmp_path, database_url)
    return Workspace(tmp_path, {**new_house.settings, "BASE_URL": BASE})


def add(
    workspace: Workspace, *more: str, name: str = "मेधा सातपुते", mail: str = "m@pmc.example"
) -> CommandResult:
    return workspace.run_in_process("people", "add", "--name", name, "--mail", mail, *more)


ADMIN = ("--name", "अरुण टेकवडे", "--mail", "a@pmc.example", "--role", "admin")


def add_admin(workspace: Workspace) -> CommandResult:
    return workspace.run_in_process(
        "people", "add", *ADMIN, "--department", "information-technology"
    )


def link_in(output: CommandResult) -> str | None:
    match = re.search(rf"{BASE}/invitation/([\w-]+)", output.out)
    return match[1] if match else None


def appointments(database: Database) -> list[tuple[str, Role, str, int | None]]:
    with database.reading() as session:
        rows = session.scalars(select(Appointment).order_by(Appointment.id))
        return [(row.person.name_mr, row.role, row.department.code, row.rank) for row in rows]


def people(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Person)) or 0


def test_the_first_one_has_to_be_an_admin(workspace: Workspace, database: Database) -> None:
    output = add(workspace, "--role", "officer", "--department", "water")
    assert output.code == 1
    assert "--role admin" in output.err
    assert people(database) == 0


@pytest.mark.proof
def test_the_first_admins_link_is_printed_and_sets_a_password(
    workspace: Workspace, database: Database
) -> None:
    output = workspace.run("people", "add", *ADMIN, "--department", "information-technology")
    assert output.code == 0, output.err
    token = link_in(output)
    assert token is not None
    with database.transaction() as session:
        person = invitations.accept_invitation(
            session, token=token, password=NewPassword("patang-ude-akashat", "…"), now=now()
        )
        assert person.name_mr == "अरुण टेकवडे"
    assert appointments(database) == [("अरुण टेकवडे", Role.ADMIN, "information-technology", None)]


def test_an_officer_of_two_departments_has_two_appointments(
    workspace: Workspace, database: Database
) -> None:
    add_admin(workspace)
    both = ("--department", "water", "--department", "tree")
    output = add(
        workspace, "--role", "officer", *both, "--order", "पापु/आस्था/८८", "--mobile", "5550001234"
    )
    assert output.code == 0, output.err
    assert appointments(database)[1:] == [
        ("मेधा सातपुते", Role.OFFICER, "water", 1),
        ("मेधा सातपुते", Role.OFFICER, "tree", 1),
    ]
    with database.reading() as session:
        (invited,) = session.scalars(
            select(Notice.address).where(Notice.address == "m@pmc.example")
        )
        assert invited
    assert link_in(output) is None  # it goes by mail


def test_a_link_is_shown_on_request(workspace: Workspace) -> None:
    add_admin(workspace)
    output = add(workspace, "--role", "officer", "--department", "water", "--show-link")
    assert link_in(output) is not None


def test_who_has_a_password_already_is_not_invited_again(
    workspace: Workspace, database: Database
) -> None:
    token = link_in(add_admin(workspace))
    with database.transaction() as session:
        invitations.accept_invitation(
            session, token=token or "", password=NewPassword("patang-ude-akashat", "…"), now=now()
        )
    auditor = ("--role", "auditor", "--department", "auditor")
    output = add(workspace, *auditor, name="अरुण टेकवडे", mail="a@pmc.example")
    assert output.code == 0, output.err
    assert "has a password already" in output.out
    assert people(database) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--role", "officer", "--department", "watr"), "No department has the code watr"),
        (("--role", "officer", "--department", "xyz"), "the codes are "),
        (("--role", "officer", "--department", "xyz"), ", water, "),
        (("--role", "officer", "--department", "पाणी"), "water (पाणीपुरवठा विभाग)"),
        (("--role", "officer", "--department", "water", "--mobile", "12"), "--mobile cannot be"),
        (
            ("--role", "officer", "--department", "water", "--mobile", "020 2550 1000"),
            "--mobile is not a mobile number",
        ),
        (("--role", "officer", "--department", "water", "--rank", "3"), "--rank is 1 or 2."),
        (("--role", "head", "--department", "water", "--rank", "1"), "--rank is for officers"),
        (
            ("--role", "officer", "--department", "water", "--department", "water"),
            "already has this appointment",
        ),
        (
            ("--role", "officer", "--department", "water", "--order", "क" * 90),
            "--order is too long",
        ),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence_and_nothing_is_kept(
    workspace: Workspace, database: Database, arguments: tuple[str, ...], says: str
) -> None:
    add_admin(workspace)
    output = add(workspace, *arguments)
    assert output.code == 1
    (line,) = output.err.splitlines()
    assert says in line
    assert people(database) == 1
    assert len(appointments(database)) == 1


def test_a_departments_shared_address_is_nobodys(workspace: Workspace, database: Database) -> None:
    add_admin(workspace)
    with database.transaction() as session:
        water = session.scalars(select(Department.id).where(Department.code == "water")).one()
        shared_addresses.add(
            session, actor=COMMAND, department_id=water, mail_text="m@pmc.example", now=now()
        )
    output = add(workspace, "--role", "officer", "--department", "water")
    assert output.code == 1
    assert "--mail is a shared address of" in output.err
    assert people(database) == 1


def test_somebody_without_mail_cannot_be_invited(workspace: Workspace, database: Database) -> None:
    mobile = ("--mobile", "5550001234", "--role", "admin", "--department", "water")
    output = workspace.run_in_process("people", "add", "--name", "अरुण", *mobile)
    assert output.code == 1
    assert "--mail is needed" in output.err
    assert people(database) == 0


def test_a_third_officer_and_a_second_head_are_refused(workspace: Workspace) -> None:
    add_admin(workspace)
    for number in (1, 2):
        done = add(
            workspace,
            *("--role", "officer", "--department", "water"),
            name=f"समन्वयक {number}",
            mail=f"o{number}@pmc.example",
        )
        assert done.code == 0
    refused = add(workspace, "--role", "officer", "--department", "water")
    assert "two officers already" in refused.err


def test_all_that_wait_are_listed_with_writers_and_confirmed_at_one_yes(
    workspace: Workspace, database: Database
) -> None:
    add_admin(workspace)
    with database.transaction() as session:
        admin = session.scalars(select(Appointment)).one()
        for mail, role in (("m@pmc.example", Role.ADMIN), ("l@pmc.example", Role.CELL_LEAD)):
            record_person(
                session,
                actor=acting(admin),
                now=now(),
                name_mr="मेधा सातपुते",
                mail=mail,
                role=role,
                department_id=admin.department_id,
            )
        admin.is_unreviewed = True

    def waiting() -> int:
        with database.reading() as session:
            query = select(func.count()).where(
                (Appointment.state == AppointmentState.RECORDED) | Appointment.is_unreviewed
            )
            return session.scalar(query) or 0

    for typed in ("n\n", "\n"):
        output = workspace.run_in_process("people", "confirm", "--waiting", typed=typed)
        assert output.out.count("(recorded by अरुण टेकवडे)") == 2
        assert "a@pmc.example (command)" in output.out
        assert waiting() == 3
    output = workspace.run_in_process("people", "confirm", "--waiting", typed="y\n")
    assert output.out.count("Confirmed: ") == 3
    assert waiting() == 0
    output = workspace.run_in_process("people", "confirm", "--waiting", typed="y\n")
    assert output.out == "No appointment waits for confirmation.\n"
    with database.reading() as session:
        query = select(Event).where(Event.verb.in_(("confirm_appointment", "look_through")))
        events = session.scalars(query).all()
        assert [event.details["command"] for event in events] == ["people confirm"] * 3


def test_a_command_lists_and_confirms_what_waits_and_the_history_names_it(
    workspace: Workspace, database: Database
) -> None:
    add_admin(workspace)
    with database.transaction() as session:
        admin = session.scalars(select(Appointment)).one()
        waiting = record_person(
            session,
            actor=acting(admin),
            now=now(),
            name_mr="मेधा सातपुते",
            mail="m@pmc.example",
            role=Role.ADMIN,
            department_id=admin.department_id,
        )
        session.flush()
        number = waiting.id
    doctor = workspace.run_in_process("doctor")
    assert "nobody is left who may confirm मेधा सातपुते" in doctor.out
    assert f"nagarvani people confirm {number}" in doctor.out
    output = workspace.run_in_process("people", "confirm")
    assert f"{number}: मेधा सातपुते, admin" in output.out
    assert "m@pmc.example (recorded by अरुण टेकवडे)" in output.out
    assert workspace.run_in_process("people", "confirm", "999").code == 1
    output = workspace.run_in_process("people", "confirm", str(number))
    assert output.code == 0, output.err
    assert "Confirmed: मेधा सातपुते" in output.out
    assert workspace.run_in_process("people", "confirm", str(number)).code == 1
    with database.reading() as session:
        query = select(Event).where(Event.verb == "confirm_appointment")
        event = session.scalars(query).one()
        assert event.details["command"] == "people confirm"
        assert event.details["user"] == getpass.getuser()
        assert session.get_one(Appointment, number).state is AppointmentState.CONFIRMED


def test_a_lost_second_factor_is_ended_by_command(workspace: Workspace, database: Database) -> None:
    assert add_admin(workspace).code == 0
    with database.transaction() as session:
        person = session.scalars(select(Person)).one()
        set_up_app(session, person, sealer=Vault(SECRET, ()), now=NOON)
        login, person_id = person.mail or "", person.id
    assert workspace.run_in_process("people", "end-factor", "nobody@pmc.example").code == 1
    assert workspace.run_in_process("people", "end-factor", login).code == 0
    with database.reading() as session:
        assert totp.find_factor(session, person_id=person_id) is None


def head_of_water(database: Database, workspace: Workspace) -> int:
    """Let the one admin record a head, who waits; return the appointment's id."""
    add_admin(workspace)
    with database.transaction() as session:
        admin = session.scalars(select(Appointment)).one()
        row = record_person(
            session,
            actor=acting(admin),
            now=now(),
            name_mr="मेधा सातपुत",
            mail="wrong@pmc.example",
            role=Role.HEAD,
            department_id=session.scalars(
                select(Department.id).where(Department.code == "water")
            ).one(),
        )
        session.flush()
        return row.id


def events(database: Database, verb: str) -> list[Event]:
    with database.reading() as session:
        return list(session.scalars(select(Event).where(Event.verb == verb)))


def test_a_sole_admin_has_a_name_and_an_address_corrected_by_command(
    workspace: Workspace, database: Database
) -> None:
    number = head_of_water(database, workspace)
    workspace.run_in_process("people", "confirm", str(number))
    with database.transaction() as session:
        session.execute(update(Appointment).values(told_at=now()))
    renamed = workspace.run_in_process(
        "people", "rename", "wrong@pmc.example", "--name", "मेधा सातपुते", "--designation", "उपअभियंता"
    )
    assert (renamed.code, renamed.out) == (0, "Recorded: मेधा सातपुते, उपअभियंता\n"), renamed.err
    corrected = workspace.run_in_process(
        "people", "correct", "wrong@pmc.example", "--mail", "right@pmc.example"
    )
    assert corrected.code == 0, corrected.err
    assert "An invitation goes to right@pmc.example" in corrected.out
    for verb, command in (("correct_name", "rename"), ("change_contact", "correct")):
        (event,) = events(database, verb)
        assert event.details["command"] == f"people {command}"
        assert event.details["user"] == getpass.getuser()
    with database.reading() as session:
        row = session.get_one(Appointment, number)
        assert (row.person.name_mr, row.person.mail) == ("मेधा सातपुते", "right@pmc.example")
        assert row.state is AppointmentState.CONFIRMED, "the command confirms it anew"
        assert row.person.mail_confirmed_at is not None
        assert row.told_at is None, "the admins are told again"
        query = select(Link.sent_to).where(
            Link.purpose == "invitation",
            Link.person_id == row.person_id,
            Link.ended_at.is_(None),
        )
        assert list(session.scalars(query)) == ["right@pmc.example"]


def test_an_address_of_somebody_who_signs_in_waits_by_command_too(
    workspace: Workspace, database: Database
) -> None:
    token = link_in(add_admin(workspace))
    with database.transaction() as session:
        invitations.accept_invitation(
            session, token=token or "", password=NewPassword("patang-ude-akashat", "…"), now=now()
        )
    output = workspace.run_in_process(
        "people", "correct", "a@pmc.example", "--mobile", "9822012345"
    )
    assert output.code == 0, output.err
    assert "+919822012345 is in force after 72 hours" in output.out
    (event,) = events(database, "correct_contact")
    assert event.details["user"] == getpass.getuser()
    with database.reading() as session:
        assert session.scalars(select(Person.mobile)).one() is None
        told = session.scalars(select(Notice.address).where(Notice.kind == "contact_change"))
        assert list(told) == ["a@pmc.example"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rename", "x@pmc.example", "--name", "क"), "Nobody has this mail"),
        (("rename", "wrong@pmc.example", "--name", ""), "--name is needed."),
        (("correct", "wrong@pmc.example", "--mail", "a@pmc.example"), "--mail belongs to अरुण"),
        (("correct", "wrong@pmc.example", "--mail", "", "--mobile", "9822012345"), "--mail is nee"),
        (("correct", "wrong@pmc.example", "--mail", "nonsense"), "--mail cannot be right"),
    ],
)
def test_a_wrong_correction_is_one_sentence_and_nothing_is_kept(
    workspace: Workspace, database: Database, arguments: tuple[str, ...], says: str
) -> None:
    head_of_water(database, workspace)
    output = workspace.run_in_process("people", *arguments)
    assert output.code == 1
    assert says in output.err
    with database.reading() as session:
        query = select(Person.name_mr, Person.mail).order_by(Person.id.desc())
        assert session.execute(query).first() == ("मेधा सातपुत", "wrong@pmc.example")
