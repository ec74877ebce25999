"""What the cell recommends for its calendar, quiet times and slots, and the private feeds of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.deliveries import Account
from publisher.models.people import Person


class QuietTime(Base):
    """Hours in which no ordinary post is recommended.

    `begins` and `ends` are minutes of the city's day; where `ends` is not later, the quiet lasts
    into the next day. Without an account it holds for all of them, without a weekday (Monday is
    0) for every day on which it begins.
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
    """A good time for an account on a weekday (Monday is 0); `minute` is of the city's day."""

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
    """The calendar of one person behind a private link, kept by the digest of its token.

    `fetches` counts since `counted_since`; `contents` is the digest of what was last given out,
    and `changed_at` is when that became so.
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
