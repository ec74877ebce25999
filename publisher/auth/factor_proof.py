"""Whether somebody's password alone is enough to set up their first second factor.

Anyone who reads a person's mail can reset the password with it. If that happened last, the first
factor has to wait until somebody else vouches, or a code to the earlier mobile sets a password.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import ActorKind
from publisher.models.history import Event
from publisher.models.people import Person

_VERBS = ("forget_password", "reset_password", "change_contact", "add_factor", "end_factor")


class FactorNotProven(NotAllowed):
    """The password may have been set by someone who reads the person's messages."""

    code = "factor_not_proven"


def is_missing(session: Session, person: Person) -> bool:
    """Return True if a mailed link set the password last, and nobody has vouched since.

    Two members of staff, or a command, vouch by ending the person's factor, even if there is none.
    A password set by a code to the mobile counts unless a channel was changed in between: anyone
    who is signed in may add a mobile. It counts as a mailed link once the clock alone changed a
    channel: somebody else had asked for that.
    """
    events = select(Event).where(
        Event.subject == Person.__tablename__,
        Event.subject_id == person.id,
        Event.verb.in_(_VERBS),
    )
    missing = has_factor = is_by_command = has_changed = is_by_clock = False
    for event in session.scalars(events.order_by(Event.id)):
        match event.verb:
            case "forget_password":
                is_by_command = event.actor_kind is ActorKind.SERVICE
            case "reset_password" if event.details.get("by") == "sms" and not is_by_clock:
                missing = missing and has_changed
            case "reset_password" if not (missing or has_factor or is_by_command):
                missing, has_changed = True, False
            case "change_contact":
                has_changed = True
                is_by_clock = is_by_clock or event.actor_kind is ActorKind.CLOCK
            case "add_factor":
                missing, has_factor = False, True
            case "end_factor":
                has_factor = False
                missing = missing and event.person_id == person.id
    return missing
