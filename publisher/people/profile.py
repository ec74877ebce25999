"""A person's own profile: language, notification preferences, and the password."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import known_devices, one_time_links
from publisher.auth.passwords import NewPassword, Proof, check_password
from publisher.auth.refusals import SignInRefusal
from publisher.auth.sessions import end_others
from publisher.auth.sign_in import choose_language, prove
from publisher.i18n.languages import LANGUAGES
from publisher.models.people import NoticeGroup, Person, SignIn, Telling
from publisher.notifications import preferences
from publisher.people.password_reset import announce_new_password


@dataclass(frozen=True)
class Profile:
    """The fields of the person's own profile."""

    language: str
    tellings: Mapping[NoticeGroup, Telling]
    uses_keys: bool = True


def save(
    session: Session,
    *,
    actor: Actor,
    person_id: int,
    profile: Profile,
    now: datetime,
    languages: Container[str] = LANGUAGES,
) -> None:
    """Store the profile; names and designation are changed by others (`name_changes`).

    Raises ValueError if its language is not one of `languages`.
    """
    person = session.get_one(Person, person_id)
    choose_language(session, person_id=person_id, language=profile.language, languages=languages)
    person.keys_off_at = None if profile.uses_keys else person.keys_off_at or now
    preferences.choose(session, actor=actor, person=person, preferences=profile.tellings, now=now)


def change_password(
    session: Session,
    *,
    sign_in_id: int,
    proof: Proof,
    new: NewPassword,
    ends_others: bool,
    now: datetime,
) -> SignInRefusal | None:
    """Change the password, given the old one, and end the other sessions if `ends_others`.

    The person's known devices and private calendar link end too. A refusal is returned and not
    raised, as the failed attempt has to be committed. `proof` of the old password is made
    before the transaction is opened. Raises `BadPassword`.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    refusal = prove(session, sign_in_id=sign_in_id, proof=proof, now=now)
    if refusal is not None:
        return refusal
    check_password(new.text, sign_in.person, city_words=new.city_words)
    sign_in.person.password_hash = new.password_hash
    actor = Actor(ActorKind.PERSON, sign_in.person_id, sign_in.appointment_id)
    transitions.record(session, sign_in.person, "change_password", actor=actor, now=now)
    one_time_links.end_for_password(session, person=sign_in.person, now=now)
    known_devices.end_all(session, person_id=sign_in.person_id, now=now)
    if ends_others:
        end_others(session, sign_in_id=sign_in_id, now=now)
    announce_new_password(session, sign_in.person, actor=actor, now=now)
    return None
