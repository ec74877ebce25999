"""Submissions, posts, their revisions and variants, and the decisions about them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approvals.lifecycle import PostState
from publisher.database import Base, Key, UtcDateTime, enum_type
from publisher.lifecycle import SubmissionState
from publisher.models.comments import Reply
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment, Department, Person


class SubmissionKind(StrEnum):
    """What a submission is about, as the circular lists it."""

    SCHEME = "scheme"
    PROJECT = "project"
    EVENT = "event"
    PUBLIC_NOTICE = "public_notice"
    MEASURE = "measure"
    PRESS_NOTE = "press_note"
    OTHER = "other"


class Priority(StrEnum):
    """How soon the cell has to take a submission up; urgent ones say why."""

    NORMAL = "normal"
    URGENT = "urgent"


class Language(StrEnum):
    """The language of a text."""

    MARATHI = "mr"
    ENGLISH = "en"
    HINDI = "hi"
    MIXED = "mixed"


class PostKind(StrEnum):
    """Whether a post stands for itself or answers a comment."""

    POST = "post"
    REPLY = "reply"


class DecisionKind(StrEnum):
    """What was decided about a revision; the first three are approvals."""

    APPROVED = "approved"
    OWN_HAND = "own_hand"
    EMERGENCY = "emergency"
    RETURNED = "returned"
    REJECTED = "rejected"


class Counter(Base):
    """The last number given in a series, counted up in the transaction that uses it."""

    __tablename__ = "counters"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]


class Submission(Base):
    """What a department handed in, with its acknowledgement number.

    `edition` counts up with each change by the department; `merged_into` is the submission under
    whose number a duplicate goes on. `wards` are the ward offices it concerns.
    """

    __tablename__ = "submissions"
    __table_args__ = (Index("ix_submissions_department_received", "department_id", "received_at"),)

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
    handed_in_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    handed_in_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    edition: Mapped[int] = mapped_column(default=1)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"), index=True)

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
    handed_in_by: Mapped[Person] = relationship()
    handed_in_under: Mapped[Appointment | None] = relationship()
    files: Mapped[list[SubmissionFile]] = relationship(
        back_populates="submission", order_by="SubmissionFile.position"
    )
    posts: Mapped[list[Post]] = relationship(
        secondary="post_submissions", back_populates="submissions", order_by="Post.id"
    )


class SubmissionFile(Base):
    """A photo or other file of a submission; the bytes lie in the media store by digest.

    Width and height in pixels of a picture, `seconds` of a video where it says how long it is.
    """

    __tablename__ = "submission_files"
    __table_args__ = (UniqueConstraint("submission_id", "position"),)

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

    submission: Mapped[Submission] = relationship(back_populates="files")


class PostSubmission(Base):
    """Which submissions a post rests on."""

    __tablename__ = "post_submissions"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True, index=True
    )


class Post(Base):
    """What may leave, through its revisions; `newest` is the number of the latest one."""

    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    state: Mapped[PostState] = mapped_column(
        enum_type(PostState, "state"), default=PostState.DRAFT, index=True
    )
    kind: Mapped[PostKind] = mapped_column(enum_type(PostKind, "kind"), default=PostKind.POST)
    title: Mapped[str] = mapped_column(String(200))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    newest: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship()
    reply: Mapped[Reply | None] = relationship(back_populates="post")
    submissions: Mapped[list[Submission]] = relationship(
        secondary="post_submissions", back_populates="posts", order_by="Submission.id"
    )
    revisions: Mapped[list[Revision]] = relationship(
        back_populates="post", order_by="Revision.number"
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        order_by="Delivery.due_at", viewonly=True, primaryjoin="Post.id == Delivery.post_id"
    )


class Revision(Base):
    """One version of a post, as somebody saved it.

    Sending it for review fixes its window, its canonical form and its digest.
    """

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("post_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    number: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    author_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_for_review_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    canonical: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64), default="")

    post: Mapped[Post] = relationship(back_populates="revisions")
    author: Mapped[Person] = relationship()
    author_under: Mapped[Appointment | None] = relationship()
    variants: Mapped[list[Variant]] = relationship(
        back_populates="revision", order_by="Variant.position"
    )
    departments: Mapped[list[RevisionDepartment]] = relationship(back_populates="revision")
    decisions: Mapped[list[Decision]] = relationship(
        back_populates="revision", order_by="Decision.id"
    )


class RevisionDepartment(Base):
    """A department named by a revision; `asked` where it has to approve."""

    __tablename__ = "revision_departments"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    asked: Mapped[bool] = mapped_column(default=True)

    revision: Mapped[Revision] = relationship(back_populates="departments")
    department: Mapped[Department] = relationship()


class Variant(Base):
    """One text on one account in one language; `target` is the reply or edit target."""

    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("revision_id", "account_id", "language"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    position: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    language: Mapped[Language] = mapped_column(enum_type(Language, "language"))
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(2000), default="")
    target: Mapped[str] = mapped_column(String(120), default="")

    revision: Mapped[Revision] = relationship(back_populates="variants")
    account: Mapped[Account] = relationship()
    renditions: Mapped[list[Rendition]] = relationship(
        back_populates="variant", order_by="Rendition.position"
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        viewonly=True, primaryjoin="Variant.id == Delivery.variant_id"
    )


class Rendition(Base):
    """A picture as one platform gets it; `source_sha256` is the original it was made from."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("variant_id", "position"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    position: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    source_sha256: Mapped[str] = mapped_column(String(64))
    mime: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]
    alt_text: Mapped[str] = mapped_column(Text, default="")

    variant: Mapped[Variant] = relationship(back_populates="renditions")


_STANDING = "withdrawn_at IS NULL AND kind IN ('approved', 'own_hand', 'emergency')"


class Decision(Base):
    """An approval, return or rejection of one revision, by a person under an appointment."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index(
            "uq_decisions_standing_approval",
            "revision_id",
            "department_id",
            unique=True,
            sqlite_where=text(_STANDING),
            postgresql_where=text(_STANDING),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[DecisionKind] = mapped_column(enum_type(DecisionKind, "kind"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    revision: Mapped[Revision] = relationship(back_populates="decisions")
    department: Mapped[Department] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment] = relationship()
