"""Tables of submissions by departments, their files, and their numbers."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person
from publisher.states import SubmissionState

if TYPE_CHECKING:
    from publisher.models.posts import Post


class SubmissionKind(StrEnum):
    """The subject of a submission, as the circular lists it."""

    SCHEME = "scheme"
    PROJECT = "project"
    EVENT = "event"
    PUBLIC_NOTICE = "public_notice"
    MEASURE = "measure"
    PRESS_NOTE = "press_note"
    OTHER = "other"


class Priority(StrEnum):
    """The priority of a submission; urgent ones state a reason."""

    NORMAL = "normal"
    URGENT = "urgent"


class ScanResult(StrEnum):
    """What the virus scanner said about a file; none if no scanner was set when the file came."""

    UNSCANNED = "unscanned"
    CLEAN = "clean"
    INFECTED = "infected"


class Counter(Base):
    """The last number of a series, incremented in the transaction that uses it."""

    __tablename__ = "counters"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]


class Submission(Base):
    """A submission of a department, with its acknowledgement number.

    `edition` is incremented with each change by the department; `merged_into` is the submission
    under whose number a duplicate continues. `wards` are the ward offices it concerns.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_department_received", "department_id", "received_at"),
        partial_index("ix_submissions_taken", "taken_by_id", where="taken_by_id IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[SubmissionState] = mapped_column(
        enum_type(SubmissionState, "state"), default=SubmissionState.RECEIVED, index=True
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[SubmissionKind] = mapped_column(enum_type(SubmissionKind, "kind"))
    title: Mapped[str] = mapped_column(String(200))
    text_mr: Mapped[str] = mapped_column(Text, default="")
    text_en: Mapped[str] = mapped_column(Text, default="")
    text_hi: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(String(2000), default="")
    wished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    useful_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    event_on: Mapped[date | None]
    event_until_on: Mapped[date | None]
    event_place: Mapped[str] = mapped_column(String(200), default="")
    priority: Mapped[Priority] = mapped_column(
        enum_type(Priority, "priority"), default=Priority.NORMAL
    )
    urgent_reason: Mapped[str] = mapped_column(Text, default="")
    outward_number: Mapped[str] = mapped_column(String(80), default="")
    inward_number: Mapped[str] = mapped_column(String(80), default="")
    brought_by: Mapped[str] = mapped_column(String(160), default="")
    #: None: by a mail from an address that belongs to no person.
    handed_in_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    handed_in_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    mail_sender: Mapped[str] = mapped_column(
        String(254), default="", server_default="", comment="The address of the mail it came by"
    )
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    edition: Mapped[int] = mapped_column(default=1)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"), index=True)
    taken_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="Who of the cell works on it; it binds nobody"
    )
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship()
    wards: Mapped[list[Department]] = relationship(
        secondary="submission_wards", order_by="Department.id"
    )
    merged_into: Mapped[Submission | None] = relationship(
        remote_side="Submission.id", back_populates="duplicates"
    )
    duplicates: Mapped[list[Submission]] = relationship(
        back_populates="merged_into", order_by="Submission.id"
    )
    handed_in_by: Mapped[Person | None] = relationship(foreign_keys=handed_in_by_id)
    handed_in_under: Mapped[Appointment | None] = relationship()
    taken_by: Mapped[Person | None] = relationship(foreign_keys=taken_by_id)
    files: Mapped[list[SubmissionFile]] = relationship(
        back_populates="submission", order_by="SubmissionFile.position"
    )
    posts: Mapped[list[Post]] = relationship(
        secondary="post_submissions", back_populates="submissions", order_by="Post.id"
    )


class SubmissionFile(Base):
    """A photo or other file of a submission; the bytes are in the media store by digest.

    Width and height are in pixels for a picture; `seconds` is the length of a video if it is known.
    """

    __tablename__ = "submission_files"
    __table_args__ = (
        UniqueConstraint("submission_id", "position"),
        partial_index("ix_submission_files_unscanned", "scan_at", where="scan = 'unscanned'"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    position: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[int | None]
    alt_mr: Mapped[str] = mapped_column(Text, default="")
    alt_en: Mapped[str] = mapped_column(Text, default="")
    #: None: no scanner was set when the file came.
    scan: Mapped[ScanResult | None] = mapped_column(enum_type(ScanResult, "scan"))
    #: When the scanner was last asked by the clock.
    scan_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scan_note: Mapped[str] = mapped_column(
        String(200), default="", server_default="", comment="The virus, or why the file still waits"
    )

    submission: Mapped[Submission] = relationship(back_populates="files")

    @property
    def is_usable(self) -> bool:
        """Return True if the file may be served, shown and used in a draft."""
        return self.scan is None or self.scan is ScanResult.CLEAN


class PostSubmission(Base):
    """A submission that a post is based on."""

    __tablename__ = "post_submissions"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True, index=True
    )
