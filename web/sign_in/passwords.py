"""Passwords at the counter: tried and made into a hash before a transaction is opened."""

from __future__ import annotations

from typing import Protocol

from wtforms import Field

from publisher.auth import passwords, sign_in
from publisher.auth.passwords import BadPassword, Proof
from publisher.models.people import Person
from web.core.auth import acting
from web.core.context import ctx
from web.messages.sign_in import password_sentence


class WithNewPassword(Protocol):
    """A form in which somebody chooses a password."""

    new_password: Field

    def validate(self) -> bool:
        """Whether its fields are filled in."""


def city_words() -> tuple[str, ...]:
    """What is too easily guessed in this city."""
    city = ctx.settings.city
    return city.name_en, city.code


def new_hash(form: WithNewPassword, person: Person) -> str | None:
    """The hash of the password chosen in a form, or None, with the reason beside its field."""
    if not form.validate():
        return None
    password = str(form.new_password.data or "")
    try:
        passwords.check_password(password, person, city_words=city_words())
    except BadPassword as problem:
        form.new_password.errors = [password_sentence(problem)]
        return None
    return passwords.hashed(password)


def own_proof(password: str) -> Proof:
    """What comes of the password of whoever is at the counter."""
    person_id = acting().actor.person_id or 0
    with ctx.database.reading() as reading:
        kept = sign_in.own_hash(reading, person_id=person_id, now=ctx.now())
    return kept.proof(password)
