"""Signing in by password, and what a session is worth."""

from __future__ import annotations

from publisher.people.signing_in.entering import (
    SignedIn,
    SignInProblem,
    SignInRefusal,
    choose_language,
    prove,
    set_password,
    sign_in,
)
from publisher.people.signing_in.passwords import HASHER, BadPassword, Hasher, check_password
from publisher.people.signing_in.sessions import (
    ABSOLUTE_LIMIT,
    IDLE_LIMIT,
    NotYours,
    Present,
    actor_of,
    end,
    end_all,
    end_other,
    in_force,
    peek,
    session_of,
    sessions_of,
    switch,
)

__all__ = [
    "ABSOLUTE_LIMIT",
    "HASHER",
    "IDLE_LIMIT",
    "BadPassword",
    "Hasher",
    "NotYours",
    "Present",
    "SignInProblem",
    "SignInRefusal",
    "SignedIn",
    "actor_of",
    "check_password",
    "choose_language",
    "end",
    "end_all",
    "end_other",
    "in_force",
    "peek",
    "prove",
    "session_of",
    "sessions_of",
    "set_password",
    "sign_in",
    "switch",
]
