"""Departments are added, renamed and moved from a day on, with their history."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from approvals.policy import CLOCK, Role
from publisher.database.session import Database
from publisher.models.people import Department
from publisher.people import department_changes, department_orders
from publisher.people.department_orders import (
    BadDepartment,
    DepartmentNames,
    DepartmentOrder,
    due_changes,
    former_names,
    history,
)
from publisher.people.departments import departments_in_force, find_departments
from publisher.working_time import local_day
from tests.support.city_people import NOON, actor, add_department, appoint, verbs

ADMIN = actor(Role.ADMIN)
TODAY = local_day(NOON)
DAY = timedelta(days=1)
ORDER = DepartmentOrder("आ-१२/२०२६", TODAY)
NEW = DepartmentNames("जलस्रोत विभाग", "Water Resources", "जल संसाधन विभाग")


def rename(session: Session, department: Department, order: DepartmentOrder = ORDER) -> None:
    department_changes.rename(
        session, actor=ADMIN, now=NOON, department=department, names=NEW, order=order
    )


def test_a_department_is_added_by_an_order_and_stands_from_its_day_on(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        cell = add_department(session, "information-technology")
        department = department_changes.add(
            session,
            actor=ADMIN,
            now=NOON,
            names=NEW,
            kind="department",
            order=DepartmentOrder("आ-१२", TODAY + DAY),
            reports_to_id=cell.id,
        )
        assert (department.code, department.reports_to_id) == ("water-resources", cell.id)
        assert departments_in_force(session, now=NOON) == [cell]
        assert department in departments_in_force(session, now=NOON + DAY)
        (change,) = history(session, department_id=department.id)
        assert (change.kind, change.order_number) == ("added", "आ-१२")
        assert verbs(session, "departments", department.id) == ["add_department"]


@pytest.mark.twin
def test_a_renamed_department_is_found_by_its_old_name_as_well(database: Database) -> None:
    with database.transaction() as session:
        water = add_department(session, "water")
        rename(session, water)
    with database.transaction() as session:
        water = session.get_one(Department, water.id)
        assert (water.name_mr, water.name_en) == (NEW.mr, NEW.en)
        assert find_departments(session, "Water Supply") == [water]
        assert find_departments(session, "जलस्रोत") == [water]
        former = former_names(session, [water.id])[water.id]
        assert [former_name.former_en for former_name in former] == ["Water Supply"]


def test_a_change_for_a_day_to_come_waits_for_it(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        rename(session, water, DepartmentOrder("आ-१३", TODAY + DAY))
        assert water.name_en == "Water Supply"
        assert due_changes(session, now=NOON) == []
        (waiting,) = due_changes(session, now=NOON + DAY)
        (change,) = history(session, department_id=water.id)
        assert (change.id, change.waits) == (waiting, True)
        department_changes.carry_out(session, change, actor=CLOCK, now=NOON + DAY)
        assert (water.name_en, change.former_en) == (NEW.en, "Water Supply")
        assert due_changes(session, now=NOON + DAY) == []


def test_what_waits_can_be_given_up_and_what_is_done_cannot(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        rename(session, water, DepartmentOrder("आ-१३", TODAY + DAY))
        (change,) = history(session, department_id=water.id)
        department_changes.cancel_change(session, actor=ADMIN, change=change, now=NOON)
        assert history(session, department_id=water.id) == []
        assert due_changes(session, now=NOON + DAY) == []
        rename(session, water)
        (done,) = history(session, department_id=water.id)
        with pytest.raises(WrongState):
            department_changes.cancel_change(session, actor=ADMIN, change=done, now=NOON)


def test_a_department_is_placed_under_another_but_never_under_itself(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        cell = add_department(session, "information-technology")
        water = add_department(session, "water", reports_to=cell)
        road = add_department(session, "road", reports_to=water)

        def move_under(department: Department, under: Department | None) -> None:
            department_changes.place(
                session,
                actor=ADMIN,
                now=NOON,
                department=department,
                reports_to_id=under.id if under else None,
                order=ORDER,
            )

        above = []
        for under in (cell, None):
            move_under(road, under)
            above.append(road.reports_to_id)
        assert above == [cell.id, None]
        for department, under, code in (
            (cell, water, "ring"),
            (water, water, "ring"),
            (water, cell, "same"),
        ):
            with pytest.raises(BadDepartment) as refused:
                move_under(department, under)
            assert (refused.value.field, refused.value.code) == ("other_id", code)


@pytest.mark.parametrize(
    ("names", "code", "kind", "wrong"),
    [
        (DepartmentNames("", "New"), "", "department", ("name_mr", "missing")),
        (DepartmentNames("नवा", ""), "", "department", ("name_en", "missing")),
        (DepartmentNames("न" * 201, "New"), "", "department", ("name_mr", "too_long")),
        (DepartmentNames("न\u202eवा", "New"), "", "department", ("name_mr", "unreadable")),
        (DepartmentNames("पाणीपुरवठा विभाग", "New"), "", "department", ("name_mr", "taken")),
        (DepartmentNames("नवा", "Water Supply"), "", "department", ("name_en", "taken")),
        (DepartmentNames("नवा", "New"), "water", "department", ("code", "taken")),
        (DepartmentNames("नवा", "New"), "नवा", "department", ("code", "unreadable")),
        (DepartmentNames("नवा", "New"), "", "palace", ("kind", "unknown")),
    ],
)
def test_what_cannot_be_recorded_says_where_and_why(
    on_sqlite: Database, names: DepartmentNames, code: str, kind: str, wrong: tuple[str, str]
) -> None:
    with on_sqlite.transaction() as session:
        add_department(session, "water")
        with pytest.raises(BadDepartment) as refused:
            department_changes.add(
                session, actor=ADMIN, now=NOON, names=names, kind=kind, order=ORDER, code=code
            )
        assert (refused.value.field, refused.value.code) == wrong


@pytest.mark.parametrize(
    ("number", "on", "wrong"),
    [
        ("", TODAY, ("order_number", "missing")),
        ("आ" * 81, TODAY, ("order_number", "too_long")),
        ("आ-१", None, ("in_force_on", "missing")),
        ("आ-१", date(1900, 1, 1), ("in_force_on", "out_of_range")),
    ],
)
def test_every_change_needs_an_order_and_a_day(
    number: str, on: date | None, wrong: tuple[str, str]
) -> None:
    with pytest.raises(BadDepartment) as refused:
        department_orders.read_order(number, on)
    assert (refused.value.field, refused.value.code) == wrong


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.ADMIN, Role.CELL_LEAD)]
)
def test_nobody_but_admin_and_lead_changes_the_register(on_sqlite: Database, role: Role) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        appointment = appoint(session, water, role)
        mine = actor(role, water.id, appointment.person_id)
        with pytest.raises(WrongRole):
            department_changes.rename(
                session, actor=mine, now=NOON, department=water, names=NEW, order=ORDER
            )
        with pytest.raises(WrongRole):
            department_changes.add(
                session, actor=mine, now=NOON, names=NEW, kind="department", order=ORDER
            )
