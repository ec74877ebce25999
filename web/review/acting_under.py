"""A decision is made under the appointment under which its page was opened."""

from __future__ import annotations

from approvals.errors import NotAllowed
from approvals.policy import Actor


class ActsUnderAnother(NotAllowed):
    """The page was opened under another appointment than the session's present one."""

    code = "acts_under_another"


def check_acting_under(actor: Actor, appointment_id: int | None) -> None:
    """Raise `ActsUnderAnother` unless the actor still acts under the page's appointment.

    A person with two windows may have switched the appointment in the other one.
    """
    if appointment_id is None or appointment_id != actor.appointment_id:
        raise ActsUnderAnother
