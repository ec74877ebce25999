"""Add one's own passkeys, use them in a session, and end them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.auth import known_devices, passkeys, recovery_codes, second_factors
from publisher.auth.passkeys import PasskeyAnswer
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.sessions import NotYours, session_actor
from publisher.auth.totp import Sealer
from publisher.models.people import Person, SignIn
from publisher.models.second_factors import Passkey


def add(
    session: Session,
    *,
    actor: Actor,
    sign_in_id: int,
    name: str,
    answer: PasskeyAnswer,
    sealer: Sealer,
    now: datetime,
) -> list[str] | SignInRefusal:
    """Add a passkey that the person's browser has made.

    Raises `FreshSignInRequired` or `FactorNotProven`.
    Returns recovery codes, once, if the person has none; known devices end. A refusal is returned
    and not raised, as the challenge has to be used up.
    """
    second_factors.require_fresh(actor, now=now)
    sign_in = session.get_one(SignIn, sign_in_id)
    second_factors.require_proof(session, sign_in.person)
    if passkeys.add(session, sign_in=sign_in, answer=answer, name=name, now=now) is None:
        return SignInRefusal(SignInProblem.WRONG_PASSKEY)
    sign_in.factor_at = now
    known_devices.end_all(session, person_id=sign_in.person_id, now=now)
    transitions.record(session, sign_in.person, "add_factor", actor=actor, now=now)
    second_factors.notify_person(session, sign_in.person, "passkey", now=now)
    if recovery_codes.number_left(session, person_id=sign_in.person_id):
        return []
    return recovery_codes.make(session, person_id=sign_in.person_id, sealer=sealer, now=now)


def end(session: Session, *, actor: Actor, person: Person, passkey_id: int, now: datetime) -> None:
    """End one of the person's own passkeys; the recovery codes end with the last factor.

    Raises `FreshSignInRequired`, or `NotYours` for someone else's.
    """
    second_factors.require_fresh(actor, now=now)
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.person_id != person.id:
        raise NotYours(passkey=passkey_id)
    if passkey.ended_at is not None:
        return
    passkeys.end(session, passkeys=[passkey], now=now)
    if not second_factors.has_any(session, person_id=person.id):
        second_factors.end(session, actor=actor, person=person, now=now)
        return
    known_devices.end_all(session, person_id=person.id, now=now)
    transitions.record(session, person, "end_factor", actor=actor, now=now)
    second_factors.notify_person(session, person, "passkey_ended", now=now)


def prove(
    session: Session, *, sign_in_id: int, answer: PasskeyAnswer, now: datetime
) -> SignInRefusal | None:
    """Accept a passkey within a session instead of password and code; return None or the refusal.

    A refusal is returned and not raised, as the challenge has to be used up.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    actor = session_actor(session, sign_in, now=now)
    if not passkeys.use(session, subject=sign_in, answer=answer, now=now):
        transitions.record(session, sign_in, "refuse_prove", actor=actor, now=now)
        return SignInRefusal(SignInProblem.WRONG_PASSKEY)
    sign_in.proved_at = sign_in.factor_at = now
    transitions.record(session, sign_in, "prove", actor=actor, now=now)
    return None
