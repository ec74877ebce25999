"""Sign in by password, and prove one's identity again within a session."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from approvals.second_factor import FactorRule
from publisher import transitions
from publisher.auth import (
    known_devices,
    refusals,
    sign_in_codes,
    throttling,
)
from publisher.auth.contact_details import normal_identifier
from publisher.auth.known_devices import Visitor
from publisher.auth.offices import take_up
from publisher.auth.passwords import (
    HASHER,
    Hasher,
    NewPassword,
    Proof,
    accept_proof,
    check_password,
    try_password,
)
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import (
    FactorRequest,
    SignedIn,
    SignInMethod,
    enter,
    may_enter,
)
from publisher.auth.sessions import end_all, session_actor
from publisher.auth.sign_in_codes import CodeRequest
from publisher.i18n.languages import LANGUAGES
from publisher.models.departments import DepartmentAddress
from publisher.models.people import Person, SignIn

NOBODY_NEEDS_ONE: Final = FactorRule()


@dataclass(frozen=True)
class _Attempt:
    """A sign-in attempt: the person, if there is one, and the keys that a failure counts under.

    `busy_until` is the end of throttling. `wait` is set if the device is unknown and has to wait
    and type a code.
    """

    person: Person | None
    keys: tuple[str, ...]
    busy_until: datetime | None = None
    wait: timedelta | None = None


def _attempt(session: Session, identifier: str, visitor: Visitor, now: datetime) -> _Attempt:
    identifier_key = normal_identifier(identifier)
    person = find_person(session, identifier_key)
    known_device = known_devices.find(session, token=visitor.device_token, person=person, now=now)
    if known_device is not None:
        device_key = throttling.key_of_identifier(f"device {known_device.id}")
        # After too many failures it counts as unknown: it may have been stolen.
        if throttling.next_attempt_at(session, [device_key], now=now) is None:
            return _Attempt(person, (device_key,))
    keys = (
        throttling.key_of_identifier(identifier_key),
        throttling.key_of_address(throttling.address_network(visitor.address)),
    )
    return _Attempt(
        person,
        keys,
        busy_until=throttling.next_verification_at(session, keys[1], now=now),
        wait=throttling.sign_in_wait(session, *keys, now=now),
    )


def sign_in(
    session: Session,
    *,
    identifier: str,
    proof: Proof,
    visitor: Visitor,
    now: datetime,
    rule: FactorRule = NOBODY_NEEDS_ONE,
) -> SignedIn | CodeRequest | FactorRequest | SignInRefusal:
    """Sign a person in by mail address or mobile number, in any usual spelling, and password.

    A known device has its own counter, so a stranger's failures do not affect it. After many
    failures of the account or the network address, any other device gets a `CodeRequest`, whatever
    was typed. A person with a second factor gets a `FactorRequest`. A refusal is returned and not
    raised, as the failed attempt has to be committed. Time and message are the same whether the
    account exists or not. `proof` is the password as it was verified before the transaction was
    opened; see `hash_to_try`.
    """
    attempt = _attempt(session, identifier, visitor, now)
    person = attempt.person
    if attempt.busy_until is not None:
        return SignInRefusal(SignInProblem.BUSY, attempt.busy_until)
    is_right = accept_proof(person, proof)
    if attempt.wait is not None:
        code_request = sign_in_codes.ask(wait=attempt.wait, now=now)
        if person is not None and is_right and may_enter(session, person, now):
            throttling.store_failure(session, attempt.keys[1:], now=now)
            sign_in_codes.send(session, person=person, code_request=code_request, now=now)
        else:
            _store_failure(session, attempt, visitor, now)
        return code_request
    if person is None or not is_right:
        _store_failure(session, attempt, visitor, now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.reset(session, attempt.keys[0])
    return enter(session, person, visitor, SignInMethod.PASSWORD, rule=rule, now=now)


def confirm_code(
    session: Session,
    *,
    identifier: str,
    code_request: CodeRequest,
    code: str,
    visitor: Visitor,
    now: datetime,
    rule: FactorRule = NOBODY_NEEDS_ONE,
) -> SignedIn | FactorRequest | SignInRefusal:
    """Sign in the person who got `CodeRequest` and typed the code that was sent.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    if now < code_request.not_before:
        return SignInRefusal(SignInProblem.TOO_EARLY, code_request.not_before)
    until = sign_in_codes.next_try_at(session, code_request, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    owner = find_person(session, normal_identifier(identifier))
    person = sign_in_codes.use(session, person=owner, code_request=code_request, code=code, now=now)
    if person is None:
        return SignInRefusal(SignInProblem.WRONG_CODE)
    return enter(session, person, visitor, SignInMethod.CODE, rule=rule, now=now)


def _store_failure(session: Session, attempt: _Attempt, visitor: Visitor, now: datetime) -> None:
    throttling.store_failure(session, attempt.keys, now=now)
    number = throttling.number_of_failures(session, attempt.keys[0], now=now)
    refusals.record(
        session,
        SignInProblem.WRONG,
        attempt.person,
        visitor,
        is_wave=number >= throttling.MOST_PER_IDENTIFIER,
        now=now,
    )


@dataclass(frozen=True)
class StoredPassword:
    """The hash to verify a typed password against; `is_throttled` while attempts are throttled."""

    password_hash: str | None
    is_throttled: bool

    def proof(self, password: str, *, hasher: Hasher = HASHER) -> Proof:
        """Verify the password; while throttled, return a failure without verifying."""
        if self.is_throttled:
            return Proof(self.password_hash, is_right=False)
        return try_password(self.password_hash, password, hasher=hasher)


def hash_to_try(
    session: Session, *, identifier: str, visitor: Visitor, now: datetime
) -> StoredPassword:
    """Return the hash that a sign-in is verified against, read before its transaction is opened."""
    attempt = _attempt(session, identifier, visitor, now)
    person = attempt.person
    password_hash = person.password_hash if person is not None else None
    return StoredPassword(password_hash, attempt.busy_until is not None)


def own_hash(session: Session, *, person_id: int, now: datetime) -> StoredPassword:
    """Return the hash of a person who proves their identity within a session."""
    keys = (throttling.key_of_identifier(f"person:{person_id}"),)
    is_throttled = throttling.next_attempt_at(session, keys, now=now) is not None
    return StoredPassword(session.get_one(Person, person_id).password_hash, is_throttled)


def find_person(session: Session, identifier_key: str) -> Person | None:
    """Return the person with this mail address or mobile number; None if there is none.

    A department's shared address is nobody's, even if a person was recorded with it meanwhile.
    """
    column = Person.mail if "@" in identifier_key else Person.mobile
    is_shared = exists().where(DepartmentAddress.mail == identifier_key)
    query = select(Person).where(column == identifier_key, ~is_shared)
    return session.scalars(query).one_or_none()


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
    until = throttling.next_attempt_at(session, keys, now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    actor = session_actor(session, sign_in, now=now)
    if not accept_proof(sign_in.person, proof):
        throttling.store_failure(session, keys, now=now)
        transitions.record(session, sign_in, "refuse_prove", actor=actor, now=now)
        return SignInRefusal(SignInProblem.WRONG)
    throttling.reset(session, keys[0])
    sign_in.proved_at = now
    transitions.record(session, sign_in, "prove", actor=actor, now=now)
    return None


def set_password(session: Session, *, person: Person, password: NewPassword, now: datetime) -> None:
    """Set a person's password, and end their sessions and known devices. Raises `BadPassword`."""
    check_password(password.text, person, city_words=password.city_words)
    person.password_hash = password.password_hash
    take_up(session, person, now=now)
    end_all(session, person_id=person.id, now=now)
    known_devices.end_all(session, person_id=person.id, now=now)


def choose_language(
    session: Session,
    *,
    person_id: int,
    language: str,
    languages: Container[str] = LANGUAGES,
) -> None:
    """Store the language of mails to the person. Raises ValueError if it is not in `languages`."""
    if language not in languages:
        raise ValueError(language)
    session.get_one(Person, person_id).language = language
