"""Tables of accounts: who may use them, rate limits, charges, warnings, and OAuth sessions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.deliveries import Account
from publisher.models.partial_index import partial_index
from publisher.models.people import SignIn


class Ending(StrEnum):
    """The part of an account's access that ends."""

    TOKEN = "token"  # noqa: S105  what ends
    DATA = "data"


class AccountDepartment(Base):
    """A department that may use an account; an account without any is open to all departments."""

    __tablename__ = "account_departments"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)


class AllowanceRow(Base):
    """A rate limit of an account, by the platform or our own cap, as last reported.

    `name` is the operation and its window, such as "publish.15min". After `resets_at` the row is
    void; until then a row with nothing `remaining` holds publications back.
    """

    __tablename__ = "allowances"
    __table_args__ = (
        UniqueConstraint("account_id", "name"),
        partial_index("ix_allowances_used_up", "account_id", where="remaining <= 0"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(60))
    most: Mapped[int]
    remaining: Mapped[int]
    resets_at: Mapped[datetime] = mapped_column(UtcDateTime)
    learned_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EndingWarning(Base):
    """A warning that was sent `days` days before a token or the access to data ends."""

    __tablename__ = "ending_warnings"
    __table_args__ = (UniqueConstraint("account_id", "about", "ends_at", "days"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    about: Mapped[Ending] = mapped_column(enum_type(Ending, "about"))
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    days: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Connecting(Base):
    """An OAuth flow in one session, by which an account is connected."""

    __tablename__ = "connectings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    #: SHA-256 of the `state` parameter of the callback, which is valid once (see `back_at`).
    state_digest: Mapped[str] = mapped_column(String(64), unique=True)
    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_ins.id"))
    #: The account to reconnect, if it is connected already.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    address: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time of the callback.
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The code of a refusal; `details` are the values of its message.
    refusal: Mapped[str] = mapped_column(String(40), default="")
    details: Mapped[str] = mapped_column(Text, default="")
    #: Encrypted data: X's request token, then the candidates; empty once the flow has ended.
    sealed: Mapped[str] = mapped_column(Text, default="")

    sign_in: Mapped[SignIn] = relationship()
    account: Mapped[Account | None] = relationship()


class ChargeDay(Base):
    """The number of charges of one UTC day, by account, cause, kind and the price of that day."""

    __tablename__ = "charges"
    __table_args__ = (UniqueConstraint("utc_day", "account_id", "cause", "kind", "price"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    utc_day: Mapped[date]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: The value of a `Cause`, and of a `ChargeKind`, of the platforms.
    cause: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(24))
    #: The price of one, in millionths of a dollar.
    price: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int]


class ChargedResource(Base):
    """A resource that was charged on a UTC day: the platform charges our app for it once.

    If there are several causes, the first one pays. Rows are erased after a few days.
    """

    __tablename__ = "charged_resources"

    utc_day: Mapped[date] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20), primary_key=True)
    #: Such as "post/1234", "user/1234", "created/1234" or "hide/12".
    resource: Mapped[str] = mapped_column(String(140), primary_key=True)
