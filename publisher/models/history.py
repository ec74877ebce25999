"""The history, appended and never changed: events, former names, recorders of appointments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approvals.policy import ActorKind
from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Person

# With the bare column SQLite would read all these subjects by their own index, and sort.
IS_OF_ACCESS = (
    "subject || '' IN ('people', 'appointments', 'sign_ins', 'known_devices', 'refused_sign_ins', "
    "'duties')"
)
"""The SQL condition of the events about people and their access, which the access log lists."""


class Event(Base):
    """A row of history: `subject` is a table's name, `details` hold no personal data.

    Only the event that corrects a mistyped name keeps the earlier words.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject", "subject", "subject_id", "id"),
        partial_index("ix_events_access", "at", "id", where=IS_OF_ACCESS),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int] = mapped_column(Key)
    verb: Mapped[str] = mapped_column(String(40))
    state_before: Mapped[str | None] = mapped_column(String(24))
    state_after: Mapped[str | None] = mapped_column(String(24))
    actor_kind: Mapped[ActorKind] = mapped_column(enum_type(ActorKind, "actor_kind"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    person: Mapped[Person | None] = relationship()
    appointment: Mapped[Appointment | None] = relationship()


class Seal(Base):
    """The hash chain of the events: each seal covers the events up to `event_id`."""

    __tablename__ = "seals"

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[str] = mapped_column(String(64))


class PersonName(Base):
    """The names and designation of a person for a time; those in force have no `replaced_at`."""

    __tablename__ = "person_names"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    name_mr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    designation: Mapped[str] = mapped_column(String(160))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="None: by a command, or at an upgrade"
    )


class Wrote(StrEnum):
    """What somebody has written in an appointment."""

    RECORDED = "recorded"
    LETTER = "letter"  #: Printed the letter with whose code it was recorded.
    MAIL = "mail"
    MOBILE = "mobile"
    NAME = "name"
    CONFIRMED = "confirmed"  #: Confirmed it, and "this is wrong" has put it back.


class AppointmentRecorder(Base):
    """A person who has written in an appointment, and therefore does not confirm it."""

    __tablename__ = "appointment_recorders"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    wrote: Mapped[Wrote] = mapped_column(enum_type(Wrote, "wrote"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was last written")

    person: Mapped[Person] = relationship()
