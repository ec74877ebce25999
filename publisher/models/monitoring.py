"""What is read back of the things that are out, and what others did to them.

When no clock was alive: then nothing left, and somebody was told.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.deliveries import ReceiptRow
from publisher.models.people import Appointment, Person

_UNSETTLED_CHANGE = "settled_at IS NULL AND (found_gone_at IS NOT NULL OR differs_at IS NOT NULL)"


class Watch(Base):
    """One live publication that is read back again and again.

    `look_at` is when it is read next, None once it is watched no more; `looked_at` when it was
    read last. `absent_at` is when it was first not there, until it is seen again or found to be
    gone: one look that finds nothing is no proof. `found_gone_at` is when it was found to have
    been deleted by somebody else, `differs_at` when its text was found to be another than ours,
    `seen_text` what stood there. `settled_at`, with a person and a note, says that somebody has
    seen what was found.
    """

    __tablename__ = "watches"
    __table_args__ = (
        Index(
            "ix_watches_found",
            "id",
            sqlite_where=text(_UNSETTLED_CHANGE),
            postgresql_where=text(_UNSETTLED_CHANGE),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"), unique=True)
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    absent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    found_gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    differs_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_text: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    settled_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    receipt: Mapped[ReceiptRow] = relationship()
    settled_by: Mapped[Person | None] = relationship()
    settled_under: Mapped[Appointment | None] = relationship()


class Outage(Base):
    """A time without any clock; `began_at` is the last beat there was before it,
    or when the table began to wait for a first clock.

    There is one row for each such beat, so of many who notice it one tells. `found_at` is when it
    was noticed, `ended_at` when a clock was back.
    """

    __tablename__ = "outages"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, unique=True)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
