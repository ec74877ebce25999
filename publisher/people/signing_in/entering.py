"""Signing in, and proving oneself again, by password."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import moving
from publisher.models.people import Person, SignIn
from publisher.notices.wording import LANGUAGES
from publisher.people.contacts import read_identifier
from publisher.people.links import digest_of
from publisher.people.signing_in import throttling
from publisher.people.signing_in.passwords import HASHER, Hasher, check_password, is_right, keep
from publisher.people.signing_in.sessions import actor_of, chosen_appointment, end_all


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
) -> SignedIn | SignInRefusal:
    """Sign somebody in by mail address or mobile number, in any usual spelling, and password.

    A refusal is a result and no error: the failed try has to be committed. It costs the same
    work and says the same whether the account exists or not.
    """
    who = read_identifier(identifier) or identifier.strip().lower()
    keys = (throttling.key_of_identifier(who), throttling.key_of_address(address))
    until = throttling.closed_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    person = _person_of(session, who)
    if not is_right(person, password, hasher=hasher) or person is None:
        throttling.store_failure(session, keys, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.forget(session, keys[0])
    return _enter(session, person, address=address, device=device, now=now)


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
    moving.record(session, entered, "sign_in", actor=actor, now=now)
    return SignedIn(token, entered)


def prove(
    session: Session, *, sign_in_id: int, password: str, now: datetime, hasher: Hasher = HASHER
) -> SignInRefusal | None:
    """Sign in again within a session, for what asks for it; None once it is proved."""
    sign_in = session.get_one(SignIn, sign_in_id)
    keys = (throttling.key_of_identifier(f"person:{sign_in.person_id}"),)
    until = throttling.closed_until(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    if not is_right(sign_in.person, password, hasher=hasher):
        throttling.store_failure(session, keys, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.forget(session, keys[0])
    sign_in.proved_at = now
    actor = actor_of(session, sign_in, now=now)
    moving.record(session, sign_in, "prove", actor=actor, now=now)
    return None


def set_password(
    session: Session,
    *,
    person: Person,
    password: str,
    now: datetime,
    hasher: Hasher = HASHER,
    city_words: Collection[str] = (),
) -> None:
    """Give a person a password; raises `BadPassword`. Every session begun by another ends."""
    check_password(password, person, city_words=city_words)
    keep(person, password, hasher=hasher)
    end_all(session, person_id=person.id, now=now)


def choose_language(session: Session, *, person_id: int, language: str) -> None:
    """Keep the language in which the person is written to: mr, en or hi."""
    if language not in LANGUAGES:
        raise ValueError(language)
    session.get_one(Person, person_id).language = language
