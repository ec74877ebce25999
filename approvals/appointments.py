"""Who may confirm an appointment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from approvals.policy import Action, Actor, Role, may

STAFF = frozenset({Role.ADMIN, Role.CELL_LEAD})
"""The roles that record others, and confirm what others of them recorded."""

NEEDS_CONFIRMATION = STAFF | {Role.OFFICER, Role.HEAD}
"""The roles whose appointments give no right before somebody else has confirmed them."""


@dataclass(frozen=True)
class PendingAppointment:
    """An appointment that waits for confirmation.

    `superior_id` is the department that its department reports to. `recorder_ids` are those who
    recorded it, or changed its person's address afterwards. `is_left_by_head` is true if the
    department has no active head, or one who has let the time go by.
    """

    person_id: int
    role: Role
    department_id: int
    superior_id: int | None
    recorder_ids: frozenset[int]
    is_left_by_head: bool


def may_confirm(
    actor: Actor, nomination: PendingAppointment, *, own_recorder_ids: Collection[int]
) -> bool:
    """Return True if the actor, whose appointment `own_recorder_ids` recorded, may confirm it.

    An officer is confirmed by the head of the department, or of the one above if the head leaves
    it; a head by the head above; anybody by an admin or lead, but an admin or lead by an admin.
    """
    if actor.person_id in {nomination.person_id, *nomination.recorder_ids}:
        return False
    if actor.role is Role.HEAD:
        return _is_head_over(actor, nomination)
    needs_admin = nomination.role in STAFF
    is_able = actor.role is Role.ADMIN if needs_admin else actor.role in STAFF
    # Otherwise two mailboxes of one person would be enough: one records, the other confirms.
    return is_able and nomination.recorder_ids.isdisjoint(own_recorder_ids)


def _is_head_over(actor: Actor, nomination: PendingAppointment) -> bool:
    if nomination.role not in {Role.OFFICER, Role.HEAD}:
        return False
    deciding_ids = [nomination.department_id] if nomination.role is Role.OFFICER else []
    if nomination.superior_id is not None and (
        nomination.role is Role.HEAD or nomination.is_left_by_head
    ):
        deciding_ids.append(nomination.superior_id)
    action = Action.CONFIRM_APPOINTMENT
    return any(may(actor, action, department_id) for department_id in deciding_ids)
