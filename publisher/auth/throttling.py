"""Throttle password guessing, by account, known device and network address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from publisher.models.people import SignInAttempt

WINDOW: Final = timedelta(minutes=15)
MOST_PER_IDENTIFIER: Final = 5
MOST_PER_ADDRESS: Final = 30
#: How many passwords a minute are verified for an address that has reached its limit.
MOST_PER_MINUTE: Final = 10
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=1)
_MOST_ROWS: Final = 20


def key_of_identifier(identifier: str) -> str:
    """Return the key of an account, whether it exists or not, without the login itself."""
    return f"who:{hashlib.sha256(identifier.encode()).hexdigest()}"


def key_of_address(address: str) -> str:
    """Return the key of a network address."""
    return f"at:{hashlib.sha256(address.encode()).hexdigest()}"


def address_network(address: str) -> str:
    """Return the address, or the /64 of an IPv6 address: one line has all addresses in it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


def next_attempt_at(session: Session, keys: Iterable[str], *, now: datetime) -> datetime | None:
    """Return when attempts under these keys are accepted again; None if they are accepted now."""
    ends = [end for key in keys if (end := _throttle_end(session, key, now)) is not None]
    return max(ends, default=None)


def _throttle_end(session: Session, key: str, now: datetime) -> datetime | None:
    limit = MOST_PER_ADDRESS if key.startswith("at:") else MOST_PER_IDENTIFIER
    failures = _latest_failures(session, key, limit, now)
    return failures[-1] + WINDOW if len(failures) == limit else None


def _latest_failures(session: Session, key: str, limit: int, now: datetime) -> list[datetime]:
    latest = (
        select(SignInAttempt.at)
        .where(SignInAttempt.key == key, SignInAttempt.at > now - WINDOW)
        .order_by(SignInAttempt.at.desc())
        .limit(limit)
    )
    return list(session.scalars(latest))


def number_of_failures(session: Session, key: str, *, now: datetime) -> int:
    """Return how many attempts under this key failed within the window."""
    query = select(func.count()).where(SignInAttempt.key == key, SignInAttempt.at > now - WINDOW)
    return session.scalar(query) or 0


def sign_in_wait(
    session: Session, identifier_key: str, address_key: str, *, now: datetime
) -> timedelta | None:
    """Return how long a sign-in from an unknown device waits; None if it need not.

    It waits after many failures of the account or the address, and longer with each further one.
    """
    excess = max(
        number_of_failures(session, identifier_key, now=now) - MOST_PER_IDENTIFIER,
        number_of_failures(session, address_key, now=now) - MOST_PER_ADDRESS,
    )
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(excess, 8)) if excess >= 0 else None


def next_verification_at(session: Session, address_key: str, *, now: datetime) -> datetime | None:
    """Return when a password from this address is verified again; None if it is verified now.

    Verifying costs a tenth of a second and 64 MiB, and each failure a row. So an address with many
    failures has a limited number of tries a minute. The end is at most a minute away.
    """
    failures = _latest_failures(session, address_key, MOST_PER_ADDRESS, now)
    if len(failures) < MOST_PER_ADDRESS:
        return None
    end = failures[MOST_PER_MINUTE - 1] + timedelta(minutes=1)
    return end if end > now else None


def store_failure(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    """Count a failed attempt, and delete those outside the window."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - WINDOW))
    for key in keys:
        # An account may be tried from a thousand addresses, but needs no more rows than this.
        if key.startswith("at:") or number_of_failures(session, key, now=now) < _MOST_ROWS:
            session.add(SignInAttempt(key=key, at=now))
    session.flush()


def reset(session: Session, key: str) -> None:
    """Reset the count of a key after a success."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.key == key))
