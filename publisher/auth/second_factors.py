"""Set up a person's second factor, ask for it at sign-in, and end it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from approvals.errors import FreshSignInRequired
from approvals.policy import Actor, ActorKind, is_fresh, require_fresh_factor
from publisher import transitions
from publisher.auth import (
    factor_proof,
    known_devices,
    one_time_links,
    passkeys,
    recovery_codes,
    sign_in_codes,
    throttling,
    totp,
)
from publisher.auth.one_time_links import LinkPurpose, LinkSubject, extract_digits
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.sign_in_codes import CodeRequest
from publisher.auth.totp import Sealer
from publisher.models.people import KnownDevice, Person, SignIn
from publisher.models.second_factors import SecondFactor
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import SECOND_FACTOR

ASKED_EVERY: Final = timedelta(hours=12)
"""How long a known device is not asked again."""

REQUEST_LASTS: Final = timedelta(minutes=10)


def has_any(session: Session, *, person_id: int) -> bool:
    """Return True if the person has an app or a passkey."""
    has_app = totp.find_factor(session, person_id=person_id) is not None
    return has_app or bool(passkeys.list_passkeys(session, person_id=person_id))


def is_last(session: Session, *, person_id: int) -> bool:
    """Return True if the person has no app, and one passkey at most."""
    has_app = totp.find_factor(session, person_id=person_id) is not None
    return not has_app and len(passkeys.list_passkeys(session, person_id=person_id)) <= 1


def is_asked(
    session: Session,
    person: Person,
    known_device: KnownDevice | None,
    *,
    by_sms: bool,
    now: datetime,
) -> bool:
    """Return True if a sign-in of this person on this device needs the second factor now.

    `by_sms`: without an app or a passkey a code by SMS is needed.
    """
    if not by_sms and not has_any(session, person_id=person.id):
        return False
    proved_at = known_device.factor_at if known_device is not None else None
    return proved_at is None or now - proved_at >= ASKED_EVERY


def request(session: Session, person: Person, *, by_sms: bool, now: datetime) -> tuple[str, bool]:
    """Return the token of a sign-in with a right password, and whether a code was sent by SMS."""
    link_subject = LinkSubject.of(person, LinkPurpose.SECOND_FACTOR)
    token = one_time_links.make(session, link_subject, to="", now=now, lasts=REQUEST_LASTS)
    is_sent = by_sms and not has_any(session, person_id=person.id)
    if is_sent:
        sign_in_codes.send(
            session,
            person=person,
            code_request=CodeRequest(token, now),
            to=person.sure_mobile or "",
            now=now,
        )
    return token, is_sent


def throttling_key(person: Person, known_device: KnownDevice | None) -> str:
    """Return the key that wrong codes count under; a known device has its own."""
    owner = f"device {known_device.id}" if known_device is not None else f"person {person.id}"
    return throttling.key_of_identifier(f"factor of {owner}")


def accept(
    session: Session,
    *,
    person: Person,
    code: str,
    sealer: Sealer,
    key: str,
    now: datetime,
    token: str = "",
) -> SignInRefusal | None:
    """Accept a code from the app, a recovery code, or, without a factor, the code sent by SMS.

    `token` is that of the sign-in for which a code was sent. Returns None, or the refusal.
    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    until = throttling.next_attempt_at(session, [key], now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    digits, factor = extract_digits(code), totp.find_factor(session, person_id=person.id)
    if token and not has_any(session, person_id=person.id):
        owner = sign_in_codes.use(
            session, person=person, code_request=CodeRequest(token, now), code=digits, now=now
        )
        is_right = owner is not None
    elif factor is not None and len(digits) == totp.DIGITS:
        is_right = totp.use(session, factor=factor, digits=digits, sealer=sealer, now=now)
    else:
        is_right = _use_recovery_code(session, person, digits, sealer, now)
    if not is_right:
        throttling.store_failure(session, [key], now=now)
        return SignInRefusal(SignInProblem.WRONG_FACTOR)
    throttling.reset(session, key)
    return None


def use_duty_code(
    session: Session, *, person: Person, code: str, key: str, now: datetime
) -> int | None:
    """Use up a code that was read out to the person on duty; return who made it, or None."""
    if throttling.next_attempt_at(session, [key], now=now) is not None:
        return None
    link = one_time_links.find_code(
        session, code=code, purpose=LinkPurpose.DUTY, person_id=person.id, now=now
    )
    if link is None:
        return None
    one_time_links.use(session, link=link, now=now)
    actor = Actor(ActorKind.PERSON, person.id)
    values = {"vouched_by": link.subject_id}
    transitions.record(session, person, "use_duty_code", actor=actor, now=now, values=values)
    return link.subject_id


def accept_vouching_code(
    session: Session, *, sign_in_id: int, code: str, now: datetime
) -> SignInRefusal | None:
    """Accept a code that was read out, in the session of somebody without a second factor.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    key = throttling.key_of_identifier(f"duty code of {sign_in.person_id}")
    until = throttling.next_attempt_at(session, [key], now=now)
    if until is not None:
        return SignInRefusal(SignInProblem.THROTTLED, until)
    helper_id = use_duty_code(session, person=sign_in.person, code=code, key=key, now=now)
    if helper_id is None:
        throttling.store_failure(session, [key], now=now)
        return SignInRefusal(SignInProblem.WRONG_FACTOR)
    sign_in.vouched_by_id, sign_in.vouched_at = helper_id, now
    return None


def _use_recovery_code(
    session: Session, person: Person, digits: str, sealer: Sealer, now: datetime
) -> bool:
    if not recovery_codes.use(session, person_id=person.id, digits=digits, sealer=sealer, now=now):
        return False
    actor = Actor(ActorKind.PERSON, person.id)
    transitions.record(session, person, "use_recovery_code", actor=actor, now=now)
    notify_person(session, person, "recovery_code", now=now)
    return True


def require_fresh(actor: Actor, *, now: datetime) -> None:
    """Raise `FreshSignInRequired` unless the actor has just signed in, with the factor if any."""
    require_fresh_factor(actor, now=now)
    if not is_fresh(actor, now=now):
        raise FreshSignInRequired


def lacks_proof(session: Session, person: Person) -> bool:
    """Return True if the person has no factor, and needs more than the password to set one up."""
    return not has_any(session, person_id=person.id) and factor_proof.is_missing(session, person)


def require_proof(session: Session, person: Person) -> None:
    """Raise `FactorNotProven` if the person's first factor needs more than the password."""
    if lacks_proof(session, person):
        raise factor_proof.FactorNotProven


def make_app(
    session: Session, *, actor: Actor, person: Person, sealer: Sealer, now: datetime
) -> SecondFactor:
    """Make a secret for the person's app. Raises `FreshSignInRequired` or `FactorNotProven`."""
    require_fresh(actor, now=now)
    require_proof(session, person)
    return totp.make(session, person=person, sealer=sealer, now=now)


def prove(
    session: Session, *, sign_in_id: int, code: str, sealer: Sealer, now: datetime
) -> SignInRefusal | None:
    """Accept a code within a session; return None, or the refusal.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    key = throttling.key_of_identifier(f"factor in session of {sign_in.person_id}")
    refusal = accept(session, person=sign_in.person, code=code, sealer=sealer, key=key, now=now)
    if refusal is None:
        sign_in.factor_at = now
    return refusal


def confirm(
    session: Session, *, actor: Actor, sign_in_id: int, code: str, sealer: Sealer, now: datetime
) -> list[str] | SignInRefusal:
    """Activate the app that the person has set up, if this is its code.

    Returns new recovery codes, once; the earlier codes, the earlier app and known devices end.
    Returns a refusal if the code is wrong or too late. Raises `FactorNotProven`.
    """
    sign_in = session.get_one(SignIn, sign_in_id)
    require_proof(session, sign_in.person)
    factor = totp.pending_factor(session, person_id=sign_in.person_id, now=now)
    if factor is None:
        return SignInRefusal(SignInProblem.TOO_LATE)
    # Wrong codes are not counted: this session was shown the secret, so there is nothing to guess.
    if not totp.use(session, factor=factor, digits=extract_digits(code), sealer=sealer, now=now):
        return SignInRefusal(SignInProblem.WRONG_FACTOR)
    totp.confirm(session, factor=factor, now=now)
    sign_in.factor_at = now
    known_devices.end_all(session, person_id=sign_in.person_id, now=now)
    transitions.record(session, sign_in.person, "add_factor", actor=actor, now=now)
    notify_person(session, sign_in.person, "second_factor", now=now)
    return recovery_codes.make(session, person_id=sign_in.person_id, sealer=sealer, now=now)


def renew_recovery_codes(
    session: Session, *, actor: Actor, person: Person, sealer: Sealer, now: datetime
) -> list[str]:
    """Make new recovery codes; return them, once. Raises `FreshSignInRequired`."""
    require_fresh(actor, now=now)
    transitions.record(session, person, "make_recovery_codes", actor=actor, now=now)
    return recovery_codes.make(session, person_id=person.id, sealer=sealer, now=now)


def end_own(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """End one's own second factor, as `end` does. Raises `FreshSignInRequired`."""
    require_fresh(actor, now=now)
    end(session, actor=actor, person=person, now=now)


def end(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """End the person's app, passkeys, recovery codes and known devices, and notify the person."""
    totp.end(session, person_id=person.id, now=now)
    passkeys.end(session, passkeys=passkeys.list_passkeys(session, person_id=person.id), now=now)
    recovery_codes.end(session, person_id=person.id)
    known_devices.end_all(session, person_id=person.id, now=now)
    transitions.record(session, person, "end_factor", actor=actor, now=now)
    notify_person(session, person, "second_factor_ended", now=now)


def notify_person(session: Session, person: Person, changed: str, *, now: datetime) -> None:
    """Notify the person of what has changed."""
    compose.queue(
        session,
        kind=NoticeKind.ACCESS_CHANGED,
        person=person,
        values={"changed": changed, "at": now},
        now=now,
        path=SECOND_FACTOR,
    )
