"""Tables of content checks: checked links, and fingerprints by which similar texts are found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.database.session import Base, UtcDateTime, enum_type


class LinkFinding(StrEnum):
    """The result of a link check.

    GUARDED exists but blocks automated requests; UNSAFE leads to an address that is not public.
    """

    FINE = "fine"
    GUARDED = "guarded"
    GONE = "gone"
    TROUBLE = "trouble"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    LOOPS = "loops"
    UNSAFE = "unsafe"


class CheckedLink(Base):
    """A URL of some text by its SHA-256, and the result of its check."""

    __tablename__ = "checked_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time of the next check; None if there will be none.
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finding: Mapped[LinkFinding | None] = mapped_column(enum_type(LinkFinding, "finding"))
    code: Mapped[int | None]
    #: The URL after all redirections.
    landed_on: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(String(300), default="")
    #: The picture of its preview.
    picture_sha256: Mapped[str] = mapped_column(String(64), default="", index=True)


class TextMark(Base):
    """A mark of a variant's text: texts that are nearly equal share at least one mark."""

    __tablename__ = "text_marks"

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    mark: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True, autoincrement=False)
