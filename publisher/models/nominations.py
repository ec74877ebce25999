"""Tables of calls to name officers: departments called, letters, and whom heads named."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.people import Appointment, Department, Person


class NominationCall(Base):
    """A call to departments to name their officers, by an order, until a day."""

    __tablename__ = "nomination_calls"
    __table_args__ = (CheckConstraint("nominate_by >= ordered_on", name="dates"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_number: Mapped[str] = mapped_column(String(80))
    ordered_on: Mapped[date]
    #: The last day on which the links of the call are valid.
    nominate_by: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the cell was notified, once, of departments that report to no office.
    told_without_line_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    opened_by: Mapped[Person] = relationship()
    addressees: Mapped[list[CallAddressee]] = relationship(
        back_populates="call", order_by="CallAddressee.id"
    )


class CallAddressee(Base):
    """A department that is called to name its officers."""

    __tablename__ = "call_addressees"
    __table_args__ = (UniqueConstraint("call_id", "department_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("nomination_calls.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    #: When the link was last sent to the head; None: nobody could be reached.
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When its head, or the person who answered, was last spoken to on the telephone.
    telephoned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    telephoned_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    call: Mapped[NominationCall] = relationship(back_populates="addressees")
    department: Mapped[Department] = relationship()
    telephoned_by: Mapped[Person | None] = relationship()


class NominationLetter(Base):
    """A letter to the head of an office above, with whose link and code officers were named.

    Version 0.2.0 printed the last one: the rows are history, and nothing writes them.
    """

    __tablename__ = "nomination_letters"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("call_addressees.id"), index=True)
    #: The office to whose head it is addressed.
    office_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    #: The appointment of that head; None: the office had no head on record.
    above_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    #: The appointment of the department's own head, whom no code reaches; None: there was none.
    head_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    printed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    printed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    #: When it was printed again.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    office: Mapped[Department] = relationship()


class Nomination(Base):
    """Two officers named together by the head of their department, by a link or a letter on paper.

    A nomination by a `NominationLetter` came from the head of the office above.
    """

    __tablename__ = "nominations"
    __table_args__ = (
        CheckConstraint("first_id <> second_id", name="two"),
        CheckConstraint(
            "head_id IS NOT NULL OR letter_id IS NOT NULL OR scan_sha256 IS NOT NULL", name="by"
        ),
        Index("ix_nominations_department_made", "department_id", "made_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    #: None: the head named them without having been called to.
    addressee_id: Mapped[int | None] = mapped_column(ForeignKey("call_addressees.id"))
    #: The appointment of the head who named them: of the department, or with a `letter_id` of the
    #: office above; None: a letter came from an office without a head on record.
    head_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("nomination_letters.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: True: a code to the head's mobile was typed, so that it confirms the officers too.
    was_proven: Mapped[bool]
    first_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    letter_number: Mapped[str] = mapped_column(
        String(80), default="", server_default="", comment="Of the head's letter on paper"
    )
    letter_on: Mapped[date | None] = mapped_column(comment="The date of that letter")
    scan_sha256: Mapped[str | None] = mapped_column(
        String(64), comment="The PDF or picture of that letter, in the media store"
    )
    scan_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    scan_mime: Mapped[str] = mapped_column(String(80), default="", server_default="")

    department: Mapped[Department] = relationship()
    addressee: Mapped[CallAddressee | None] = relationship()
    head: Mapped[Appointment | None] = relationship(foreign_keys=[head_id])
    letter: Mapped[NominationLetter | None] = relationship()
    first: Mapped[Appointment] = relationship(foreign_keys=[first_id])
    second: Mapped[Appointment] = relationship(foreign_keys=[second_id])

    @property
    def nominator(self) -> Department:
        """The department, or the office above, whose head named the officers."""
        return self.letter.office if self.letter is not None else self.department


class LetterRecipient(StrEnum):
    """The head to whom a reminder letter is addressed."""

    HEAD = "head"  #: The head of the department that was called.
    OFFICE_ABOVE = "office_above"  #: The head of the office to which that department reports.


class ReminderLetter(Base):
    """A numbered letter that reminds a department, or the office above it, of a call.

    `content` is its text on the day of writing (`publisher.nominations.letter_text`), so that it
    can be printed again word for word.
    """

    __tablename__ = "reminder_letters"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("call_addressees.id"), index=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    recipient: Mapped[LetterRecipient] = mapped_column(enum_type(LetterRecipient, "recipient"))
    #: The department or office to whose head it is addressed.
    office_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    #: None: no head was confirmed, so it is addressed to the office.
    head_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: True: it went to the head's own mailbox too.
    is_mailed: Mapped[bool]
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    written_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))

    addressee: Mapped[CallAddressee] = relationship()
    office: Mapped[Department] = relationship()
    head: Mapped[Appointment | None] = relationship()
    written_by: Mapped[Person] = relationship()
