"""Tables around submissions: ward offices, notes, changes, uploads, and the store of all media."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import Submission


class NoteKind(StrEnum):
    """The cell's question, the department's answer, or its note once drafting has begun."""

    QUESTION = "question"
    ANSWER = "answer"
    NOTE = "note"


class SubmissionWard(Base):
    """A ward office that a submission concerns."""

    __tablename__ = "submission_wards"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)

    department: Mapped[Department] = relationship(viewonly=True)


class SubmissionNote(Base):
    """A note between cell and department about a submission; the history refers to it."""

    __tablename__ = "submission_notes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    kind: Mapped[NoteKind] = mapped_column(enum_type(NoteKind, "kind"))
    text: Mapped[str] = mapped_column(Text)
    #: None: by a mail from an address that belongs to no person.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    mail_sender: Mapped[str] = mapped_column(
        String(254), default="", server_default="", comment="The address of the mail it came by"
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    submission: Mapped[Submission] = relationship()
    person: Mapped[Person | None] = relationship()
    appointment: Mapped[Appointment | None] = relationship()


class SubmissionChange(Base):
    """The old value of a field that the department changed; `edition` is the resulting edition."""

    __tablename__ = "submission_changes"
    __table_args__ = (UniqueConstraint("submission_id", "edition", "field"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    edition: Mapped[int]
    field: Mapped[str] = mapped_column(String(40))
    before: Mapped[str] = mapped_column(Text, default="")

    submission: Mapped[Submission] = relationship()


class Upload(Base):
    """An uploaded file, for the daily quota; `size` in bytes."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_person_at", "person_id", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]


class StoreInUse(Base):
    """The media store in which the media of this database are, known by its identity: one row.

    The row is written before the store. Until the store is known to have the identity, `replaces`
    is the text that it carries instead, empty if it carries none; the next process goes on.
    """

    __tablename__ = "store_in_use"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    identity: Mapped[str] = mapped_column(String(40))
    replaces: Mapped[str | None] = mapped_column(String(80))
    laid_at: Mapped[datetime] = mapped_column(UtcDateTime)
