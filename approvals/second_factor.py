"""Whose sign-in needs a second factor, and what is open to them without one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from approvals.policy import Action, Role

NEED_APP: Final = frozenset({Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.OVERSIGHT, Role.AUDITOR})
"""The roles that need an app or a passkey; a code by SMS is not enough."""

NEED_APP_OR_SMS: Final = frozenset({Role.OFFICER, Role.HEAD})
"""The roles for which a code by SMS is enough; members keep the password."""

OPEN_WITHOUT: Final = frozenset(
    {
        *(action for action in Action if action.startswith("see_")),
        Action.HAND_IN,
        Action.CHANGE_SUBMISSION,
        Action.COMPLETE_SUBMISSION,
        Action.WITHDRAW_SUBMISSION,
        Action.ANSWER,
        # They only hold back.
        Action.CANCEL,
        Action.STOP_ALL,
    }
)
"""What people who need a second factor and have none may do: read, hand in, answer, hold back."""


@dataclass(frozen=True)
class FactorRule:
    """The rule of an installation: from which day it holds (None: never), and if it sends codes."""

    from_day: date | None = None
    has_sms: bool = False

    def holds(self, day: date) -> bool:
        """Return True if the rule holds on this day of the city."""
        return self.from_day is not None and day >= self.from_day

    def takes_sms(self, role: Role, day: date) -> bool:
        """Return True if the role signs in with a code by SMS if it has no app."""
        return self.holds(day) and self.has_sms and role in NEED_APP_OR_SMS

    def is_lacking(self, role: Role, day: date, *, has_factor: bool, is_proved: bool) -> bool:
        """Return True if a session of this role lacks its second factor.

        `has_factor`: the person has an app or a passkey. `is_proved` if a factor was proved at its
        sign-in, or in the last hours on its known device.
        Officers and heads keep the password if no code can be sent.
        """
        if not self.holds(day):
            return False
        if role in NEED_APP:
            return not (has_factor and is_proved)
        return role in NEED_APP_OR_SMS and self.has_sms and not is_proved
