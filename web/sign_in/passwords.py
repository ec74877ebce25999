"""Checks and hashes passwords of forms; hashing is slow, so no transaction is open then."""

from __future__ import annotations

from wtforms import PasswordField
from wtforms.validators import InputRequired

from publisher.auth import passwords, sign_in
from publisher.auth.passwords import BadPassword, NewPassword, Proof
from publisher.models.people import Person
from web.core.auth import acting
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.i18n import _l
from web.forms import Form
from web.messages.sign_in import password_sentence


class NewPasswordForm(Form):
    """The new password."""

    new_password = PasswordField(
        _l("New password"), validators=[InputRequired(_l("Choose a password."))]
    )


def read_new_password(form: NewPasswordForm, person: Person) -> NewPassword:
    """Return the form's new password for this person; raises `Invalid` if a field is wrong."""
    form.require_valid()
    password, city = form.new_password.data or "", ctx.settings.city
    city_words = (city.name_en, city.name_mr, city.code)
    try:
        passwords.check_password(password, person, city_words=city_words)
    except BadPassword as problem:
        raise form.error("new_password", password_sentence(problem)) from problem
    return NewPassword(password, passwords.hash_password(password, hasher=ctx.hasher), city_words)


def own_proof(password: str) -> Proof:
    """Check the password against the signed-in person's hash."""
    person_id = acting().actor.person_id or 0
    with reading() as database_session:
        stored_hash = sign_in.own_hash(database_session, person_id=person_id, now=ctx.now())
    end_reading()  # checking a hash is slow
    return stored_hash.proof(password, hasher=ctx.hasher)
