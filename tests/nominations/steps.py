"""Steps of the tests: a head is recorded and confirmed, called, and names two officers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.database.session import Database
from publisher.models.nominations import CallAddressee
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link
from publisher.nominations import calls, letters, nominate
from publisher.nominations.letter_text import LetterSender
from publisher.nominations.named_officers import NamedOfficer, OfficersNamed
from publisher.people import confirmation
from publisher.people.appointments import record_person
from tests.support.city_people import CityPeople, city_people

MOBILE = "+919800000001"
ORDERED_ON = date(2026, 11, 20)
NOMINATE_BY = date(2026, 12, 5)

FIRST = NamedOfficer("सुनंदा पाटील", "उप अभियंता", "official", "98220 11111", "patil@pmc.example")
SECOND = NamedOfficer("रमेश मोरे", "लिपिक", "employee", "+91 98220 22222", "")
SENDER = LetterSender("PMC", "पुणे महानगरपालिका", ["(नाव)", "अतिरिक्त महापालिका आयुक्त"])
NAMED = OfficersNamed(FIRST, SECOND, "उद्यान/११२", ORDERED_ON)


@dataclass
class Calls:
    """The city, and the steps of a call in it."""

    city: CityPeople

    def head(
        self,
        department: str = "garden",
        *,
        mobile: str | None = MOBILE,
        mail: str | None = "charuta@pmc.example",
        name: str = "चारुता",
        is_confirmed: bool = True,
    ) -> int:
        """Let the lead record a head, and the admin confirm them; return the appointment's id."""
        with self.city.write() as session:
            row = record_person(
                session,
                actor=self.city.actor("lead"),
                now=self.city.now,
                name_mr=name,
                mail=mail,
                mobile=mobile,
                role=Role.HEAD,
                department_id=self.city.departments[department],
            )
            session.flush()
            head_id = row.id
        if is_confirmed:
            self.confirm(head_id)
        return head_id

    def confirm(self, *appointment_ids: int) -> None:
        """Let the admin confirm these appointments as they are."""
        with self.city.write() as session:
            rows = [session.get_one(Appointment, key) for key in appointment_ids]
            digests = {row.id: confirmation.confirmation_digest(row) for row in rows}
            actor = self.city.actor("admin")
            confirmation.confirm(session, actor=actor, now=self.city.now, digests=digests)

    def open(self, *departments: str) -> int:
        """Let the lead open a call; return its id."""
        with self.city.write() as session:
            call = calls.open_call(
                session,
                actor=self.city.actor("lead"),
                now=self.city.now,
                department_ids=[self.city.departments[code] for code in departments or ["garden"]],
                order_number="साप्रवि/४५",
                ordered_on=ORDERED_ON,
                nominate_by=NOMINATE_BY,
            )
            return call.id

    def report_to(self, department: str, above: str) -> None:
        """Let a department report to another one."""
        with self.city.write() as session:
            row = session.get_one(Department, self.city.departments[department])
            row.reports_to_id = self.city.departments[above]

    def write_letters(
        self, call_id: int, department: str = "", *, addressee_id: int = 0, by: str = "lead"
    ) -> list[str]:
        """Write the letters of a call that are due, or one department's; return their numbers."""
        if department:
            addressee_id = self.addressee(department).id
        with self.city.write() as session:
            written = letters.write_letters(
                session,
                actor=self.city.actor(by),
                now=self.city.now,
                call_id=call_id,
                sender=SENDER,
                addressee_id=addressee_id or None,
            )
            return [letter.number for letter in written]

    def tick(self) -> int:
        """Let the clock ask the heads who can be asked by now."""
        return calls.tick_calls(self.city.database, now=self.city.now)

    def link(self, session: Session, department: str = "garden") -> Link:
        """Return the department's newest link."""
        query = select(Link).where(
            Link.purpose == LinkPurpose.NAME_OFFICERS,
            Link.subject_id == self.city.departments[department],
        )
        link = session.scalars(query.order_by(Link.id.desc())).first()
        assert link is not None
        return link

    def name(
        self,
        named: OfficersNamed = NAMED,
        department: str = "garden",
        *,
        is_proven: bool = True,
        link_id: int = 0,
    ) -> tuple[int, int]:
        """Name two officers; return the ids of their appointments."""
        with self.city.write() as session:
            link = session.get(Link, link_id) or self.link(session, department)
            nomination = nominate.name_officers(
                session, link=link, named=named, is_proven=is_proven, now=self.city.now
            )
            return nomination.first_id, nomination.second_id

    def officers(self, department: str = "garden") -> list[Appointment]:
        """Return the officers of a department who have not ended."""
        with self.city.read() as session:
            key = self.city.departments[department]
            rows = nominate.list_officers(session, key, now=self.city.now)
            for row in rows:
                assert row.person.name_mr
            return rows

    def addressee(self, department: str = "garden") -> CallAddressee:
        """Return the newest addressee that is this department."""
        with self.city.read() as session:
            query = select(CallAddressee).where(
                CallAddressee.department_id == self.city.departments[department]
            )
            return session.scalars(query.order_by(CallAddressee.id.desc())).all()[0]

    def notices(self, kind: str) -> list[Notice]:
        """Return the notices of this kind, oldest first."""
        with self.city.read() as session:
            query = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
            return list(session.scalars(query))

    def wait(self, days: float) -> None:
        """Let days pass."""
        self.city.clock.move(timedelta(days=days))


def with_second(**fields: str) -> OfficersNamed:
    """Return the usual two with other fields of the second."""
    return replace(NAMED, second=replace(SECOND, **fields))


def city_to_call(database: Database) -> Calls:
    """Return the steps in a new city."""
    return Calls(city_people(database))


def states(rows: Sequence[Appointment]) -> list[str]:
    """Return the states of these appointments."""
    return [row.state.value for row in rows]
