"""Who is appointed as what: recorded, invited, ended, disabled."""

from __future__ import annotations

from publisher.people.appointing.disabling import (
    disable_person,
    disabling_of,
    enable_person,
)
from publisher.people.appointing.inviting import (
    INVITATION_LASTS,
    accept_invitation,
    invite,
    invited,
)
from publisher.people.appointing.recording import end_appointment, first_admin, record_person
from publisher.people.appointing.rights import (
    COMMAND,
    LastAdmin,
    OwnAppointment,
    SomebodyExists,
    action_to_record,
    may_disable,
    may_record,
    standing,
)
from publisher.people.contacts import BadPerson

__all__ = [
    "COMMAND",
    "INVITATION_LASTS",
    "BadPerson",
    "LastAdmin",
    "OwnAppointment",
    "SomebodyExists",
    "accept_invitation",
    "action_to_record",
    "disable_person",
    "disabling_of",
    "enable_person",
    "end_appointment",
    "first_admin",
    "invite",
    "invited",
    "may_disable",
    "may_record",
    "record_person",
    "standing",
]
