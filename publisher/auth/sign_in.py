"""Sign in by password, and prove one's identity again within a session."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import throttling
from publisher.auth.contact_details import normal_identifier
from publisher.auth.one_time_links import digest_of
from publisher.auth.passwords import (
    HASHER,
    Hasher,
    Proof,
    accept_proof,
    check_password,
    try_password,
)
from publisher.auth.sessions import actor_of, chosen_appointment, end_all
from publisher.models.approvals import RefusedSignIn
from publisher.models.people import Person, SignIn
from publisher.notifications.formatting import LANGUAGES

NOBODY = Actor(ActorKind.PERSON)
"""A visitor without any proof of identity."""


class SignInProblem(StrEnum):
    """The reason why a sign-in failed.

    Only the account's owner learns others than the first two.
    """

    WRONG = "wrong"
    THROTTLED = "throttled"
    DISABLED = "disabled"
    NO_APPOINTMENT = "no_appointment"


@dataclass(frozen=True)
class SignedIn:
    """A new session; `token` is put into the cookie and stored nowhere else."""

    token: str
    sign_in: SignIn


@dataclass(frozen=True)
class SignInRefusal:
    """A refused sign-in; `until` is the end of throttling (aware UTC)."""

    code: SignInProblem
    until: datetime | None = None


def sign_in(
    session: Session,
    *,
    identifier: str,
    proof: Proof,
    address: str,
    device: str,
    now: datetime,
) -> SignedIn | SignInRefusal:
    """Sign a person in by mail address or mobile number, in any usual spelling, and password.

    A refusal is returned and not raised, as the failed attempt has to be committed. Time and
    message are the same whether the account exists or not. `proof` is the password as it was
    verified before the transaction was opened; see `hash_to_try`.
    """
    identifier_key, keys = _login_and_keys(identifier, address)
    until = throttling.throttled_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    person = person_of(session, identifier_key)
    if not accept_proof(person, proof) or person is None:
        throttling.store_failure(session, keys, now=now)
        _record_refusal(session, SignInProblem.WRONG, person, address, device, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.reset(session, keys[0])
    outcome = _open_session(session, person, address=address, device=device, now=now)
    if isinstance(outcome, SignInRefusal):
        _record_refusal(session, outcome.code, person, address, device, now=now)
    return outcome


def _login_and_keys(identifier: str, address: str) -> tuple[str, tuple[str, str]]:
    """Return the normalised login, and the throttling keys of the attempt."""
    identifier_key = normal_identifier(identifier)
    keys = throttling.key_of_identifier(identifier_key), throttling.key_of_address(address)
    return identifier_key, keys


@dataclass(frozen=True)
class StoredPassword:
    """The hash to verify a typed password against; `is_throttled` while attempts are throttled."""

    password_hash: str | None
    is_throttled: bool

    def proof(self, password: str, *, hasher: Hasher = HASHER) -> Proof:
        """Verify the password, without that work while throttled."""
        if self.is_throttled:
            return Proof(self.password_hash, is_right=False)
        return try_password(self.password_hash, password, hasher=hasher)


def hash_to_try(
    session: Session, *, identifier: str, address: str, now: datetime
) -> StoredPassword:
    """Return the hash that a sign-in is verified against, read before its transaction is opened."""
    identifier_key, keys = _login_and_keys(identifier, address)
    person = person_of(session, identifier_key)
    is_throttled = throttling.throttled_until(session, keys, now=now) is not None
    return StoredPassword(person.password_hash if person is not None else None, is_throttled)


def own_hash(session: Session, *, person_id: int, now: datetime) -> StoredPassword:
    """Return the hash of a person who proves their identity within a session."""
    keys = (throttling.key_of_identifier(f"person:{person_id}"),)
    is_throttled = throttling.throttled_until(session, keys, now=now) is not None
    return StoredPassword(session.get_one(Person, person_id).password_hash, is_throttled)


def _record_refusal(
    session: Session,
    problem: SignInProblem,
    person: Person | None,
    address: str,
    device: str,
    *,
    now: datetime,
) -> None:
    """Record a refused sign-in in the history, without what was typed.

    Throttled attempts are not recorded, so that nobody can flood the history.
    """
    person_id = person.id if person is not None else None
    refused = RefusedSignIn(
        at=now, why=problem, person_id=person_id, address=address[:64], device=device[:200]
    )
    session.add(refused)
    session.flush()
    values = {"why": problem.value, "person": refused.person_id}
    transitions.record(session, refused, "refuse_sign_in", actor=NOBODY, now=now, values=values)


def person_of(session: Session, identifier_key: str) -> Person | None:
    """Return the person with this mail address or mobile number; None if there is none."""
    column = Person.mail if "@" in identifier_key else Person.mobile
    return session.scalars(select(Person).where(column == identifier_key)).one_or_none()


def _open_session(
    session: Session, person: Person, *, address: str, device: str, now: datetime
) -> SignedIn | SignInRefusal:
    if person.disabled_at is not None:
        return SignInRefusal(SignInProblem.DISABLED)
    appointment = chosen_appointment(session, person, now=now)
    if appointment is None:
        return SignInRefusal(SignInProblem.NO_APPOINTMENT)
    token = secrets.token_urlsafe(32)
    sign_in_row = SignIn(
        token_digest=digest_of(token),
        person=person,
        appointment=appointment,
        signed_in_at=now,
        proved_at=now,
        seen_at=now,
        device=device[:200],
        address=address[:64],
    )
    session.add(sign_in_row)
    session.flush()
    actor = actor_of(session, sign_in_row, now=now)
    transitions.record(session, sign_in_row, "sign_in", actor=actor, now=now)
    return SignedIn(token, sign_in_row)


def prove(
    session: Session,
    *,
    sign_in_id: int,
    proof: Proof,
    now: datetime,
) -> SignInRefusal | None:
    """Accept the password within a session; return None if it is right, else the refusal.

    `proof` is the password as it was verified before the transaction was opened; see `own_hash`.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    keys = (throttling.key_of_identifier(f"person:{sign_in.person_id}"),)
    until = throttling.throttled_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    actor = actor_of(session, sign_in, now=now)
    if not accept_proof(sign_in.person, proof):
        throttling.store_failure(session, keys, now=now)
        transitions.record(session, sign_in, "refuse_prove", actor=actor, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.reset(session, keys[0])
    sign_in.proved_at = now
    transitions.record(session, sign_in, "prove", actor=actor, now=now)
    return None


def set_password(
    session: Session,
    *,
    person: Person,
    password: str,
    password_hash: str,
    now: datetime,
    city_words: Collection[str] = (),
) -> None:
    """Set a person's password, and end the person's sessions. Raises `BadPassword`.

    `password_hash` is its hash, which was made before the transaction was opened.
    """
    check_password(password, person, city_words=city_words)
    person.password_hash = password_hash
    end_all(session, person_id=person.id, now=now)


def choose_language(session: Session, *, person_id: int, language: str) -> None:
    """Store the language of mails to the person: mr, en or hi. Raises ValueError for others."""
    if language not in LANGUAGES:
        raise ValueError(language)
    session.get_one(Person, person_id).language = language
