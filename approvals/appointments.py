"""Who may confirm an appointment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from approvals.policy import Action, Actor, Role, may

STAFF = frozenset({Role.ADMIN, Role.CELL_LEAD})
"""The roles that record others, and confirm what others of them recorded."""

NEEDS_CONFIRMATION = STAFF | {Role.OFFICER, Role.HEAD}
"""The roles whose appointments give no right before somebody else has confirmed them."""


Makers = Mapping[int, Collection[int]]
"""The recorders of each person's staff appointments, except those that a command has confirmed."""


@dataclass(frozen=True)
class PendingAppointment:
    """An appointment that waits for confirmation.

    `superior_id` is the department that its department reports to. `recorder_ids` are those who
    recorded it, changed its person's name or address, or confirmed it and were doubted.
    `is_left_by_head` is true if the department has no active head, or its head let the time pass.
    """

    person_id: int
    role: Role
    department_id: int
    superior_id: int | None
    recorder_ids: frozenset[int]
    is_left_by_head: bool


def recorder_chain_ids(person_ids: Collection[int], makers: Makers) -> frozenset[int]:
    """Return these persons, the recorders of their staff appointments, and so on upward."""
    members: set[int] = set()
    pending = set(person_ids)
    while pending:
        members |= pending
        pending = {maker for member in pending for maker in makers.get(member, ())} - members
    return frozenset(members)


def bound_ids(person_id: int, makers: Makers) -> frozenset[int]:
    """Return everybody whose hand shares somebody with this person's hand."""
    own = recorder_chain_ids({person_id}, makers)
    others = (other for other in makers if not own.isdisjoint(recorder_chain_ids({other}, makers)))
    return own.union(others)


def may_confirm(
    actor: Actor, nomination: PendingAppointment, *, bound_ids: Collection[int]
) -> bool:
    """Return True if the actor, who is of one hand with `bound_ids`, may confirm it.

    An officer is confirmed by the head of the department, or of the one above if the head leaves
    it; a head by the head above; anybody by an admin or lead; these only by an admin.
    """
    # Otherwise mailboxes of one person would be enough: one records, the other confirms.
    is_own = actor.person_id in {nomination.person_id, *nomination.recorder_ids}
    if is_own or not nomination.recorder_ids.isdisjoint(bound_ids):
        return False
    if actor.role is Role.HEAD:
        return _is_line_head(actor, nomination)
    return actor.role is Role.ADMIN if nomination.role in STAFF else actor.role in STAFF


def _is_line_head(actor: Actor, nomination: PendingAppointment) -> bool:
    if nomination.role not in {Role.OFFICER, Role.HEAD}:
        return False
    deciding_ids = [nomination.department_id] if nomination.role is Role.OFFICER else []
    if nomination.superior_id is not None and (
        nomination.role is Role.HEAD or nomination.is_left_by_head
    ):
        deciding_ids.append(nomination.superior_id)
    action = Action.CONFIRM_APPOINTMENT
    return any(may(actor, action, department_id) for department_id in deciding_ids)
