"""Tables of the mails that came, and of those that wait for a person of the cell."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.notifications import Notice
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import Submission
from publisher.states import QuarantineState


class MailOutcome(StrEnum):
    """What became of a mail when it was read."""

    SUBMISSION = "submission"
    JOINED = "joined"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class ReceivedMail(Base):
    """A mail as it came, what was read in it, and what became of it.

    The raw mail is in the media store by digest until it ends; subject, text and the names of files
    of a mail that did not become a submission end with it.
    """

    __tablename__ = "received_mails"
    __table_args__ = (
        Index("ix_received_mails_content", "content_digest", "received_at"),
        partial_index("ix_received_mails_raw", "received_at", where="raw_sha256 IS NOT NULL"),
        partial_index(
            "ix_received_mails_unseen",
            "received_at",
            where="outcome = 'refused' AND seen_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    #: None once the raw mail has ended.
    raw_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int]
    message_id: Mapped[str] = mapped_column(String(998), default="")
    #: The digest of whose mail it is, and of its subject, text and files.
    content_digest: Mapped[str] = mapped_column(String(64))
    #: The same digest, for the first mail of this content within its time.
    content_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    sender: Mapped[str] = mapped_column(String(254), default="", index=True)
    sender_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(1000), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    #: Kind and name of each file.
    files: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    #: Code and values of each note on how it was read, and on what was left out.
    notes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    outcome: Mapped[MailOutcome] = mapped_column(enum_type(MailOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(String(40), default="")
    #: True if our own mail server vouched for the sender.
    is_sender_checked: Mapped[bool] = mapped_column(default=False)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"), index=True)
    #: Our answer to it.
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"))
    #: The comment to which its text is offered as the answer, until an answer is written or
    #: somebody dismisses it.
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    offer_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When somebody marked it as seen, if it could not be read.
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    department: Mapped[Department | None] = relationship()
    submission: Mapped[Submission | None] = relationship()
    notice: Mapped[Notice | None] = relationship()
    seen_by: Mapped[Person | None] = relationship()
    quarantine: Mapped[Quarantine | None] = relationship(back_populates="mail")


class Quarantine(Base):
    """A mail that waits until somebody of the cell decides on it, or until its time is over."""

    __tablename__ = "quarantines"
    __table_args__ = (
        partial_index("ix_quarantines_waiting", "since_at", where="state = 'waiting'"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("received_mails.id"), unique=True)
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[QuarantineState] = mapped_column(
        enum_type(QuarantineState, "state"), default=QuarantineState.WAITING
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Why it is not ours.
    word: Mapped[str] = mapped_column(Text, default="")
    #: None in a final state: its time was over.
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))

    mail: Mapped[ReceivedMail] = relationship(back_populates="quarantine")
    decided_by: Mapped[Person | None] = relationship()
    decided_under: Mapped[Appointment | None] = relationship()


class Mailbox(Base):
    """A mailbox of the Cell, how far it was read, and which clock reads it.

    `fence` is incremented with each lease; `validity` is the server's UIDVALIDITY, under which
    `last_uid` is the last message that was taken in.
    """

    __tablename__ = "mailboxes"

    label: Mapped[str] = mapped_column(String(400), primary_key=True)
    first_read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    validity: Mapped[int] = mapped_column(BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    fence: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The message that is being taken in, and how often that was begun.
    begun_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    begun_times: Mapped[int] = mapped_column(default=0)
    #: The last time when it was read to its end.
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(String(300), default="")
