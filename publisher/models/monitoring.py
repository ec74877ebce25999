"""Tables of monitoring: checks of live posts, times without a running clock or credits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Person

_UNSETTLED_CHANGE = "settled_at IS NULL AND (found_gone_at IS NOT NULL OR differs_at IS NOT NULL)"


class Watch(Base):
    """A live post that is checked again and again.

    `settled_at`, with a person and a note, says that a person has dealt with the finding.
    """

    __tablename__ = "watches"
    __table_args__ = (partial_index("ix_watches_found", "id", where=_UNSETTLED_CHANGE),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"), unique=True)
    #: True for our answer to a citizen, which is looked at twice.
    is_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The time of the next check; None once it is no longer monitored.
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: The time of the last check.
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time of the first check that did not find it: a single miss is no proof of a deletion.
    absent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time when it was found to have been deleted by others.
    found_gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time when its text was found to differ from ours.
    differs_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The differing text.
    seen_text: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    settled_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    receipt: Mapped[ReceiptRow] = relationship()
    settled_by: Mapped[Person | None] = relationship()
    settled_under: Mapped[Appointment | None] = relationship()


class UnreadLink(Base):
    """The link of a post published by hand that was not read back yet, or leads to another post."""

    __tablename__ = "unread_links"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    #: The time of the next look; None once its result is in `problem`.
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: The number of looks so far.
    looks: Mapped[int] = mapped_column(default=0)
    #: The time of the look that found a problem.
    found_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The code of the field error that a form would show, such as "not_there"; empty if unread.
    problem: Mapped[str] = mapped_column(String(40), default="")

    delivery: Mapped[Delivery] = relationship()


class Outage(Base):
    """A time without any clock.

    There is one row for each last heartbeat, so that only one of many observers notifies.
    """

    __tablename__ = "outages"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    #: The last heartbeat before it, or when the table began to wait for a first clock.
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, unique=True)
    #: The time when it was noticed.
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time when a clock was running again.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CreditOutage(Base):
    """A platform's last time without credits: our app used them up, so it reads and sends nothing.

    Credits are those of the app, so there is one row for all accounts of a platform.
    """

    __tablename__ = "credit_outages"

    platform: Mapped[str] = mapped_column(String(20), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time of the next try to find out whether there are credits again.
    try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time since when there are credits again; None while there are none.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WrongTime(Base):
    """A time in which a machine's own time differed by more than 30 seconds from its witness's.

    `ahead` is how many seconds it is ahead of its witness, a platform or "database"; negative if it
    is behind.
    """

    __tablename__ = "wrong_times"
    __table_args__ = (
        partial_index("ix_wrong_times_open", "machine", where="ended_at IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    machine: Mapped[str] = mapped_column(String(80))
    witness: Mapped[str] = mapped_column(String(20))
    ahead: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The last time when a clock of the machine asked its witnesses, by their time.
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: True while the clocks of the machine publish no posts.
    holds_posts: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The time when people were notified that posts wait.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time when a person decided that posts are to be published anyway.
    overridden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    overridden_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: The time since when the machine's time is right again.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    overridden_by: Mapped[Person | None] = relationship()
