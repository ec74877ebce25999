"""`nagarvani people` lists everybody, closes access, and sends invitations and new passwords."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from sqlalchemy import select

from approvals.policy import ActorKind, Role
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Link, Person, SignIn
from publisher.notifications.kinds import NoticeKind
from publisher.people.appointments import disable_person
from publisher.people.permissions import COMMAND
from tests.cli.command_line import Workspace, make_workspace
from tests.support.city_people import CAST, HOUR, NOON, CityPeople, city_people
from tests.support.runs import REGISTERED_SMS

SMS = {
    "SMS_URL": "https://gateway.example/send",
    "SMS_TEMPLATES": str(REGISTERED_SMS),
}
MAIL, MOBILE = "medha@water.example", "+915550001234"


@pytest.fixture
def town(on_sqlite: Database) -> CityPeople:
    """Put the city into a database, in which an officer has signed in once."""
    people = city_people(on_sqlite)
    with people.write() as session:
        officer = session.get_one(Person, people.people["first"])
        officer.mail, officer.mobile, officer.password_hash = MAIL, MOBILE, "…"
        officer.mail_proven_at = officer.mobile_proven_at = NOON
        for number, at in enumerate((NOON, NOON - HOUR)):
            session.add(
                SignIn(
                    token_digest=f"{number}",
                    person_id=officer.id,
                    appointment_id=people.appointments["first"],
                    signed_in_at=at,
                    proved_at=at,
                    seen_at=at,
                )
            )
    return people


@pytest.fixture
def workspace(town: CityPeople, tmp_path: Path) -> Workspace:
    """Create a workspace with the city's database."""
    return make_workspace(tmp_path, town.database.url)


def officer_of(town: CityPeople) -> Person:
    with town.read() as session:
        return session.get_one(Person, town.people["first"])


def set_officer(town: CityPeople, **columns: object) -> None:
    with town.write() as session:
        officer = session.get_one(Person, town.people["first"])
        for column, text in columns.items():
            setattr(officer, column, text)


def notices(town: CityPeople, kind: NoticeKind) -> list[Notice]:
    with town.read() as session:
        return list(session.scalars(select(Notice).where(Notice.kind == kind)))


def expect_command(town: CityPeople, verb: str, command: str) -> None:
    """Expect that the history has this act of the command last, with the user of this machine."""
    with town.read() as session:
        query = select(Event).where(Event.verb == verb).order_by(Event.id.desc()).limit(1)
        event = session.scalars(query).one()
    assert (event.actor_kind, event.subject_id) == (ActorKind.SERVICE, town.people["first"])
    assert (event.details["command"], event.details["user"]) == (command, getpass.getuser())


def test_everybody_is_listed_in_columns(workspace: Workspace, town: CityPeople) -> None:
    disabled = town.people["member"]
    with town.write() as session:
        person = session.get_one(Person, disabled)
        disable_person(session, actor=COMMAND, person=person, now=NOON)
    output = workspace.run_in_process("people", "list")
    rows = {int(row[0]): row[1:] for row in (line.split("\t") for line in output.lines)}
    assert len(output.lines) == len(CAST)
    officer = ["मेधा सातपुते", "officer 1", "water", "active", MAIL, f"{NOON:%Y-%m-%d %H:%M} UTC"]
    assert rows[town.people["first"]] == officer
    assert (rows[disabled][1], rows[disabled][3], rows[disabled][5]) == ("member", "disabled", "-")


def test_somebody_without_an_office_is_listed_too(workspace: Workspace, town: CityPeople) -> None:
    with town.write() as session:
        session.add(Person(name_mr="सुनीता", created_at=NOON))
    last = workspace.run_in_process("people", "list").lines[-1]
    assert last.split("\t")[1:] == ["सुनीता", "-", "-", "-", "-", "-"]


def test_access_is_closed_by_command(workspace: Workspace, town: CityPeople) -> None:
    output = workspace.run_in_process("people", "disable", MAIL)
    assert (output.code, output.err) == (0, "")
    assert "मेधा सातपुते" in output.out
    assert officer_of(town).disabled_at is not None
    with town.read() as session:
        assert None not in set(session.scalars(select(SignIn.ended_at)))
    expect_command(town, "disable_person", "people disable")
    assert [notice.address for notice in notices(town, NoticeKind.ACCESS_ENDED)] == [MAIL]
    again = workspace.run_in_process("people", "disable", MAIL)
    assert (again.code, "closed already" in again.err) == (1, True)


def test_the_last_admin_keeps_the_access(workspace: Workspace, town: CityPeople) -> None:
    with town.read() as session:
        admin = session.get_one(Person, town.people["admin"])
    assert town.roles["admin"][0] is Role.ADMIN
    output = workspace.run_in_process("people", "disable", admin.mail or "")
    assert (output.code, "last admin" in output.err) == (1, True)


def test_an_invitation_is_sent_again_and_never_printed(
    workspace: Workspace, town: CityPeople
) -> None:
    set_officer(town, password_hash=None)
    output = workspace.run_in_process("people", "invite", MAIL)
    assert output.code == 0, output.err
    assert f"goes to {MAIL}" in output.out
    assert "http" not in output.out
    (notice,) = [row for row in notices(town, NoticeKind.INVITATION) if row.address == MAIL]
    assert notice.body
    expect_command(town, "invite", "people invite")


def test_who_has_a_password_is_not_invited(workspace: Workspace) -> None:
    output = workspace.run_in_process("people", "invite", MAIL)
    assert (output.code, "has a password already" in output.err) == (1, True)


def test_a_reset_sends_a_link_to_the_proven_mail_and_prints_none(
    workspace: Workspace, town: CityPeople
) -> None:
    output = workspace.run_in_process("people", "reset", MOBILE, **SMS)
    assert output.code == 0, output.err
    assert f"To {MAIL} goes a link" in output.out
    assert "http" not in output.out
    (notice,) = notices(town, NoticeKind.PASSWORD_LINK)
    assert notice.address == MAIL
    with town.read() as session:
        (link,) = session.scalars(select(Link).where(Link.sent_to == MAIL))
    assert link.person_id == town.people["first"]
    assert officer_of(town).password_hash == "…"  # it stays until the link is used
    expect_command(town, "forget_password", "people reset")


def test_a_reset_sends_a_code_to_the_mobile_if_that_alone_is_proven(
    workspace: Workspace, town: CityPeople
) -> None:
    set_officer(town, mail_proven_at=None)
    output = workspace.run_in_process("people", "reset", MAIL, **SMS)
    assert output.code == 0, output.err
    assert f"To {MOBILE} goes a code" in output.out
    (notice,) = notices(town, NoticeKind.PASSWORD_CODE)
    assert notice.address == MOBILE
    assert not any(word.isdigit() for word in output.out.split() if len(word) == 8)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"mail_proven_at": None}, "no SMS is set up"),
        ({"mail_proven_at": None, "mobile_proven_at": None}, "is proven by"),
        ({"password_hash": None}, "people invite"),
        ({"disabled_at": NOON}, "access is closed"),
    ],
)
def test_a_reset_without_a_proven_channel_sends_nothing(
    workspace: Workspace, town: CityPeople, columns: dict[str, object], says: str
) -> None:
    set_officer(town, **columns)
    output = workspace.run_in_process("people", "reset", MAIL)
    assert (output.code, says in output.err) == (1, True), output.err
    kinds = (NoticeKind.PASSWORD_LINK, NoticeKind.PASSWORD_CODE)
    assert [row for kind in kinds for row in notices(town, kind)] == []


@pytest.mark.parametrize("command", ["disable", "invite", "reset"])
def test_nobody_by_that_login_is_one_sentence(workspace: Workspace, command: str) -> None:
    output = workspace.run_in_process("people", command, "nobody@pmc.example")
    assert (output.code, "Nobody has this mail address" in output.err) == (1, True)
