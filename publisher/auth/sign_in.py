"""Signing in, and proving oneself again, by password."""

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
from publisher.auth.contact_details import read_identifier
from publisher.auth.one_time_links import digest_of
from publisher.auth.passwords import (
    HASHER,
    Hasher,
    Proof,
    check_password,
    keep,
    settles,
    try_password,
)
from publisher.auth.sessions import actor_of, chosen_appointment, end_all
from publisher.models.approvals import RefusedSignIn
from publisher.models.people import Person, SignIn
from publisher.notifications.formatting import LANGUAGES

NOBODY = Actor(ActorKind.PERSON)
"""Somebody at the door, of whom nothing is proved."""


class SignInProblem(StrEnum):
    """Why somebody was not signed in. All but the first two are told to the owner alone."""

    WRONG = "wrong"
    THROTTLED = "throttled"
    DISABLED = "disabled"
    NO_APPOINTMENT = "no_appointment"


@dataclass(frozen=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is kept nowhere else."""

    token: str
    sign_in: SignIn


@dataclass(frozen=True)
class SignInRefusal:
    """Why not; `until` says how long a throttled one has to wait (aware UTC)."""

    code: SignInProblem
    until: datetime | None = None


def sign_in(
    session: Session,
    *,
    identifier: str,
    password: str,
    address: str,
    device: str,
    now: datetime,
    hasher: Hasher = HASHER,
    proof: Proof | None = None,
) -> SignedIn | SignInRefusal:
    """Sign somebody in by mail address or mobile number, in any usual spelling, and password.

    A refusal is a result and no error: the failed try has to be committed. It costs the same
    work and says the same whether the account exists or not. `proof` is what came of the
    password where it was tried before the transaction was opened; see `hash_to_try`.
    """
    who, keys = _asked(identifier, address)
    until = throttling.closed_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    person = _person_of(session, who)
    if proof is None:
        proof = try_password(person.password_hash if person else None, password, hasher=hasher)
    if not settles(person, proof) or person is None:
        throttling.store_failure(session, keys, now=now)
        _write_down(session, SignInProblem.WRONG, person, address, device, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.forget(session, keys[0])
    entered = _enter(session, person, address=address, device=device, now=now)
    if isinstance(entered, SignInRefusal):
        _write_down(session, entered.code, person, address, device, now=now)
    return entered


def _asked(identifier: str, address: str) -> tuple[str, tuple[str, str]]:
    """Whom somebody says to be, and the keys under which the tries are counted."""
    who = read_identifier(identifier) or identifier.strip().lower()
    return who, (throttling.key_of_identifier(who), throttling.key_of_address(address))


@dataclass(frozen=True)
class StoredPassword:
    """What a typed password is to be held against; nothing where the door is closed."""

    password_hash: str | None
    is_closed: bool

    def proof(self, password: str, *, hasher: Hasher = HASHER) -> Proof:
        """Try the password; a closed door is not worth the work."""
        if self.is_closed:
            return Proof(self.password_hash, is_right=False)
        return try_password(self.password_hash, password, hasher=hasher)


def hash_to_try(
    session: Session, *, identifier: str, address: str, now: datetime
) -> StoredPassword:
    """What the password of a sign-in is held against, read before its transaction is opened."""
    who, keys = _asked(identifier, address)
    person = _person_of(session, who)
    is_closed = throttling.closed_until(session, keys, now=now) is not None
    return StoredPassword(person.password_hash if person is not None else None, is_closed)


def own_hash(session: Session, *, person_id: int, now: datetime) -> StoredPassword:
    """The same for a person who proves themselves once more within a session."""
    keys = (throttling.key_of_identifier(f"person:{person_id}"),)
    is_closed = throttling.closed_until(session, keys, now=now) is not None
    return StoredPassword(session.get_one(Person, person_id).password_hash, is_closed)


def _write_down(
    session: Session,
    why: SignInProblem,
    person: Person | None,
    address: str,
    device: str,
    *,
    now: datetime,
) -> None:
    """Keep a refused sign-in in the history, without what was typed.

    Tries while a door is closed are not kept: nobody can fill the history by knocking.
    """
    refused = RefusedSignIn(
        at=now,
        why=why,
        person_id=person.id if person is not None else None,
        address=address[:64],
        device=device[:200],
    )
    session.add(refused)
    session.flush()
    values = {"why": why.value, "person": refused.person_id}
    transitions.record(session, refused, "refuse_sign_in", actor=NOBODY, now=now, values=values)


def _person_of(session: Session, who: str) -> Person | None:
    column = Person.mail if "@" in who else Person.mobile
    return session.scalars(select(Person).where(column == who)).one_or_none()


def _enter(
    session: Session, person: Person, *, address: str, device: str, now: datetime
) -> SignedIn | SignInRefusal:
    if person.disabled_at is not None:
        return SignInRefusal(SignInProblem.DISABLED)
    appointment = chosen_appointment(session, person, now=now)
    if appointment is None:
        return SignInRefusal(SignInProblem.NO_APPOINTMENT)
    token = secrets.token_urlsafe(32)
    entered = SignIn(
        token_digest=digest_of(token),
        person=person,
        appointment=appointment,
        signed_in_at=now,
        proved_at=now,
        seen_at=now,
        device=device[:200],
        address=address[:64],
    )
    session.add(entered)
    session.flush()
    actor = actor_of(session, entered, now=now)
    transitions.record(session, entered, "sign_in", actor=actor, now=now)
    return SignedIn(token, entered)


def prove(
    session: Session,
    *,
    sign_in_id: int,
    password: str,
    now: datetime,
    hasher: Hasher = HASHER,
    proof: Proof | None = None,
) -> SignInRefusal | None:
    """Sign in again within a session, for what asks for it; None once it is proved.

    `proof` is what came of the password where it was tried beforehand; see `own_hash`.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    keys = (throttling.key_of_identifier(f"person:{sign_in.person_id}"),)
    until = throttling.closed_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    actor = actor_of(session, sign_in, now=now)
    found = proof or try_password(sign_in.person.password_hash, password, hasher=hasher)
    if not settles(sign_in.person, found):
        throttling.store_failure(session, keys, now=now)
        transitions.record(session, sign_in, "refuse_prove", actor=actor, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.forget(session, keys[0])
    sign_in.proved_at = now
    transitions.record(session, sign_in, "prove", actor=actor, now=now)
    return None


def set_password(
    session: Session,
    *,
    person: Person,
    password: str,
    now: datetime,
    hasher: Hasher = HASHER,
    city_words: Collection[str] = (),
    made: str | None = None,
) -> None:
    """Give a person a password; raises `BadPassword`. Every session begun by another ends.

    `made` is its hash, where that was made before the transaction was opened.
    """
    check_password(password, person, city_words=city_words)
    keep(person, password, hasher=hasher, made=made)
    end_all(session, person_id=person.id, now=now)


def choose_language(session: Session, *, person_id: int, language: str) -> None:
    """Keep the language in which the person is written to: mr, en or hi."""
    if language not in LANGUAGES:
        raise ValueError(language)
    session.get_one(Person, person_id).language = language
