"""What warnings rest on: links that were looked at, and marks by which like texts are found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.database.session import Base, UtcDateTime, enum_type


class LinkFinding(StrEnum):
    """What came of looking at a link.

    GUARDED is there but not shown to machines; UNSAFE leads to an address that is not public.
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
    """A web address that stands in some text, by the SHA-256 of it, and what came of looking.

    `next_at` is when the clock looks at it; None where nothing more is asked. `picture_sha256`
    is the picture of its preview, `landed_on` the address it led to.
    """

    __tablename__ = "checked_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finding: Mapped[LinkFinding | None] = mapped_column(enum_type(LinkFinding, "finding"))
    code: Mapped[int | None]
    landed_on: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(String(300), default="")
    picture_sha256: Mapped[str] = mapped_column(String(64), default="", index=True)


class TextMark(Base):
    """One of the marks of a variant's text: texts that are nearly the same share at least one."""

    __tablename__ = "text_marks"

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), primary_key=True)
    mark: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True, autoincrement=False)
