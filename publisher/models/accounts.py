"""What is known beside an account: who may use it, its limits, its warnings, its connecting."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.deliveries import Account
from publisher.models.people import SignIn


class Ending(StrEnum):
    """What of an account's access comes to an end."""

    TOKEN = "token"  # noqa: S105  what ends
    DATA = "data"


class AccountDepartment(Base):
    """A department that may use an account; an account without any is open to all."""

    __tablename__ = "account_departments"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)


class AllowanceRow(Base):
    """How often a platform, or our own cap, lets an account do something, as last learned.

    `name` is the operation and its window, such as "publish.15min". After `resets_at` the row
    says nothing any more; one with nothing `remaining` holds publications back until then.
    """

    __tablename__ = "allowances"
    __table_args__ = (
        UniqueConstraint("account_id", "name"),
        Index(
            "ix_allowances_used_up",
            "account_id",
            sqlite_where=text("remaining <= 0"),
            postgresql_where=text("remaining <= 0"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(60))
    most: Mapped[int]
    remaining: Mapped[int]
    resets_at: Mapped[datetime] = mapped_column(UtcDateTime)
    learned_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EndingWarning(Base):
    """That it was told, so many days before, that a token or the access to data ends then."""

    __tablename__ = "ending_warnings"
    __table_args__ = (UniqueConstraint("account_id", "about", "ends_at", "days"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    about: Mapped[Ending] = mapped_column(enum_type(Ending, "about"))
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    days: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Connecting(Base):
    """One walk to a platform and back, by which an account is connected, in one session.

    `state_digest` is of the parameter that comes back, good once (`back_at`). `sealed` holds what
    the way needs: X's request token, then what was found; it is emptied when the walk ends.
    `refusal` is a code, `details` what its sentence needs. `account` is one to be connected anew.
    """

    __tablename__ = "connectings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    state_digest: Mapped[str] = mapped_column(String(64), unique=True)
    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_ins.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    address: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refusal: Mapped[str] = mapped_column(String(40), default="")
    details: Mapped[str] = mapped_column(Text, default="")
    sealed: Mapped[str] = mapped_column(Text, default="")

    sign_in: Mapped[SignIn] = relationship()
    account: Mapped[Account | None] = relationship()
