"""Tables of second factors and recovery codes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.people import Person


class FactorKind(StrEnum):
    """What a person proves a sign-in with, in addition to the password."""

    TOTP = "totp"


class SecondFactor(Base):
    """A second factor of a person, asked for from `confirmed_at` until `ended_at`.

    `sealed` is its secret, encrypted. `last_step` is the TOTP step of the last code that was
    accepted: neither it nor an earlier one is accepted again.
    """

    __tablename__ = "second_factors"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[FactorKind] = mapped_column(enum_type(FactorKind, "kind"))
    sealed: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int | None] = mapped_column(Key)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()


class RecoveryCode(Base):
    """A code that replaces a lost second factor once, stored by its digest."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Passkey(Base):
    """A passkey of a person: the public half of a key pair that a device or its vault holds.

    Both binary values are in base64url. `sign_count` is the signature counter that it last
    reported: one that has not grown since shows a copy, unless it has always been 0.
    """

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[str] = mapped_column(Text)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(Key)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()
