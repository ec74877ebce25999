"""Start a session, after the password and, if the person has one, the second factor."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from approvals.second_factor import FactorRule
from publisher import transitions
from publisher.auth import (
    known_devices,
    one_time_links,
    passkeys,
    refusals,
    second_factors,
    throttling,
)
from publisher.auth.known_devices import Visitor
from publisher.auth.one_time_links import LinkPurpose, hash_token
from publisher.auth.passkeys import PasskeyAnswer
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.sessions import choose_appointment, session_actor
from publisher.auth.totp import Sealer
from publisher.models.people import Appointment, Link, Person, SignIn
from publisher.states import AppointmentState
from publisher.working_time import local_day


class SignInMethod(StrEnum):
    """How the person of a session proved their identity."""

    PASSWORD = "password"  # noqa: S105  a method
    CODE = "code"


@dataclass(frozen=True)
class SignedIn:
    """A new session; `token` is put into the cookie and stored nowhere else.

    `device_token` goes into the device's cookie; it is empty on a shared computer.
    """

    token: str
    sign_in: SignIn
    device_token: str


@dataclass(frozen=True)
class FactorRequest:
    """A sign-in whose password was right, and that waits for the second factor.

    Only the browser that has the `token` may finish it; `method` is how it was proved so far.
    `by_sms`: the code was sent by SMS, as the person has neither app nor passkey.
    """

    token: str
    method: SignInMethod
    by_sms: bool = False


@dataclass(frozen=True)
class _Entry:
    """A session to begin; `proved_at` and `factor_at` are when both proofs were given.

    `vouched_by_id` is the person who read out a code in place of the second proof.
    """

    appointment: Appointment
    visitor: Visitor
    method: SignInMethod
    proved_at: datetime
    factor_at: datetime | None
    vouched_by_id: int | None = None


def confirm_factor(
    session: Session,
    *,
    factor_request: FactorRequest,
    code: str,
    sealer: Sealer,
    visitor: Visitor,
    now: datetime,
) -> SignedIn | SignInRefusal:
    """Sign in the person who got `FactorRequest` and typed a code of the second factor.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    link = waiting(session, factor_request=factor_request, now=now)
    if link is None:
        return SignInRefusal(SignInProblem.TOO_LATE)
    person = link.person
    known_device = known_devices.find(session, token=visitor.device_token, person=person, now=now)
    key = second_factors.throttling_key(person, known_device)
    vouched_by_id = second_factors.use_duty_code(
        session, person=person, code=code, key=key, now=now
    )
    refusal, token = None, factor_request.token
    if vouched_by_id is None:
        refusal = second_factors.accept(
            session, person=person, code=code, sealer=sealer, key=key, token=token, now=now
        )
    if refusal is not None:
        number = throttling.number_of_failures(session, key, now=now)
        is_wave = number >= throttling.MOST_PER_IDENTIFIER
        refusals.record(session, refusal.code, person, visitor, is_wave=is_wave, now=now)
        return refusal
    return _finish(session, link, factor_request.method, visitor, vouched_by_id, now)


def confirm_passkey(
    session: Session,
    *,
    factor_request: FactorRequest,
    answer: PasskeyAnswer,
    visitor: Visitor,
    now: datetime,
) -> SignedIn | SignInRefusal:
    """Sign in the person who got `FactorRequest` and used a passkey.

    A refusal is returned and not raised, as the challenge has to be used up.
    """
    link = waiting(session, factor_request=factor_request, now=now)
    if link is None:
        return SignInRefusal(SignInProblem.TOO_LATE)
    if not passkeys.use(session, subject=link, answer=answer, now=now):
        problem = SignInProblem.WRONG_PASSKEY
        refusals.record(session, problem, link.person, visitor, is_wave=False, now=now)
        return SignInRefusal(problem)
    return _finish(session, link, factor_request.method, visitor, None, now)


def waiting(session: Session, *, factor_request: FactorRequest, now: datetime) -> Link | None:
    """Return the sign-in that waits for its second factor; None if it is over."""
    purpose = LinkPurpose.SECOND_FACTOR
    return one_time_links.find(session, token=factor_request.token, purpose=purpose, now=now)


def _finish(
    session: Session,
    link: Link,
    method: SignInMethod,
    visitor: Visitor,
    vouched_by_id: int | None,
    now: datetime,
) -> SignedIn | SignInRefusal:
    one_time_links.use(session, link=link, now=now)
    appointment = _appointment_or_problem(session, link.person, now)
    if isinstance(appointment, SignInProblem):
        return SignInRefusal(appointment)
    factor_at = now if vouched_by_id is None else None
    entry = _Entry(appointment, visitor, method, link.made_at, factor_at, vouched_by_id)
    return _begin(session, entry, now=now)


def enter(
    session: Session,
    person: Person,
    visitor: Visitor,
    method: SignInMethod,
    *,
    rule: FactorRule,
    now: datetime,
) -> SignedIn | FactorRequest | SignInRefusal:
    """Begin a session, or ask for the second factor, after a right password or code."""
    appointment = _appointment_or_problem(session, person, now)
    if isinstance(appointment, SignInProblem):
        refusals.record(session, appointment, person, visitor, is_wave=False, now=now)
        return SignInRefusal(appointment)
    token = "" if visitor.is_shared else visitor.device_token  # others use that computer too
    known_device = known_devices.find(session, token=token, person=person, now=now)
    by_sms = rule.takes_sms(appointment.role, local_day(now)) and person.sure_mobile is not None
    if second_factors.is_asked(session, person, known_device, by_sms=by_sms, now=now):
        request_token, is_sent = second_factors.request(session, person, by_sms=by_sms, now=now)
        return FactorRequest(request_token, method, is_sent)
    factor_at = known_device.factor_at if known_device is not None else None
    return _begin(session, _Entry(appointment, visitor, method, now, factor_at), now=now)


def _begin(session: Session, entry: _Entry, *, now: datetime) -> SignedIn:
    token, person, visitor = secrets.token_urlsafe(32), entry.appointment.person, entry.visitor
    sign_in_row = SignIn(
        token_digest=hash_token(token),
        person=person,
        appointment=entry.appointment,
        signed_in_at=now,
        proved_at=entry.proved_at,
        seen_at=now,
        device=visitor.device[:200],
        address=visitor.address[:64],
        is_shared=visitor.is_shared,
        method=entry.method,
        factor_at=entry.factor_at,
        vouched_by_id=entry.vouched_by_id,
        vouched_at=now if entry.vouched_by_id is not None else None,
    )
    session.add(sign_in_row)
    session.flush()
    actor = session_actor(session, sign_in_row, now=now)
    transitions.record(session, sign_in_row, "sign_in", actor=actor, now=now)
    device_token = ""
    if not visitor.is_shared and entry.vouched_by_id is None:
        device_token = known_devices.remember(
            session, person=person, visitor=visitor, factor_at=entry.factor_at, now=now
        )
    return SignedIn(token, sign_in_row, device_token)


def may_enter(session: Session, person: Person, now: datetime) -> bool:
    """Return True if the person is not disabled and has an appointment in force."""
    return isinstance(_appointment_or_problem(session, person, now), Appointment)


def _appointment_or_problem(
    session: Session, person: Person, now: datetime
) -> Appointment | SignInProblem:
    if person.disabled_at is not None:
        return SignInProblem.DISABLED
    appointment = choose_appointment(session, person, now=now)
    if appointment is not None:
        return appointment
    waits = any(row.state is AppointmentState.RECORDED for row in person.appointments)
    return SignInProblem.WAITS if waits else SignInProblem.NO_APPOINTMENT
