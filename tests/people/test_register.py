from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from approvals.policy import ActorKind
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.people import Department
from publisher.people.departments import departments_in_force, find_departments, load_register
from tests.support.city_people import NOON, add_department


def test_the_register_loads_67_departments_once(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        assert load_register(session, now=NOON) == 67
    with on_sqlite.transaction() as session:
        assert load_register(session, now=NOON) == 0
        assert session.scalar(select(func.count()).select_from(Department)) == 67


def test_the_annexs_61_departments_named_nobody_on_14_july_2021(
    database: Database,
) -> None:
    with database.transaction() as session:
        load_register(session, now=NOON)
        load_register(session, now=NOON)
        events = session.scalars(select(Event).where(Event.verb == "named_nobody")).all()
        annexed = set(
            session.scalars(select(Department.id).where(Department.annex_no.is_not(None)))
        )
    assert len(events) == 61
    assert {event.subject_id for event in events} == annexed
    assert {event.at for event in events} == {datetime(2021, 7, 13, 18, 30, tzinfo=UTC)}
    assert {(event.subject, event.actor_kind) for event in events} == {
        ("departments", ActorKind.CLOCK)
    }


def test_loading_again_leaves_a_renamed_department_as_it_is(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        load_register(session, now=NOON)
        water = find_departments(session, "fire")[0]
        water.name_mr = "अग्निशमन व आपत्कालीन सेवा"
    with on_sqlite.transaction() as session:
        load_register(session, now=NOON)
        assert session.get_one(Department, water.id).name_mr == "अग्निशमन व आपत्कालीन सेवा"


@pytest.mark.twin
def test_a_department_is_found_by_code_name_or_the_annexs_spelling(
    database: Database,
) -> None:
    with database.transaction() as session:
        load_register(session, now=NOON)
        for text in ("fire", "FIRE brigade", "अग्निशमन", "अग्निशामन विभाग", " brigade  fire "):
            assert [department.code for department in find_departments(session, text)][:1] == [
                "fire"
            ], text


def test_a_search_wants_every_word_and_finds_nothing_for_none(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        load_register(session, now=NOON)
        assert find_departments(session, "fire health") == []
        assert find_departments(session, "  ") == []


def test_a_department_is_in_force_from_its_first_to_its_last_day(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        add_department(session, "water")
        add_department(session, "road").until_on = date(2026, 11, 25)
        add_department(session, "health").until_on = date(2026, 11, 24)
        add_department(session, "garden").from_on = date(2026, 11, 26)
        codes = {department.code for department in departments_in_force(session, now=NOON)}
    assert codes == {"water", "road"}
