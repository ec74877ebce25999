"""Random orders of record, change, confirm, doubt, duty and command keep the hands apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.appointments import NEEDS_CONFIRMATION, STAFF
from approvals.errors import NotAllowed
from approvals.policy import Actor, Role
from publisher.auth.contact_details import BadPerson
from publisher.auth.one_time_links import LinkPurpose
from publisher.database.session import Database
from publisher.models.emergency import Duty
from publisher.models.people import Appointment, Department, Link, SignIn
from publisher.people import (
    confirmation,
    contact_corrections,
    doubts,
    name_changes,
    personal_links,
    responsibility,
    roster,
)
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from publisher.validation import Invalid, NotFound
from tests.support.city_people import CityPeople, acting, appoint, as_of, city_people
from tests.support.passwords import set_password

MINUTE = timedelta(minutes=1)
STEPS = 45
SEEDS = range(8)
HELD = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)
MOST_STAFF = 5


@dataclass
class Walk:
    """A city with its random steps, and what was done there by whom, kept apart from the tables."""

    city: CityPeople
    random: Random
    writers: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    confirmers: dict[int, Actor] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def step(self) -> None:
        """Let somebody try something; what is refused changes nothing."""
        act: Callable[[Session], None] = self.random.choice(
            [
                *(self.record, self.record, self.change, self.change, self.doubt, self.duty),
                *(self.confirm, self.confirm, self.confirm, self.command, self.take_up),
            ]
        )
        try:
            with self.city.write() as session:
                act(session)
            self.done[act.__name__] += 1
        except (NotAllowed, BadPerson, Invalid, NotFound, LookupError):
            self.done["refused"] += 1
        self.city.clock.move(MINUTE)

    def somebody(self, session: Session, roles: frozenset[Role]) -> Actor:
        offices = [
            office
            for role in sorted(roles)
            for office in responsibility.holders(session, role, now=self.now)
        ]
        return as_of(acting(self.random.choice(offices)), self.now)

    def row(self, session: Session, *states: AppointmentState) -> Appointment:
        query = (
            select(Appointment)
            .where(Appointment.state.in_(states), Appointment.role.in_(NEEDS_CONFIRMATION))
            .order_by(Appointment.id)
        )
        return self.random.choice(session.scalars(query).all())

    @property
    def now(self) -> datetime:
        return self.city.now

    def record(self, session: Session) -> None:
        role = self.random.choice([Role.ADMIN, Role.CELL_LEAD, Role.OFFICER, Role.HEAD])
        staff = [row for row in session.scalars(select(Appointment)) if row.role in STAFF]
        if role in STAFF and len(staff) >= MOST_STAFF:
            role = Role.OFFICER
        code = "information-technology" if role in STAFF else self.random.choice(["garden", "road"])
        by = self.somebody(session, STAFF | {Role.HEAD})
        department = session.get_one(Department, self.city.departments[code])
        row = appoint(session, department, role, name="चारुता", actor=by, now=self.now)
        session.flush()
        self.writers[row.id].add(by.person_id or 0)

    def change(self, session: Session) -> None:
        row, by = self.row(session, *HELD, AppointmentState.RECORDED), self.somebody(session, STAFF)
        person, was_set = row.person, row.person.password_hash is not None
        has_signed_in = session.scalars(select(SignIn).where(SignIn.person_id == person.id)).first()
        rows = [other for other in person.appointments if not other.has_ended(self.now)]
        expected = confirmation.possible_confirmers(
            session, rows, now=self.now, writer_id=by.person_id
        )
        number = f"+9155500{self.random.randrange(10**5):05}"
        if self.random.random() < 0.5:
            contact_corrections.correct(
                session, actor=by, person=person, mail=person.mail, mobile=number, now=self.now
            )
        else:
            name_changes.rename(
                session,
                actor=by,
                person=person,
                name_mr=f"नाव {number}",
                name_en="",
                designation="",
                now=self.now,
            )
        session.flush()
        if has_signed_in is None:
            for other in person.appointments:
                self.writers[other.id].add(by.person_id or 0)
        if not was_set:
            # What the page says before the change is what holds after it.
            assert expected == confirmation.possible_confirmers(session, rows, now=self.now)
            assert {other.state for other in rows} == {AppointmentState.RECORDED}

    def confirm(self, session: Session) -> None:
        row = self.row(session, AppointmentState.RECORDED)
        by = self.somebody(session, STAFF | {Role.HEAD})
        self.confirm_as(session, row, by)

    def confirm_as(self, session: Session, row: Appointment, by: Actor) -> None:
        digests = {row.id: confirmation.confirmation_digest(row)}
        confirmation.confirm(session, actor=by, now=self.now, digests=digests)
        self.confirmers[row.id] = by

    def command(self, session: Session) -> None:
        self.confirm_as(session, self.row(session, AppointmentState.RECORDED), COMMAND)

    def doubt(self, session: Session) -> None:
        row, by = self.row(session, *HELD), self.somebody(session, frozenset({Role.ADMIN}))
        admin = session.get_one(Appointment, by.appointment_id).person
        personal_links.make(session, LinkPurpose.DOUBT, row, admin, now=self.now)
        link = session.scalars(select(Link).order_by(Link.id.desc()).limit(1)).one()
        what = doubts.doubt(session, link=link, actor=by, now=self.now)
        if what is doubts.DoubtOutlook.PUTS_BACK:
            self.writers[row.id].add(self.confirmers[row.id].person_id or 0)
            open_duties = select(Duty).where(
                Duty.person_id == row.person_id, Duty.ended_at.is_(None), Duty.until_at > self.now
            )
            assert session.scalars(open_duties).all() == []

    def duty(self, session: Session) -> None:
        by, row = self.somebody(session, STAFF), self.row(session, AppointmentState.ACTIVE)
        waiting = roster.duties_to_approve(session, by, now=self.now)
        if waiting and self.random.random() < 0.5:
            duty = roster.approve(session, actor=by, now=self.now, duty_id=waiting[0].id)
            assert not self.is_one_hand(session, {duty.recorded_by_id, by.person_id or 0})
            return
        until = self.now + timedelta(days=1)
        duty = roster.put_on(
            session,
            actor=by,
            now=self.now,
            person_id=row.person_id,
            from_at=None,
            until_at=until,
        )
        if duty.approved_at is not None:
            # Alone: some office of the person is of other hands.
            assert any(
                not any(
                    self.is_one_hand(session, {writer, by.person_id or 0})
                    for writer in self.writers[office.id] - {0}
                )
                for office in row.person.appointments
                if office.in_force(self.now)
            )

    def take_up(self, session: Session) -> None:
        person = self.row(session, *HELD).person
        if person.password_hash is None:
            set_password(session, person, "dongar-mathyavar-dhag", now=self.now)
        office = next(row for row in person.appointments if row.in_force(self.now))
        session.add(
            SignIn(
                token_digest=f"{self.random.randrange(10**12)}",
                person_id=person.id,
                appointment_id=office.id,
                signed_in_at=self.now,
                proved_at=self.now,
                seen_at=self.now,
            )
        )

    def is_one_hand(self, session: Session, persons: set[int]) -> bool:
        """Return True if one person may be behind all of these, by what was done in this walk."""
        staff = [row for row in session.scalars(select(Appointment)) if row.role in STAFF]
        vouched = {
            row.person_id
            for row in staff
            if row.state in HELD and self.confirmers.get(row.id, COMMAND).person_id is None
        }
        for maker in {row.person_id for row in staff} | persons:
            controlled, size = {maker}, 0
            while size != len(controlled):
                size = len(controlled)
                controlled |= {
                    row.person_id
                    for row in staff
                    if row.person_id not in vouched and self.writers[row.id] & controlled
                }
            if persons <= controlled:
                return True
        return False

    def check(self) -> None:
        with self.city.read() as session:
            rows = session.scalars(select(Appointment).order_by(Appointment.id)).all()
            for row in rows:
                by, writers = self.confirmers.get(row.id), self.writers[row.id] - {0}
                if row.state in HELD and by is not None and by.person_id is not None:
                    assert by.person_id not in writers
                    if by.role in STAFF and row.role not in STAFF:
                        for writer in writers:
                            assert not self.is_one_hand(session, {writer, by.person_id})
            left = confirmation.find_unconfirmable(session, now=self.now)
            for row in left:
                writers = self.writers[row.id] - {0}
                for office in responsibility.lead_and_admins(session, now=self.now):
                    is_able = office.role is Role.ADMIN or row.role not in STAFF
                    is_other = office.person_id != row.person_id
                    # Nobody is left only where each hand of the staff has written in the row.
                    assert not (is_able and is_other) or any(
                        self.is_one_hand(session, {writer, office.person_id}) for writer in writers
                    )


@pytest.mark.parametrize("seed", SEEDS)
def test_in_any_order_nobody_is_in_force_on_the_word_of_one_hand(
    database: Database, seed: int
) -> None:
    walk = Walk(city_people(database), Random(seed))
    if seed % 2:
        walk.city.appoint("other_admin", Role.ADMIN, "information-technology")
    for _step in range(STEPS):
        walk.step()
        walk.check()
    assert sum(count for name, count in walk.done.items() if name != "refused") >= STEPS // 4
