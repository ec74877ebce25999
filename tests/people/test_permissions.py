"""The roles that may appoint whom, by a table written by hand."""

from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Action, Actor, ActorKind, Role
from publisher.database.session import Database
from publisher.people.permissions import COMMAND, action_to_record, may_record
from tests.support.city_people import actor, add_department, appoint
from tests.support.tables import each

OWN, OTHER = 1, 2
EVERYWHERE = {OWN, OTHER}
NOWHERE: set[int] = set()

# Rows: who records. Columns: a head, an officer, a member, any other role; in which departments.
TABLE: dict[Role, tuple[set[int], set[int], set[int], set[int]]] = {
    Role.ADMIN: (EVERYWHERE, EVERYWHERE, EVERYWHERE, EVERYWHERE),
    Role.CELL_LEAD: (EVERYWHERE, EVERYWHERE, EVERYWHERE, NOWHERE),
    Role.CELL: (NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    Role.OFFICER: (NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    Role.HEAD: (NOWHERE, {OWN}, {OWN}, NOWHERE),
    Role.MEMBER: (NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    Role.OVERSIGHT: (NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    Role.AUDITOR: (NOWHERE, NOWHERE, NOWHERE, NOWHERE),
}
COLUMN = {Role.HEAD: 0, Role.OFFICER: 1, Role.MEMBER: 2}


@each("role", Role)
@each("appointed", Role)
@each("department_id", [OWN, OTHER])
def test_each_role_records_whom_the_table_says(
    role: Role, appointed: Role, department_id: int
) -> None:
    allowed = department_id in TABLE[role][COLUMN.get(appointed, 3)]
    assert may_record(actor(role, OWN), appointed, department_id) is allowed


@pytest.mark.parametrize(
    "kind", [actor_kind for actor_kind in ActorKind if actor_kind is not ActorKind.PERSON]
)
def test_no_machine_records_anybody_but_the_command(kind: ActorKind) -> None:
    assert not may_record(Actor(kind), Role.MEMBER, OWN)
    assert not may_record(CLOCK, Role.MEMBER, OWN)
    assert may_record(COMMAND, Role.ADMIN, OWN)


def test_every_role_that_is_not_of_a_department_is_recorded_by_one_action() -> None:
    others = {Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.OVERSIGHT, Role.AUDITOR}
    assert {role for role in Role if action_to_record(role) is Action.RECORD_OTHER_ROLE} == others


@pytest.mark.parametrize("role", [role for role in Role if TABLE[role][2] == NOWHERE])
def test_the_use_case_itself_refuses_who_may_not(on_sqlite: Database, role: Role) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        with pytest.raises(WrongRole):
            appoint(session, water, Role.MEMBER, actor=actor(role, water.id))
