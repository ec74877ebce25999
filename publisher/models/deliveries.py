"""Tables of accounts, deliveries, their attempts and receipts, and the running clocks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Department
from publisher.states import AccountState, DeliveryState

if TYPE_CHECKING:
    from publisher.models.controls import Order
    from publisher.models.posts import Post, Variant


class DeliveryAction(StrEnum):
    """The action of a delivery on the platform."""

    PUBLISH = "publish"
    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    UNHIDE = "unhide"


OF_TEXTS = (DeliveryAction.PUBLISH, DeliveryAction.EDIT)
"""The actions that publish a text; the others carry out an order about a live post."""


class ReceiptOrigin(StrEnum):
    """The source of the knowledge that a delivery is live."""

    #: The platform's response.
    ANSWER = "answer"
    #: A search on the platform after an unknown outcome.
    LOOK_UP = "look_up"
    #: A person who looked on the platform.
    PERSON = "person"
    #: A person who published it there by hand.
    BY_HAND = "by_hand"


class Account(Base):
    """A page or handle of the city on a platform."""

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
    #: Encrypted.
    credentials: Mapped[str] = mapped_column(Text, default="")
    #: The end of a rate limit: nothing is sent before.
    quiet_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: True if this account was seen to stage posts unpublished and publish them afterwards.
    two_steps: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The dialect of requests that the platform last accepted, and since when; "" if any will do.
    dialect: Mapped[str] = mapped_column(String(20), default="", server_default="")
    dialect_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    purpose: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: The account's id on the platform.
    platform_id: Mapped[str] = mapped_column(String(40), default="", server_default="")
    #: The maximum number of publications in 24 hours.
    daily_cap: Mapped[int | None]
    #: The expiry of the token; None if it is never or not known.
    token_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The end of the access to data; None if it is never or not known.
    data_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The granted permissions.
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    #: The required permissions that were not granted.
    missing: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    #: The time when the platform was last asked if it reports comments by webhooks.
    subscription_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last time when it said that it does.
    subscribed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: True while its webhooks are relied on, and its posts are therefore polled rarely.
    is_told: Mapped[bool] = mapped_column(default=False, server_default=false())

    department: Mapped[Department] = relationship()
    #: The departments that may use it; if there are none, all departments may.
    open_to: Mapped[list[Department]] = relationship(
        secondary="account_departments", order_by="Department.id"
    )


class Delivery(Base):
    """An action on a platform that has to be carried out exactly once.

    `order` is the order to delete or hide; `variant` is then the one under which the post or
    comment appeared.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        partial_index(
            "uq_deliveries_variant_action",
            "variant_id",
            "action",
            where="action IN ('publish', 'edit')",
            unique=True,
        ),
        partial_index("ix_deliveries_due", "due_at", where="state = 'scheduled'"),
        partial_index(
            "ix_deliveries_account_due", "account_id", "due_at", "id", where="state = 'scheduled'"
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
    #: Minutes after `due_at` in which it may still be sent.
    late_limit: Mapped[int] = mapped_column(default=60)
    #: The earliest time of the next attempt (after a rate limit).
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The fencing token: the number of claims. A worker with an older number changes nothing.
    fence: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str] = mapped_column(String(80), default="")
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time of the next look-up on the platform, if the outcome is unknown.
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The number of look-ups so far.
    looks: Mapped[int] = mapped_column(default=0)
    reason: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    scheduled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: The platform's id of the unpublished post, in the first of two steps.
    staged_id: Mapped[str] = mapped_column(String(120), default="", server_default="")
    #: Urgent deliveries are sent before all others.
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())

    order: Mapped[Order | None] = relationship(back_populates="delivery")
    variant: Mapped[Variant] = relationship()
    post: Mapped[Post] = relationship()
    account: Mapped[Account] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(back_populates="delivery", order_by="Attempt.id")
    receipt: Mapped[ReceiptRow | None] = relationship(back_populates="delivery")


class Attempt(Base):
    """An attempt of a delivery: by which clock, its request, and its outcome."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("delivery_id", "fence"),
        partial_index("ix_attempts_sent", "sending_at", where="sending_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    #: The fencing token of its claim; negative for retries of a staged post, which have no claim.
    fence: Mapped[int]
    clock: Mapped[str] = mapped_column(String(80))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Written when the attempt ends; while it is being sent, its delivery has this moment.
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(40), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    #: The request to the platform: the action that was attempted.
    asked: Mapped[str] = mapped_column(String(24), default="", server_default="")
    #: The platform's id of the post that it staged unpublished.
    staged_id: Mapped[str] = mapped_column(String(120), default="", server_default="")
    #: The time when that staged post was removed as an orphan.
    tidied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: True if its claim was counted against the account's rate limits; undone if nothing was sent.
    counted: Mapped[bool] = mapped_column(default=False, server_default=false())

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")

    @property
    def began_at(self) -> datetime | None:
        """The moment at which it began to send; None if it did not."""
        delivery = self.delivery
        is_under_way = delivery.state is DeliveryState.SENDING and delivery.fence == self.fence
        return delivery.sending_at if is_under_way else self.sending_at


class ReceiptRow(Base):
    """The proof that a delivery was carried out: the platform's id, URL and time."""

    __tablename__ = "receipts"
    __table_args__ = (
        partial_index(
            "uq_receipts_created",
            "account_id",
            "platform_id",
            where="action = 'publish'",
            unique=True,
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
    #: The time since when the published post is no longer on the platform.
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    delivery: Mapped[Delivery] = relationship(back_populates="receipt")
    account: Mapped[Account] = relationship()


class ClockBeat(Base):
    """A running clock and its last heartbeat."""

    __tablename__ = "clock_beats"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time of a clean end; None while it runs, or if it was killed.
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
