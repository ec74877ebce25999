"""What the rulebook answers when something may not be done.

Each error carries a stable `code` and `values`; the sentence a person reads is made at the edge.
"""

from __future__ import annotations


class NotAllowed(Exception):
    """The action may not be done; `values` holds what a sentence about it needs."""

    code = "not_allowed"

    def __init__(self, **values: object) -> None:
        super().__init__(self.code, values)
        self.values = values


class WrongState(NotAllowed):
    """The thing is not in a state from which this move exists."""

    code = "wrong_state"


class Overtaken(WrongState):
    """Somebody else moved the thing first; look again before acting."""

    code = "overtaken"


class WrongRole(NotAllowed):
    """The actor's role, or department, may not do this."""

    code = "wrong_role"


class FreshSignInRequired(NotAllowed):
    """The action asks for a sign-in of the last few minutes."""

    code = "fresh_sign_in_required"


class FourEyesRequired(NotAllowed):
    """The person wrote this revision, so somebody else has to approve it."""

    code = "four_eyes_required"


class StaleRevision(NotAllowed):
    """The person looked at an older revision (`seen`) than the newest (`newest`)."""

    code = "stale_revision"


class NotApproved(NotAllowed):
    """Exactly this has no approval that counts now; `reason` says which condition fails."""

    code = "not_approved"
