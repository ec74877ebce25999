"""Known devices: browsers in which a person signed in, each with its own failure count."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, hash_token
from publisher.auth.sessions import NotYours
from publisher.models.people import KnownDevice, Person

LASTS: Final = timedelta(days=30)


@dataclass(frozen=True)
class Visitor:
    """The browser in which somebody signs in.

    `address` is its network address and `device` its User-Agent. `device_token` is the token of its
    device cookie, or empty. `is_shared`: others use this computer too, so it is not remembered.
    """

    address: str
    device: str
    device_token: str = ""
    is_shared: bool = False


def find(
    session: Session, *, token: str, person: Person | None, now: datetime
) -> KnownDevice | None:
    """Return the device of this token if it is a known one of this person, else None."""
    query = select(KnownDevice).where(
        KnownDevice.token_digest == hash_token(token),
        KnownDevice.person_id == (person.id if person is not None else None),
        KnownDevice.ended_at.is_(None),
        KnownDevice.used_at > now - LASTS,
    )
    return session.scalars(query).one_or_none()


def remember(
    session: Session,
    *,
    person: Person,
    visitor: Visitor,
    factor_at: datetime | None,
    now: datetime,
) -> str:
    """Make the browser a known device of the person for 30 days; return its new token, once.

    `factor_at` is when the person last proved a second factor in it.
    """
    token = secrets.token_urlsafe(32)
    digest = hash_token(token)
    # A cookie that somebody copied, or put into this browser, is worth nothing from now on.
    session.execute(
        update(KnownDevice)
        .where(KnownDevice.token_digest == hash_token(visitor.device_token))
        .values(token_digest=digest)
    )
    own = select(KnownDevice).where(
        KnownDevice.token_digest == digest, KnownDevice.person_id == person.id
    )
    known_device = session.scalars(own).one_or_none()
    if known_device is None:
        known_device = KnownDevice(token_digest=digest, person_id=person.id, known_since=now)
        session.add(known_device)
    elif known_device.ended_at is not None:
        known_device.known_since, known_device.ended_at = now, None
    known_device.used_at, known_device.factor_at = now, factor_at
    known_device.device, known_device.address = visitor.device[:200], visitor.address[:64]
    session.flush()
    return token


def list_devices(session: Session, *, person_id: int, now: datetime) -> list[KnownDevice]:
    """Return the known devices of a person, the last used first."""
    query = select(KnownDevice).where(
        KnownDevice.person_id == person_id,
        KnownDevice.ended_at.is_(None),
        KnownDevice.used_at > now - LASTS,
    )
    return list(session.scalars(query.order_by(KnownDevice.used_at.desc(), KnownDevice.id.desc())))


def end(
    session: Session, *, actor: Actor, person_id: int, known_device_id: int, now: datetime
) -> None:
    """End one known device of the person. Raises `NotYours` for someone else's."""
    known_device = session.get(KnownDevice, known_device_id)
    if known_device is None or known_device.person_id != person_id:
        raise NotYours(known_device=known_device_id)
    if known_device.ended_at is None:
        known_device.ended_at = now
        transitions.record(session, known_device, "end_device", actor=actor, now=now)


def end_all(session: Session, *, person_id: int, now: datetime) -> None:
    """End every known device of a person, and sign-ins that wait for a code, at once."""
    session.flush()
    person = session.get_one(Person, person_id)
    for purpose in (LinkPurpose.SIGN_IN, LinkPurpose.SECOND_FACTOR):
        one_time_links.end_of_person(session, person=person, purpose=purpose, now=now)
    session.execute(
        update(KnownDevice)
        .where(KnownDevice.person_id == person_id, KnownDevice.ended_at.is_(None))
        .values(ended_at=now)
    )
