"""What an upgrade finds: offices recorded by command, and posts that are in review."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import select, update

from approvals.policy import Role
from publisher.database.session import Database, alembic_config, migrate
from publisher.models.people import Appointment
from publisher.models.posts import Revision
from publisher.people.appointments import record_person
from publisher.people.permissions import COMMAND
from publisher.review import head_notices
from publisher.review.department_approvers import head_decides_at
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE, NOON, city_people

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
    town.clock.move(MINUTE)
    assert head_notices.tick_heads(town.database, now=town.now, head_hours=2) == 0
    with town.read() as session:
        head_at = session.scalars(select(Revision.head_decides_at)).one()
    assert head_at == head_decides_at(sent_at, wished_at, least=2)
    town.clock.move(timedelta(hours=2.5))
    assert head_notices.tick_heads(town.database, now=town.now) == 1
    assert town.notified("head_may_decide") == ["head"]
