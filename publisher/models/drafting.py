"""What the cell's desk keeps beside the posts: notes, who has a draft open, starting texts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.content.submissions import SubmissionKind
from publisher.models.people import Appointment, Department, Person


class ClerkNote(Base):
    """A note between clerks about a post; departments do not see it. Appended, never changed."""

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
    """Somebody has a post's draft open since `opened_at`, and was last seen at `touched_at`."""

    __tablename__ = "open_drafts"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()


class TextPart(StrEnum):
    """Which part of a post a starting text is for."""

    WHOLE = "text"
    SIGNATURE = "signature"
    HASHTAGS = "hashtags"


class StartingText(Base):
    """A text to begin with, a signature line or hashtags, in up to three languages.

    Without a kind or a department it is for all of them. `version` counts the changes; an ended
    one stays in the history and is no longer offered.
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
