"""Tables of the names that people had, and of who has written in their appointments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.people import Person


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
    LETTER = "letter"  #: Printed the letter by whose code it was recorded.
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
