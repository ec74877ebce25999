"""What an upgrade finds: offices recorded by command, and posts that are in review."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import select, text, update

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.auth.one_time_links import LinkPurpose
from publisher.database.session import Database, alembic_config, migrate
from publisher.models.history import AppointmentRecorder
from publisher.models.people import Appointment, Department, Link, Person
from publisher.models.posts import Revision
from publisher.models.tasks import TaskFilling
from publisher.people import confirmation, contact_corrections, doubts, personal_links, recorders
from publisher.people.appointments import record_person
from publisher.people.permissions import COMMAND
from publisher.review.department_approvers import head_turn
from publisher.states import AppointmentState
from publisher.tasks import backfill
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE, NOON, appoint, city_people
from tests.support.ticked_tasks import told_heads

pytestmark = pytest.mark.twin


def test_who_was_recorded_by_command_since_is_not_looked_through(
    database: Database,
) -> None:
    city = city_people(database)
    with city.write() as session:
        added = record_person(
            session,
            actor=COMMAND,
            now=NOON,
            name_mr="मेधा",
            mail="m@pmc.example",
            role=Role.ADMIN,
            department_id=city.departments["water"],
            origin={"command": "people add", "user": "root"},
        )
        session.flush()
        added_id = added.id
    command.downgrade(alembic_config(database.url), "0032-1")
    with city.write() as session:
        session.execute(update(Appointment).values(is_unreviewed=True))
    migrate(database.url)
    with city.read() as session:
        query = select(Appointment.id).where(Appointment.is_unreviewed.is_(False))
        assert list(session.scalars(query)) == [added_id]


def test_what_was_in_review_at_the_upgrade_gets_its_heads_time(town: City) -> None:
    wished_at = town.now + 5 * HOUR
    post_id = town.start(town.hand_in(wished_at=wished_at))
    town.save(post_id, on=["x"])
    sent_at = town.now
    town.send(post_id)
    with town.write() as session:
        session.execute(update(Revision).values(head_decides_at=None))
        session.add(TaskFilling(subject="posts", last_id=0))
    town.clock.move(MINUTE)
    backfill.fill(town.database, now=town.clock, tell=lambda _table, _done: None)
    assert told_heads(town) == 0
    with town.read() as session:
        head_at = session.scalars(select(Revision.head_decides_at)).one()
    assert head_at == head_turn(sent_at, wished_at, least=2)
    town.clock.move(timedelta(hours=2.5))
    assert told_heads(town) == 1
    assert town.notified("head_may_decide") == ["head"]


def test_the_upgrade_finds_all_who_wrote_and_what_would_not_hold(database: Database) -> None:
    city = city_people(database)
    lead, admin = city.actor("lead"), city.actor("admin")
    with city.write() as session:
        garden = session.get_one(Department, city.departments["garden"])
        head = appoint(session, garden, Role.HEAD, mail="real@pmc.example", actor=admin)
        innocent = appoint(session, garden, actor=admin, mobile="5550009931")
        unnamed = appoint(session, garden, actor=lead)
        session.flush()
        ids = {"head": head.id, "innocent": innocent.id, "unnamed": unnamed.id}
        for actor, mail, mobile in (
            (lead, "lead.third@pmc.example", "5550009941"),
            (admin, "lead.third@pmc.example", "5550009942"),
        ):
            contact_corrections.correct(
                session, actor=actor, person=head.person, mail=mail, mobile=mobile, now=NOON
            )
        digests = {innocent.id: confirmation.confirmation_digest(innocent)}
        confirmation.confirm(session, actor=lead, now=NOON, digests=digests)
        digests = {unnamed.id: confirmation.confirmation_digest(unnamed)}
        confirmation.confirm(session, actor=admin, now=NOON, digests=digests)
        # A change of which an earlier version did not say who had asked for it.
        values = {"field": "mobile"}
        verb = "change_contact"
        transitions.record(session, unnamed.person, verb, actor=CLOCK, now=NOON, values=values)
    before = _recorders(database)
    command.downgrade(alembic_config(database.url), "0051")
    with database.transaction() as session:
        last = session.execute(
            text("SELECT changed_by_id FROM appointments WHERE id = :id"), {"id": ids["head"]}
        ).scalar()
        assert last == city.people["admin"]  # the lead is forgotten, as before
        session.execute(
            text(
                "UPDATE appointments SET state = 'active', confirmed_by_id = :person,"
                " confirmed_under_id = :under, confirmed_at = state_at WHERE id = :id"
            ),
            {
                "id": ids["head"],
                "person": city.people["lead"],
                "under": city.appointments["lead"],
            },
        )
    migrate(database.url)
    assert _recorders(database) == before
    with city.read() as session:
        query = select(Appointment.id).where(Appointment.is_unreviewed)
        assert set(session.scalars(query)) == {ids["head"], ids["unnamed"]}
        assert session.get_one(Appointment, ids["head"]).state == "active"
        # Whom a command recorded is a hand of their own, as before.
        assert recorders.makers(session) == {}


def test_the_upgrade_keeps_a_doubted_confirmer_and_names_a_puppets_maker(
    database: Database,
) -> None:
    city = city_people(database)
    admin, lead = city.actor("admin"), city.actor("lead")
    other = city.appoint("other_admin", Role.ADMIN, "information-technology")
    with city.write() as session:
        office = session.get_one(Department, city.departments["information-technology"])
        garden = session.get_one(Department, city.departments["garden"])
        puppet = appoint(session, office, Role.CELL_LEAD, actor=admin)
        doubted = appoint(session, garden, actor=admin)
        session.flush()
        for row, actor in ((puppet, other), (doubted, lead)):
            digests = {row.id: confirmation.confirmation_digest(row)}
            confirmation.confirm(session, actor=actor, now=NOON, digests=digests)
        reader = session.get_one(Person, city.people["other_admin"])
        personal_links.make(session, LinkPurpose.DOUBT, doubted, reader, now=NOON)
        link = session.scalars(select(Link).where(Link.person_id == reader.id)).one()
        doubts.doubt(session, link=link, actor=other, now=NOON)
        by_puppet = appoint(session, garden, Role.HEAD, actor=admin)
        session.flush()
        by_puppet.state, by_puppet.confirmed_at = AppointmentState.ACTIVE, NOON
        by_puppet.confirmed_by_id, by_puppet.confirmed_under_id = puppet.person_id, puppet.id
        ids = by_puppet.id, puppet.person_id
    before = _recorders(database)
    command.downgrade(alembic_config(database.url), "0051")
    migrate(database.url)
    assert _recorders(database) == before
    with city.read() as session:
        assert recorders.makers(session) == {ids[1]: {city.people["admin"]}}
        query = select(Appointment.id).where(Appointment.is_unreviewed)
        assert list(session.scalars(query)) == [ids[0]]


def _recorders(database: Database) -> set[tuple[int, int, str]]:
    with database.reading() as session:
        rows = session.scalars(select(AppointmentRecorder))
        return {(row.appointment_id, row.person_id, row.wrote.value) for row in rows}
