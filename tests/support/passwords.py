"""Passwords of people in tests, hashed as cheaply as Argon2 allows."""

from __future__ import annotations

from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from publisher.auth import sign_in
from publisher.auth.known_devices import Visitor
from publisher.auth.passwords import Hasher, NewPassword, hash_password
from publisher.auth.refusals import SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn
from publisher.auth.sign_in_codes import CodeRequest
from publisher.models.people import Person, SignIn
from tests.support.city import City
from tests.support.city_people import NOON

PASSWORD = "nadi-kinari-savli"


class CheapHasher:
    """Hashes with Argon2id at its cheapest, and counts the verifications."""

    def __init__(self) -> None:
        self.argon2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def hash(self, password: str) -> str:
        return self.argon2.hash(password)

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002  argon2's own name
        self.verified += 1
        return self.argon2.verify(hash, password)

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002  argon2's own name
        return self.argon2.check_needs_rehash(hash)


HASHER = CheapHasher()


def with_password(session: Session, person: Person, password: str = PASSWORD) -> Person:
    """Set this person's password, and return the person."""
    set_password(session, person, password, now=NOON)
    return person


def set_password(session: Session, person: Person, password: str, *, now: datetime) -> None:
    """Set this person's password, whose hash is cheap."""
    new = NewPassword(password, hash_password(password, hasher=HASHER))
    sign_in.set_password(session, person=person, password=new, now=now)


def signed_in_as(
    session: Session,
    identifier: str,
    password: str = PASSWORD,
    *,
    address: str = "203.0.113.7",
    device: str = "Firefox",
    device_token: str = "",
    is_shared: bool = False,
    now: datetime = NOON,
    hasher: Hasher = HASHER,
) -> SignedIn | CodeRequest | FactorRequest | SignInRefusal:
    """Verify this password, and then sign in by it, be asked for a code, or be refused."""
    visitor = Visitor(address, device, device_token, is_shared)
    stored = sign_in.hash_to_try(session, identifier=identifier, visitor=visitor, now=now)
    proof = stored.proof(password, hasher=hasher)
    return sign_in.sign_in(session, identifier=identifier, proof=proof, visitor=visitor, now=now)


def prove(
    session: Session, sign_in_id: int, password: str, *, now: datetime
) -> SignInRefusal | None:
    """Verify this password, and then prove oneself by it within a session, or be refused."""
    person_id = session.get_one(SignIn, sign_in_id).person_id
    stored = sign_in.own_hash(session, person_id=person_id, now=now)
    proof = stored.proof(password, hasher=HASHER)
    return sign_in.prove(session, sign_in_id=sign_in_id, proof=proof, now=now)


def give_password(city: City, name: str, password: str) -> None:
    """Set the password of a person of the city."""
    with city.write() as session:
        person = session.get_one(Person, city.people[name])
        set_password(session, person, password, now=city.now)


def session_token(city: City, name: str, password: str) -> str:
    """Sign a person of the city in with this password, and return the session's token."""
    with city.write() as session:
        signed_in = signed_in_as(
            session,
            f"{name.replace('_', '-')}@pmc.example",
            password,
            address="127.0.0.1",
            device=f"browser of {name}",
            now=city.now,
        )
        assert isinstance(signed_in, SignedIn), signed_in
        return signed_in.token
