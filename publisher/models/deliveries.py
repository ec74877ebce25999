"""Accounts on platforms, deliveries, their attempts and receipts, and the clocks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.people import Department
from publisher.states import AccountState, DeliveryState

if TYPE_CHECKING:
    from publisher.models.controls import Order
    from publisher.models.posts import Post, Variant


class DeliveryAction(StrEnum):
    """What a delivery does on the platform."""

    PUBLISH = "publish"
    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    UNHIDE = "unhide"


OF_TEXTS = (DeliveryAction.PUBLISH, DeliveryAction.EDIT)
"""What brings a text out; the rest carries out an order about what is out already."""


class ReceiptOrigin(StrEnum):
    """How it is known that a delivery is live."""

    ANSWER = "answer"
    LOOK_UP = "look_up"
    PERSON = "person"
    BY_HAND = "by_hand"


class Account(Base):
    """A page or handle of the city. `credentials` is encrypted; `quiet_until` obeys rate limits.

    `two_steps`: it was seen that a post can be made unpublished here, and published afterwards.
    `department` owns it; the departments it is `open_to` may use it, all where there are none.
    `platform_id` is its number there; `daily_cap` how many publications may leave in 24 hours.
    `token_until` and `data_until` are when its access ends, None where that is never or not known;
    `scopes` are the rights granted, `missing` those that are needed and were not.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    platform: Mapped[str] = mapped_column(String(20))
    handle: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(160))
    url: Mapped[str] = mapped_column(String(500), default="")
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[AccountState] = mapped_column(
        enum_type(AccountState, "state"), default=AccountState.CONNECTED
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    credentials: Mapped[str] = mapped_column(Text, default="")
    quiet_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    two_steps: Mapped[bool] = mapped_column(default=False, server_default=false())
    purpose: Mapped[str] = mapped_column(Text, default="", server_default="")
    platform_id: Mapped[str] = mapped_column(String(40), default="", server_default="")
    daily_cap: Mapped[int | None]
    token_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    data_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    missing: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")

    department: Mapped[Department] = relationship()
    open_to: Mapped[list[Department]] = relationship(
        secondary="account_departments", order_by="Department.id"
    )


class Delivery(Base):
    """One thing to do on a platform, once.

    `late_limit` is in minutes. `fence` counts the claims; who holds an older one changes nothing.
    `not_before` delays a try (a rate limit); `look_at` is when to look for an unconfirmed one.
    `order` says what to delete or hide; its `variant` is then the one under which the thing
    stands. `staged_id` is the platform's id of what was made unpublished, in the first of two
    steps. `urgent` ones leave ahead of all others.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "uq_deliveries_variant_action",
            "variant_id",
            "action",
            unique=True,
            sqlite_where=text("action IN ('publish', 'edit')"),
            postgresql_where=text("action IN ('publish', 'edit')"),
        ),
        Index(
            "ix_deliveries_due",
            "due_at",
            sqlite_where=text("state = 'scheduled'"),
            postgresql_where=text("state = 'scheduled'"),
        ),
        Index(
            "ix_deliveries_account_due",
            "account_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'scheduled'"),
            postgresql_where=text("state = 'scheduled'"),
        ),
        Index(
            "ix_deliveries_urgent",
            "account_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'scheduled' AND urgent IS 1"),
            postgresql_where=text("state = 'scheduled' AND urgent IS true"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    action: Mapped[DeliveryAction] = mapped_column(
        enum_type(DeliveryAction, "action"), default=DeliveryAction.PUBLISH
    )
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    state: Mapped[DeliveryState] = mapped_column(
        enum_type(DeliveryState, "state"), default=DeliveryState.SCHEDULED
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    late_limit: Mapped[int] = mapped_column(default=60)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str] = mapped_column(String(80), default="")
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    looks: Mapped[int] = mapped_column(default=0)
    reason: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    scheduled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    staged_id: Mapped[str] = mapped_column(String(120), default="", server_default="")
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())

    order: Mapped[Order | None] = relationship(back_populates="delivery")
    variant: Mapped[Variant] = relationship()
    post: Mapped[Post] = relationship()
    account: Mapped[Account] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(back_populates="delivery", order_by="Attempt.id")
    receipt: Mapped[ReceiptRow | None] = relationship(back_populates="delivery")


class Attempt(Base):
    """One try of a delivery: by which clock, what was asked, and what came of it.

    `fence` is its claim's; a second step that is taken again has no claim, and one below nought.
    `staged_id` is what it made unpublished; `tidied_at` when that was removed as an orphan.
    `counted`: its claim counted it against the account's limits, which is undone if it stays here.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("delivery_id", "fence"),
        Index(
            "ix_attempts_sent",
            "sending_at",
            sqlite_where=text("sending_at IS NOT NULL"),
            postgresql_where=text("sending_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    fence: Mapped[int]
    clock: Mapped[str] = mapped_column(String(80))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(40), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(String(24), default="", server_default="")
    staged_id: Mapped[str] = mapped_column(String(120), default="", server_default="")
    tidied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counted: Mapped[bool] = mapped_column(default=False, server_default=false())

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")


class ReceiptRow(Base):
    """The proof that a delivery was carried out: the platform's id, link and time.

    `gone_at`: since when what a publication made is no longer on the platform.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        Index(
            "uq_receipts_created",
            "account_id",
            "platform_id",
            unique=True,
            sqlite_where=text("action = 'publish'"),
            postgresql_where=text("action = 'publish'"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    platform_id: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(String(500), default="")
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    origin: Mapped[ReceiptOrigin] = mapped_column(enum_type(ReceiptOrigin, "origin"))
    answer: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    action: Mapped[DeliveryAction] = mapped_column(
        enum_type(DeliveryAction, "action"),
        default=DeliveryAction.PUBLISH,
        server_default=DeliveryAction.PUBLISH.value,
    )
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    delivery: Mapped[Delivery] = relationship(back_populates="receipt")
    account: Mapped[Account] = relationship()


class ClockBeat(Base):
    """A running clock and when it last ticked."""

    __tablename__ = "clock_beats"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
