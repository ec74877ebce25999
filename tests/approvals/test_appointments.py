"""Who may confirm an appointment, and on whom one rests: every rule by an example."""

from __future__ import annotations

import pytest

from approvals.appointments import PendingAppointment, bound_ids, may_confirm, recorder_chain_ids
from approvals.policy import Actor, ActorKind, Role
from tests.support.tables import each

DEPARTMENT, ABOVE, OTHER = 1, 2, 3
PERSON, RECORDER, SOMEBODY = 10, 11, 12


def actor(role: Role, department_id: int = OTHER, person_id: int = SOMEBODY) -> Actor:
    return Actor(ActorKind.PERSON, person_id, 1, role, department_id)


def nomination(role: Role = Role.OFFICER, *, is_left_by_head: bool = False) -> PendingAppointment:
    return PendingAppointment(
        PERSON, role, DEPARTMENT, ABOVE, frozenset({RECORDER}), is_left_by_head
    )


@each(
    "role, by, department_id, is_left_by_head, expected",
    [
        (Role.OFFICER, Role.HEAD, DEPARTMENT, False, True),
        (Role.OFFICER, Role.HEAD, ABOVE, False, False),
        (Role.OFFICER, Role.HEAD, ABOVE, True, True),
        (Role.OFFICER, Role.HEAD, OTHER, True, False),
        (Role.HEAD, Role.HEAD, ABOVE, False, True),
        (Role.HEAD, Role.HEAD, DEPARTMENT, True, False),
        (Role.ADMIN, Role.HEAD, DEPARTMENT, True, False),
        (Role.CELL_LEAD, Role.HEAD, ABOVE, True, False),
        *((role, Role.ADMIN, OTHER, False, True) for role in (Role.OFFICER, Role.HEAD)),
        *((role, Role.CELL_LEAD, OTHER, False, True) for role in (Role.OFFICER, Role.HEAD)),
        *((role, Role.ADMIN, OTHER, False, True) for role in (Role.ADMIN, Role.CELL_LEAD)),
        *((role, Role.CELL_LEAD, OTHER, False, False) for role in (Role.ADMIN, Role.CELL_LEAD)),
        *(
            (Role.OFFICER, by, DEPARTMENT, True, False)
            for by in Role
            if by not in {Role.HEAD, Role.ADMIN, Role.CELL_LEAD}
        ),
    ],
)
def test_each_role_confirms_whom_the_rules_name(
    *, role: Role, by: Role, department_id: int, is_left_by_head: bool, expected: bool
) -> None:
    waiting = nomination(role, is_left_by_head=is_left_by_head)
    assert may_confirm(actor(by, department_id), waiting, bound_ids=()) is expected


@pytest.mark.parametrize("role", [Role.ADMIN, Role.CELL_LEAD, Role.HEAD])
@pytest.mark.parametrize("person_id", [PERSON, RECORDER])
def test_neither_the_person_nor_the_recorder_confirms(role: Role, person_id: int) -> None:
    by = actor(role, DEPARTMENT, person_id)
    assert not may_confirm(by, nomination(is_left_by_head=True), bound_ids=())


def test_nobody_of_the_staff_confirms_within_one_hand() -> None:
    for role in (Role.ADMIN, Role.CELL_LEAD):
        assert not may_confirm(actor(role), nomination(), bound_ids={RECORDER})
    by_head = actor(Role.HEAD, DEPARTMENT)
    assert may_confirm(by_head, nomination(), bound_ids=())
    # A head is bound by who gave them another channel, and by nobody else's hand.
    assert not may_confirm(by_head, nomination(), bound_ids={RECORDER})


def test_a_hand_reaches_upward_and_binds_all_that_share_somebody() -> None:
    makers = {2: {1}, 3: {2}, 4: {1}, 6: {5}, 7: {6, 1}, 8: {9}, 9: {8}}
    assert recorder_chain_ids({3}, makers) == {1, 2, 3}
    assert recorder_chain_ids({8}, makers) == {8, 9}  # a circle ends
    assert bound_ids(3, makers) == {1, 2, 3, 4, 7}
    assert bound_ids(1, makers) == {1, 2, 3, 4, 7}
    assert bound_ids(5, makers) == {5, 6, 7}
    assert bound_ids(10, makers) == {10}
