"""The demo city before anything happens: its register, people, accounts, texts and duties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Session

from approvals.policy import Actor, Role
from demo import people
from demo.people import DemoAppointment, DemoPerson
from demo.script import read_toml
from demo.seeding.context import department_id, fresh_actor
from publisher.auth.passwords import NewPassword, hash_password
from publisher.auth.sign_in import set_password
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.delivery.accounts.manage import connect
from publisher.drafting.snippets import SnippetDraft, make
from publisher.emergency.seed_templates import insert_missing
from publisher.emergency.template_approval import approve
from publisher.emergency.templates import find_approvers, newest
from publisher.models.deliveries import Account
from publisher.models.desk import Snippet, TextPart
from publisher.models.emergency import Duty, EmergencyTemplate
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import SubmissionKind
from publisher.people.appointments import end_appointment, record_person
from publisher.people.departments import load_register
from publisher.people.permissions import COMMAND
from publisher.people.roster import approve as approve_duty
from publisher.people.roster import put_on
from publisher.scheduling import slots
from publisher.settings.environment import Settings
from publisher.states import AppointmentState

_DAY: Final = timedelta(days=1)
_REGISTERED: Final = 510 * _DAY
_CONNECTED: Final = 370 * _DAY
_OWNER: Final = "information-technology"
_GOOD_TIMES: Final = (time(9), time(12, 30), time(18))
_NIGHT: Final = (time(22), time(7))
#: The second officer of a department whose head has yet to confirm the appointment.
WAITS_FOR_HEAD: Final = "charuta-nimhan"
#: The office to which the departments of the city report, but for the offices themselves.
_OVERSEER: Final = "amc-general"
#: Those that report to another office, by code.
_OVERSEERS: Final = {"market": "amc-estate", "property-tax": "amc-estate", "zoo": "amc-special"}
#: Persons on duty, each for so many days, first and last day counted from the start.
_DUTIES: Final = (
    ("vilas-thopate", -1, 6),
    ("swati-ranpise", 6, 36),
    ("medha-satpute", 36, 66),
    ("imran-tamboli", 0, 30),
)


@dataclass(frozen=True)
class DemoAccount:
    """An account of the city with its credentials, named as its platform names them."""

    code: str
    platform: str
    handle: str
    name: str
    url: str
    credentials: Mapping[str, str] = field(repr=False)


def set_up_city(
    database: Database, *, settings: Settings, accounts: tuple[DemoAccount, ...], began_at: datetime
) -> None:
    """Set the city up as of `began_at`; what is there already is left as it is."""
    with database.transaction() as session:
        if load_register(session, now=began_at - _REGISTERED):
            _place_all(session)
    with database.transaction() as session:
        if _is_empty(session, Person):
            _appoint_all(session, began_at)
    with database.transaction() as session:
        if _is_empty(session, Account):
            vault = Vault(settings.secret_key, settings.token_keys)
            for account in accounts:
                _connect(session, account, vault, now=began_at - _CONNECTED)
    with database.transaction() as session:
        lead = fresh_actor(_holder(session, Role.CELL_LEAD, began_at), now=began_at - _DAY)
        if _is_empty(session, Snippet):
            _keep_texts(session, lead, now=began_at - _DAY)
        if not slots.quiet_times(session):
            _set_times(session, lead, now=began_at - _DAY)
        if insert_missing(session, now=began_at - _DAY):
            _approve_templates(session, now=began_at - _DAY)
        if _is_empty(session, Duty):
            _put_on_duty(session, lead, began_at)


def _place_all(session: Session) -> None:
    """Let every department and ward office report to an Additional Commissioner's office."""
    ids = {row.code: row.id for row in session.scalars(select(Department))}
    for department in session.scalars(select(Department)):
        if department.code != "commissioner" and not department.code.startswith("amc-"):
            department.reports_to_id = ids[_OVERSEERS.get(department.code, _OVERSEER)]


def _is_empty(session: Session, table: type[DeclarativeBase]) -> bool:
    return session.scalars(select(table).limit(1)).first() is None


def _holder(session: Session, role: Role, now: datetime) -> Appointment:
    """Return the first appointment in force with this role."""
    query = select(Appointment).where(Appointment.role == role).order_by(Appointment.id)
    return next(held for held in session.scalars(query) if held.in_force(now))


def _person(session: Session, key: str) -> Person:
    mail = people.people_by_key()[key].mail
    return session.scalars(select(Person).where(Person.mail == mail)).one()


def _appoint_all(session: Session, began_at: datetime) -> None:
    """Record everybody by the command, and so in office; one officer waits for the head."""
    first, *others = people.load()
    since = first.appointments[0].since_days
    admin = fresh_actor(_appoint_admin(session, first, began_at), now=began_at)
    # Nothing was recorded before there was an admin.
    records = [
        (began_at + max(appointment.since_days, since + 1) * _DAY, person, appointment)
        for person in others
        for appointment in person.appointments
    ]
    for at, person, appointment in sorted(records, key=lambda record: record[0]):
        by = admin if person.key == WAITS_FOR_HEAD else COMMAND
        _record(session, person, appointment, actor=by, began_at=began_at, now=at)
    # The city has known them for long: only of who waits is anybody told.
    announced = update(Appointment).where(Appointment.state != AppointmentState.RECORDED)
    session.execute(announced.values(told_at=began_at))
    # Argon2 takes its time, and the demo's people share a few passwords.
    hashes = {password: hash_password(password) for password in people.PASSWORDS.values()}
    for person in people.load():
        set_password(
            session,
            person=_person(session, person.key),
            password=NewPassword(person.password, hashes[person.password]),
            now=began_at - _DAY,
        )


def _appoint_admin(session: Session, person: DemoPerson, began_at: datetime) -> Appointment:
    appointment = person.appointments[0]
    fields = _fields(session, person, appointment)
    at = began_at + appointment.since_days * _DAY
    row = record_person(session, actor=COMMAND, now=at, role=Role.ADMIN, **fields)
    session.flush()
    return row


def _fields(session: Session, person: DemoPerson, appointment: DemoAppointment) -> dict[str, Any]:
    return {
        "name_mr": person.name_mr,
        "name_en": person.name_en,
        "designation": person.designation_mr,
        "mail": person.mail,
        "mobile": person.mobile,
        "department_id": department_id(session, appointment.department),
        "order_number": appointment.order or "",
    }


def _record(
    session: Session,
    person: DemoPerson,
    appointment: DemoAppointment,
    *,
    actor: Actor,
    began_at: datetime,
    now: datetime,
) -> None:
    row = record_person(
        session,
        actor=actor,
        now=now,
        role=appointment.role,
        rank=appointment.rank,
        from_at=began_at + appointment.since_days * _DAY,
        **_fields(session, person, appointment),
    )
    session.flush()
    if appointment.until_days is not None:
        ended_at = began_at + appointment.until_days * _DAY
        end_appointment(session, actor=actor, appointment=row, now=ended_at)


def _connect(session: Session, account: DemoAccount, vault: Vault, *, now: datetime) -> None:
    connect(
        session,
        actor=COMMAND,
        now=now,
        code=account.code,
        platform=account.platform,
        handle=account.handle,
        name=account.name,
        url=account.url,
        department_id=department_id(session, _OWNER),
        sealed=vault.seal(account.credentials),
    )


def _keep_texts(session: Session, lead: Actor, *, now: datetime) -> None:
    """Keep the cell's own texts: what it begins with, signs with, and tags."""
    for fields in read_toml("starting_texts.toml")["texts"]:
        texts = {name: fields[name] for name in fields if name.startswith("text_")}
        form = SnippetDraft(
            part=TextPart(fields["part"]),
            name=fields["name"],
            kind=SubmissionKind(fields["kind"]) if "kind" in fields else None,
            department_id=(
                department_id(session, fields["department"]) if "department" in fields else None
            ),
            **texts,
        )
        make(session, actor=lead, now=now, form=form)


def _set_times(session: Session, lead: Actor, *, now: datetime) -> None:
    """Set good times on working days for each account, and a quiet night for all."""
    begins, ends = _NIGHT
    slots.set_quiet_time(
        session, actor=lead, now=now, account_id=None, weekday=None, begins=begins, ends=ends
    )
    for account in slots.accounts(session):
        for clock in _GOOD_TIMES:
            slots.set_slots(
                session,
                actor=lead,
                now=now,
                account_id=account.id,
                weekdays=range(5),
                time_of_day=clock,
            )


def _approve_templates(session: Session, *, now: datetime) -> None:
    """Let each department that has somebody approve its own emergency templates."""
    for template in session.scalars(select(EmergencyTemplate).order_by(EmergencyTemplate.id)):
        for candidate in find_approvers(session, newest(template), now=now).everybody[:1]:
            approve(
                session,
                actor=fresh_actor(session.get_one(Appointment, candidate.appointment_id), now=now),
                now=now,
                template_id=template.id,
                seen_revision=template.newest,
            )


def _put_on_duty(session: Session, lead: Actor, began_at: datetime) -> None:
    """Let the lead propose the duties, and the admin approve them: nobody has signed in yet."""
    before = began_at - _DAY
    admin = fresh_actor(_holder(session, Role.ADMIN, before), now=before)
    for key, first_day, last_day in _DUTIES:
        duty = put_on(
            session,
            actor=lead,
            now=before,
            person_id=_person(session, key).id,
            from_at=began_at + first_day * _DAY,
            until_at=began_at + last_day * _DAY,
        )
        if duty.approved_at is None:
            session.flush()
            approve_duty(session, actor=admin, now=before, duty_id=duty.id)
