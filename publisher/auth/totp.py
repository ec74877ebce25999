"""Time-based one-time passwords (TOTP): an app on the phone shows a new code every 30 seconds."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import pyotp
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from publisher.database.session import execute_and_count
from publisher.models.people import Person
from publisher.models.second_factors import FactorKind, SecondFactor

DIGITS: Final = 6
_SECONDS = 30
_BEGUN_LASTS = timedelta(hours=1)
#: The code before and the one after are accepted too: clocks differ, and typing takes time.
_STEPS = (0, -1, 1)


class Sealer(Protocol):
    """Encrypts the secrets that the database holds, and makes keyed digests."""

    def seal(self, values: Mapping[str, str]) -> str:
        """Return the values encrypted."""

    def open(self, sealed: str) -> dict[str, str]:
        """Return the decrypted values."""

    def digest(self, text: str) -> str:
        """Return the keyed digest of a text."""


def make(session: Session, *, person: Person, sealer: Sealer, now: datetime) -> SecondFactor:
    """Make a secret for the person's app; it is asked for once it has been confirmed."""
    _end(session, person.id, is_confirmed=False, now=now)
    factor = SecondFactor(
        person_id=person.id,
        kind=FactorKind.TOTP,
        sealed=sealer.seal({"secret": pyotp.random_base32()}),
        begun_at=now,
    )
    session.add(factor)
    session.flush()
    return factor


def confirm(session: Session, *, factor: SecondFactor, now: datetime) -> None:
    """Activate the secret whose code the person has typed, and end the earlier one."""
    _end(session, factor.person_id, is_confirmed=True, now=now)
    factor.confirmed_at = now
    session.flush()


def end(session: Session, *, person_id: int, now: datetime) -> None:
    """End every secret of the person."""
    for is_confirmed in (True, False):
        _end(session, person_id, is_confirmed=is_confirmed, now=now)


def _end(session: Session, person_id: int, *, is_confirmed: bool, now: datetime) -> None:
    for factor in _factors(session, person_id, is_confirmed=is_confirmed):
        factor.ended_at, factor.sealed = now, ""
    session.flush()


def find_factor(session: Session, *, person_id: int) -> SecondFactor | None:
    """Return the person's TOTP factor; None if there is none."""
    return next(iter(_factors(session, person_id, is_confirmed=True)), None)


def pending_factor(session: Session, *, person_id: int, now: datetime) -> SecondFactor | None:
    """Return the factor whose first code the person has yet to type; None after an hour."""
    factors = _factors(session, person_id, is_confirmed=False)
    return next((factor for factor in factors if now - factor.begun_at < _BEGUN_LASTS), None)


def _factors(session: Session, person_id: int, *, is_confirmed: bool) -> list[SecondFactor]:
    confirmed_at = SecondFactor.confirmed_at
    query = select(SecondFactor).where(
        SecondFactor.person_id == person_id,
        SecondFactor.ended_at.is_(None),
        confirmed_at.is_not(None) if is_confirmed else confirmed_at.is_(None),
    )
    return list(session.scalars(query.order_by(SecondFactor.id)))


def open_secret(factor: SecondFactor, sealer: Sealer) -> str:
    """Return the secret in Base32, as an app wants it typed."""
    return sealer.open(factor.sealed)["secret"]


def otpauth_address(factor: SecondFactor, sealer: Sealer, *, login: str, issuer: str) -> str:
    """Return the otpauth:// address that a QR code for the app contains."""
    totp = pyotp.TOTP(open_secret(factor, sealer))
    return totp.provisioning_uri(name=login, issuer_name=issuer)


def use(
    session: Session, *, factor: SecondFactor, digits: str, sealer: Sealer, now: datetime
) -> bool:
    """Return True if this is a current code, and newer than the last one accepted."""
    totp, present = pyotp.TOTP(open_secret(factor, sealer)), int(now.timestamp()) // _SECONDS
    steps = [present + step for step in _STEPS]
    matching = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), digits)]
    if not matching:
        return False
    unused = (
        update(SecondFactor)
        .where(
            SecondFactor.id == factor.id,
            SecondFactor.ended_at.is_(None),
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < matching[0]),
        )
        .values(last_step=matching[0])
    )
    return execute_and_count(session, unused) == 1
