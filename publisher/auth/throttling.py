"""Throttle password guessing, by account and by network address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from publisher.models.people import SignInAttempt

WINDOW: Final = timedelta(minutes=15)
MOST_PER_IDENTIFIER: Final = 5
MOST_PER_ADDRESS: Final = 30


def key_of_identifier(identifier: str) -> str:
    """Return the key of an account, whether it exists or not, without the login itself."""
    return f"who:{hashlib.sha256(identifier.encode()).hexdigest()}"


def key_of_address(address: str) -> str:
    """Return the key of a network address."""
    return f"at:{hashlib.sha256(address.encode()).hexdigest()}"


def throttled_until(session: Session, keys: Iterable[str], *, now: datetime) -> datetime | None:
    """Return when attempts under these keys are accepted again; None if they are accepted now."""
    ends = [end for key in keys if (end := _throttled_until(session, key, now)) is not None]
    return max(ends, default=None)


def _throttled_until(session: Session, key: str, now: datetime) -> datetime | None:
    limit = MOST_PER_ADDRESS if key.startswith("at:") else MOST_PER_IDENTIFIER
    latest = (
        select(SignInAttempt.at)
        .where(SignInAttempt.key == key, SignInAttempt.at > now - WINDOW)
        .order_by(SignInAttempt.at.desc())
        .limit(limit)
    )
    failures = list(session.scalars(latest))
    return failures[-1] + WINDOW if len(failures) == limit else None


def store_failure(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    """Count a failed attempt, and delete those outside the window."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - WINDOW))
    session.add_all(SignInAttempt(key=key, at=now) for key in keys)
    session.flush()


def reset(session: Session, key: str) -> None:
    """Reset the count of a key after a success."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.key == key))
