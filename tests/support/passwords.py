"""Passwords of people in tests, hashed as cheaply as Argon2 allows."""

from __future__ import annotations

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from publisher.auth import sign_in
from publisher.models.people import Person
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
    sign_in.set_password(session, person=person, password=password, now=NOON, hasher=HASHER)
    return person


def give_password(city: City, name: str, password: str) -> None:
    """Set the password of a person of the city."""
    with city.write() as session:
        person = session.get_one(Person, city.people[name])
        sign_in.set_password(session, person=person, password=password, now=city.now, hasher=HASHER)


def session_token(city: City, name: str, password: str) -> str:
    """Sign a person of the city in with this password, and return the session's token."""
    with city.write() as session:
        signed_in = sign_in.sign_in(
            session,
            identifier=f"{name.replace('_', '-')}@pmc.example",
            password=password,
            address="127.0.0.1",
            device=f"browser of {name}",
            now=city.now,
            hasher=HASHER,
        )
        assert isinstance(signed_in, sign_in.SignedIn), signed_in
        return signed_in.token
