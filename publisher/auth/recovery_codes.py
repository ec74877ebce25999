"""Recovery codes: ten codes on paper, each of which replaces a lost second factor once."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from publisher.auth.totp import Sealer
from publisher.database.session import execute_and_count
from publisher.models.second_factors import RecoveryCode

NUMBER: Final = 10
DIGITS: Final = 12


def make(session: Session, *, person_id: int, sealer: Sealer, now: datetime) -> list[str]:
    """Make ten new codes in place of the earlier ones; return them, once."""
    end(session, person_id=person_id)
    codes = ["".join(secrets.choice(string.digits) for _ in range(DIGITS)) for _ in range(NUMBER)]
    session.add_all(
        RecoveryCode(person_id=person_id, digest=_digest(person_id, code, sealer), made_at=now)
        for code in codes
    )
    session.flush()
    return codes


def end(session: Session, *, person_id: int) -> None:
    """End every code of the person."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def number_left(session: Session, *, person_id: int) -> int:
    """Return how many codes the person has not used."""
    query = select(func.count()).where(
        RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(query) or 0


def use(session: Session, *, person_id: int, digits: str, sealer: Sealer, now: datetime) -> bool:
    """Use up the code; return False if the person has no such code, or has used it."""
    unused = (
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.digest == _digest(person_id, digits, sealer),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return execute_and_count(session, unused) == 1


def _digest(person_id: int, code: str, sealer: Sealer) -> str:
    return sealer.digest(f"recovery code {person_id} {code}")
