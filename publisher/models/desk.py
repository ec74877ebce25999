"""Tables of the cell's work: notes, open drafts, snippets, quiet times, slots, calendar feeds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.deliveries import Account
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import SubmissionKind


class ClerkNote(Base):
    """A note between clerks about a post, invisible to departments; appended, never changed."""

    __tablename__ = "clerk_notes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)

    person: Mapped[Person] = relationship()
    appointment: Mapped[Appointment | None] = relationship()


class OpenDraft(Base):
    """A person's open draft of a post since `opened_at`, with activity last at `touched_at`."""

    __tablename__ = "open_drafts"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()


class TextPart(StrEnum):
    """The part of a post that a snippet is for."""

    WHOLE = "text"
    SIGNATURE = "signature"
    HASHTAGS = "hashtags"


class Snippet(Base):
    """A snippet: a text to begin with, a signature line or hashtags, in up to three languages.

    Without a kind or a department it is for all of them. `version` is the number of changes; an
    ended snippet stays in the history and is no longer offered.
    """

    __tablename__ = "starting_texts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part: Mapped[TextPart] = mapped_column(enum_type(TextPart, "part"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[SubmissionKind | None] = mapped_column(enum_type(SubmissionKind, "kind"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    text_mr: Mapped[str] = mapped_column(Text, default="")
    text_en: Mapped[str] = mapped_column(Text, default="")
    text_hi: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department | None] = relationship()


class QuietTime(Base):
    """Hours in which no ordinary post is recommended.

    `begins` and `ends` are minutes of the local day; if `ends` is not later, it lasts into the next
    day. Without an account it is for all of them, without a weekday (Monday is 0) for every day.
    """

    __tablename__ = "quiet_times"
    __table_args__ = (
        CheckConstraint("weekday IS NULL OR weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "begins BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439 AND begins <> ends",
            name="minutes",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    weekday: Mapped[int | None]
    begins: Mapped[int]
    ends: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    account: Mapped[Account | None] = relationship()


class Slot(Base):
    """A good time for an account on a weekday (Monday is 0); `minute` is of the local day."""

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("account_id", "weekday", "minute"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("minute BETWEEN 0 AND 1439", name="minute"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    weekday: Mapped[int]
    minute: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    account: Mapped[Account] = relationship()


class CalendarFeed(Base):
    """A person's calendar behind a private link, stored by the digest of its token.

    `fetches` counts since `counted_since`; `contents` is the digest of the latest response, and
    `changed_at` is when it last changed.
    """

    __tablename__ = "calendar_feeds"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counted_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fetches: Mapped[int] = mapped_column(default=0)
    contents: Mapped[str] = mapped_column(String(64), default="")
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()
