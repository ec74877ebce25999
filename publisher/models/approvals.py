"""Tables related to decisions: absences, codes for approving in person, return texts, refusals."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.partial_index import partial_index
from publisher.models.people import Person
from publisher.models.posts import Decision, Revision

LONGEST_TEXT = 500
"""Characters of a return text; in any script it still fits into a unique index."""

Index("ix_decisions_person_at", Decision.person_id, Decision.at, Decision.id)


class Absence(Base):
    """The days on which an officer or head is away, both included; it ends no appointment."""

    __tablename__ = "absences"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    recorded_under_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    recorded_by: Mapped[Person] = relationship(foreign_keys=[recorded_by_id])


class SpotCode(Base):
    """A code that leads an officer's own phone to one revision; it grants no permission.

    The scanned and the typed code are derived from `seed` and the secret key; the row holds digests
    only.
    """

    __tablename__ = "spot_codes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    letters_digest: Mapped[str] = mapped_column(String(64), unique=True)
    seed: Mapped[str] = mapped_column(String(64))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_under_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    revision: Mapped[Revision] = relationship()


class ReturnText(Base):
    """A reason to return a post that a person stored, to choose it again."""

    __tablename__ = "return_texts"
    __table_args__ = (UniqueConstraint("person_id", "words"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    #: The text of the reason.
    words: Mapped[str] = mapped_column(String(LONGEST_TEXT))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RefusedSignIn(Base):
    """A refused sign-in: its reason and network address, never what was typed.

    `person_id` is set if the account exists. The history refers to this row, so that address and
    device can be erased later without touching the history.
    """

    __tablename__ = "refused_sign_ins"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    why: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    device: Mapped[str] = mapped_column(String(200), default="")


class RefusalDay(Base):
    """The number of sign-ins of a person that were refused on one local day.

    Without a person it is the number of those that belong to no account. `owner_told_at` is when
    the person was notified of the wave of failures.
    """

    __tablename__ = "refusal_days"
    __table_args__ = (
        UniqueConstraint("day", "person_id"),
        partial_index("uq_refusal_days_nobody", "day", where="person_id IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    day: Mapped[date]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    number: Mapped[int] = mapped_column(default=0)
    owner_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
