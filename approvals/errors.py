"""The errors of actions that are not allowed.

Each carries a stable `code` and `values`; the web layer words the message.
"""

from __future__ import annotations


class NotAllowed(Exception):
    """The action is not allowed; `values` are the arguments of its message."""

    code = "not_allowed"

    def __init__(self, **values: object) -> None:
        super().__init__(self.code, values)
        self.values = values


class WrongState(NotAllowed):
    """The state of the row does not allow this move."""

    code = "wrong_state"


class Overtaken(WrongState):
    """Another actor changed the state first; read the row again before acting."""

    code = "overtaken"


class WrongRole(NotAllowed):
    """The actor's role, or department, has no right to this action."""

    code = "wrong_role"


class FreshSignInRequired(NotAllowed):
    """The action requires a sign-in within the last few minutes."""

    code = "fresh_sign_in_required"


class FreshFactorRequired(FreshSignInRequired):
    """The action also requires the person's second factor within the last few minutes."""

    code = "fresh_factor_required"


class FourEyesRequired(NotAllowed):
    """The person wrote this revision, so another person has to approve it."""

    code = "four_eyes_required"


class RestsOnWriter(FourEyesRequired):
    """The person's appointment rests on the revision's author, who confirmed it, for example."""

    code = "rests_on_writer"


class StaleRevision(NotAllowed):
    """The person looked at an older revision (`seen`) than the newest (`newest`)."""

    code = "stale_revision"


class NotApproved(NotAllowed):
    """The subject has no approval that counts now; `reason` is the condition that fails."""

    code = "not_approved"
