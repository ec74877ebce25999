"""When no clock was alive: then nothing left, and somebody was told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from publisher.database.session import Base, Key, UtcDateTime


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
