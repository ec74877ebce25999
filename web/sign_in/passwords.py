"""Checks and hashes passwords of forms; hashing is slow, so no transaction is open then."""

from __future__ import annotations

from typing import Protocol

from wtforms import Field

from publisher.auth import passwords, sign_in
from publisher.auth.passwords import BadPassword, Proof
from publisher.models.people import Person
from web.core.auth import acting
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.messages.sign_in import password_sentence


class WithNewPassword(Protocol):
    """A form with a field for a new password."""

    new_password: Field

    def validate(self) -> bool:
        """Return True if the fields are valid."""


def city_words() -> tuple[str, ...]:
    """Return words of this city that are too easy to guess in a password."""
    city = ctx.settings.city
    return city.name_en, city.name_mr, city.code


def new_hash(form: WithNewPassword, person: Person) -> str | None:
    """Return the hash of a form's new password, or None after adding an error to the field."""
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
    """Check the password against the signed-in person's hash."""
    person_id = acting().actor.person_id or 0
    with reading() as database_session:
        stored_hash = sign_in.own_hash(database_session, person_id=person_id, now=ctx.now())
    end_reading()  # checking a hash is slow
    return stored_hash.proof(password)
