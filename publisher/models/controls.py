"""Tables of controls other than approvals: takedown orders, stops and freezes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person


class Order(Base):
    """An order about a live post or comment: delete a post or reply, hide or unhide a comment.

    Exactly one of `receipt` and `comment` is set: the post or comment here; `delivery` carries the
    order out.
    """

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), unique=True)
    action: Mapped[DeliveryAction] = mapped_column(enum_type(DeliveryAction, "action"))
    #: The platform's id of the post or comment.
    target: Mapped[str] = mapped_column(String(120))
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("receipts.id"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    #: The reason, which is public if a post is deleted.
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))

    delivery: Mapped[Delivery] = relationship(back_populates="order")
    receipt: Mapped[ReceiptRow | None] = relationship()
    comment: Mapped[Comment | None] = relationship()
    department: Mapped[Department] = relationship()
    person: Mapped[Person] = relationship()
    appointment: Mapped[Appointment] = relationship()


class Stop(Base):
    """A stop of all deliveries except hiding and deleting, until it is released.

    `person` is None if no person pressed it: a command did, or a restored backup starts under it.
    """

    __tablename__ = "stops"
    __table_args__ = (partial_index("ix_stops_standing", "id", where="released_at IS NULL"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    release_reason: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment | None] = relationship()
    released_by: Mapped[Person | None] = relationship(foreign_keys=[released_by_id])


class Freeze(Base):
    """A freeze of posts of an account, a department and a kind from one moment to another.

    None means every account, every department, every kind of submission. Replies to citizens and
    emergency posts are not frozen.
    """

    __tablename__ = "freezes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[str | None] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    account: Mapped[Account | None] = relationship()
    department: Mapped[Department | None] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment] = relationship()
    lifted_by: Mapped[Person | None] = relationship(foreign_keys=[lifted_by_id])
