"""Tables of lists of transfers: people who move to another office on a day, by an order."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approvals.policy import Role
from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person

_PENDING = "done_at IS NULL AND dropped_at IS NULL"


class TransferList(Base):
    """A list of people who move together on a day, once a second person has confirmed it."""

    __tablename__ = "transfer_lists"
    __table_args__ = (
        partial_index("ix_transfer_lists_pending", "in_force_on", where=_PENDING),
        CheckConstraint("done_at IS NULL OR dropped_at IS NULL", name="one_end"),
        CheckConstraint("done_at IS NULL OR confirmed_at IS NOT NULL", name="confirmed"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_number: Mapped[str] = mapped_column(String(80))
    in_force_on: Mapped[date]
    prepared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    hindered_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when its day has come and something stands in the way"
    )
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    prepared_by: Mapped[Person] = relationship(foreign_keys=[prepared_by_id])
    confirmed_by: Mapped[Person | None] = relationship(foreign_keys=[confirmed_by_id])
    dropped_by: Mapped[Person | None] = relationship(foreign_keys=[dropped_by_id])
    rows: Mapped[list[Transfer]] = relationship(
        back_populates="transfer_list", order_by="Transfer.id"
    )

    @property
    def waits(self) -> bool:
        """True if it was neither carried out nor cancelled."""
        return self.done_at is None and self.dropped_at is None


class Transfer(Base):
    """One person's move: the appointment that ends, and the office that begins instead of it."""

    __tablename__ = "transfers"
    __table_args__ = (
        UniqueConstraint("list_id", "before_id"),
        CheckConstraint("rank IS NULL OR (role = 'officer' AND rank IN (1, 2))", name="rank"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("transfer_lists.id"))
    before_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    role: Mapped[Role] = mapped_column(enum_type(Role, "role"))
    rank: Mapped[int | None] = mapped_column(comment="None: the first free one, for an officer")
    contact_digest: Mapped[str] = mapped_column(
        String(64), default="", comment="Of the address confirmed for an office that needs it"
    )
    after_id: Mapped[int | None] = mapped_column(
        ForeignKey("appointments.id"), comment="The new appointment, once it has taken effect"
    )

    transfer_list: Mapped[TransferList] = relationship(back_populates="rows")
    before: Mapped[Appointment] = relationship(foreign_keys=[before_id])
    after: Mapped[Appointment | None] = relationship(foreign_keys=[after_id])
    department: Mapped[Department] = relationship()
