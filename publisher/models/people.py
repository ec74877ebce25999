"""Tables of departments, people, their appointments, sessions, links and preferences."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    false,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approvals.policy import Role
from publisher.database.session import AnyRow, Base, Key, UtcDateTime, enum_type
from publisher.states import AppointmentState

if TYPE_CHECKING:
    from publisher.models.history import AppointmentRecorder
    from publisher.models.nominations import Nomination


class Department(Base):
    """A department or office of the city, in force between two dates."""

    __tablename__ = "departments"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name_mr: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    name_hi: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(40))
    annex_no: Mapped[int | None] = mapped_column(unique=True)
    name_mr_transcribed: Mapped[str] = mapped_column(String(200), default="")
    reports_to_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    from_on: Mapped[date | None]
    until_on: Mapped[date | None]

    reports_to: Mapped[Department | None] = relationship(remote_side="Department.id")


class Person(Base):
    """A user; `mail` is in lower case, `mobile` in E.164."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name_mr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    designation: Mapped[str] = mapped_column(String(160), default="")
    mail: Mapped[str | None] = mapped_column(String(254), unique=True)
    mobile: Mapped[str | None] = mapped_column(String(20), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="mr")
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keys_off_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when the person wants no keyboard shortcuts"
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mail_proven_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When a link or code that was sent there was used"
    )
    mobile_proven_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When a link or code that was sent there was used"
    )
    mail_confirmed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When it stood in the confirmation of an appointment"
    )
    mobile_confirmed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When it stood in the confirmation of an appointment"
    )

    contact_changes: Mapped[list[ContactChange]] = relationship(
        back_populates="person", foreign_keys="ContactChange.person_id"
    )
    appointments: Mapped[list[Appointment]] = relationship(
        back_populates="person", foreign_keys="Appointment.person_id", order_by="Appointment.id"
    )

    @property
    def uses_keys(self) -> bool:
        """True unless the person has turned the keyboard shortcuts off."""
        return self.keys_off_at is None

    @property
    def sure_mobile(self) -> str | None:
        """The mobile number that codes about rights may go to: proven or confirmed, else None."""
        return self.mobile if self.mobile_proven_at or self.mobile_confirmed_at else None


class ServiceClass(StrEnum):
    """The class of a person's service, as the circular's form asks for it."""

    OFFICIAL = "official"
    EMPLOYEE = "employee"


class Appointment(Base):
    """A person's role in a department for a time, by an order; officers have a `rank`, 1 or 2."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("until_at IS NULL OR until_at >= from_at", name="until_after_from"),
        CheckConstraint("rank IS NULL OR (role = 'officer' AND rank IN (1, 2))", name="rank"),
        Index("ix_appointments_department_role", "department_id", "role"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_type(Role, "role"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    rank: Mapped[int | None]
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order_number: Mapped[str] = mapped_column(String(80), default="")
    service_class: Mapped[ServiceClass | None] = mapped_column(
        enum_type(ServiceClass, "service_class")
    )
    state: Mapped[AppointmentState] = mapped_column(
        enum_type(AppointmentState, "state"), default=AppointmentState.RECORDED
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    printed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # until 0.2.0
    confirmed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="None with a time: by a command, or at an upgrade"
    )
    confirmed_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When others were told that it was recorded, or confirmed"
    )
    is_unreviewed: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        comment="In force at an upgrade, by a confirmation that would not be enough today",
    )

    person: Mapped[Person] = relationship(back_populates="appointments", foreign_keys=[person_id])
    department: Mapped[Department] = relationship()
    recorded_by: Mapped[Person | None] = relationship(foreign_keys=[recorded_by_id])
    confirmed_by: Mapped[Person | None] = relationship(foreign_keys=[confirmed_by_id])
    confirmed_under: Mapped[Appointment | None] = relationship(
        foreign_keys=[confirmed_under_id], remote_side="Appointment.id"
    )
    recorders: Mapped[list[AppointmentRecorder]] = relationship(order_by="AppointmentRecorder.at")
    #: What heads wrote on paper: the nominations of this officer that have a scan.
    letters: Mapped[list[Nomination]] = relationship(
        primaryjoin="and_(Nomination.scan_sha256.is_not(None), "
        "Appointment.id.in_([foreign(Nomination.first_id), foreign(Nomination.second_id)]))",
        viewonly=True,
    )

    @property
    def recorder_ids(self) -> frozenset[int]:
        """The ids of those who have written in it, whatever they wrote."""
        return frozenset(recorder.person_id for recorder in self.recorders)

    def in_force(self, at: datetime) -> bool:
        """Return True if the appointment grants its rights at this time."""
        return is_office_held(self, at)

    @classmethod
    def in_force_at(cls, at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """Return the same as a condition in SQL; an alias of the class has it too."""
        return and_(cls.state == AppointmentState.ACTIVE, cls.covered_at(at))

    @classmethod
    def informed_at(cls, at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """Return the condition of those who get messages: the confirmed as well as the active."""
        informed = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)
        return and_(cls.state.in_(informed), cls.covered_at(at))

    @classmethod
    def covered_at(cls, at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """Return the condition that this time is between the dates, whatever the state is."""
        return and_(cls.from_at <= at, or_(cls.until_at.is_(None), cls.until_at > at))

    def covers(self, at: datetime) -> bool:
        """Return True if this time is between its dates, whatever its state is."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)

    def has_ended(self, at: datetime) -> bool:
        """Return True if the appointment has ended by this time; a future one has not."""
        return self.state is AppointmentState.ENDED or (
            self.until_at is not None and self.until_at <= at
        )


def is_office_held(row: Appointment | AnyRow, at: datetime) -> bool:
    """Return `Appointment.in_force` for an appointment, or for a row with its columns."""
    is_between = row.from_at <= at and (row.until_at is None or at < row.until_at)
    return row.state is AppointmentState.ACTIVE and bool(is_between)


class SignIn(Base):
    """A session of a person, stored by the digest of its random token."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    signed_in_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    device: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    is_shared: Mapped[bool] = mapped_column(default=False)
    method: Mapped[str] = mapped_column(String(20), default="password")
    factor_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the second factor was last proved, here or on this device"
    )
    vouched_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="Who read out a code in its place, for an emergency"
    )
    vouched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment] = relationship()


class KnownDevice(Base):
    """A browser in which a person signed in, stored by the digest of its random token.

    Several people may use one browser: each has a row of their own, with the same token.
    """

    __tablename__ = "known_devices"
    __table_args__ = (UniqueConstraint("token_digest", "person_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    device: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    known_since: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    factor_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the second factor was last proved on this device"
    )


class SignInAttempt(Base):
    """A failed sign-in, by the digest of the login and by network address, for throttling."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Link(Base):
    """A one-time link, stored by the digest of its token: for one purpose, subject and act."""

    __tablename__ = "links"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int] = mapped_column(Key)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    sent_to: Mapped[str] = mapped_column(
        String(254), default="", comment="The mail address or mobile number it was made for"
    )
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()


class NoticeGroup(StrEnum):
    """The groups of notices, each with its own preference."""

    APPROVALS = "approvals"
    COMMENTS = "comments"
    DEADLINES = "deadlines"


class Telling(StrEnum):
    """The channels that a person can choose."""

    MAIL = "mail"
    SMS = "sms"
    BOTH = "both"


class Preference(Base):
    """A person's preference for one group of notices; without a row it is mail."""

    __tablename__ = "preferences"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    about: Mapped[NoticeGroup] = mapped_column(enum_type(NoticeGroup, "about"), primary_key=True)
    telling: Mapped[Telling] = mapped_column(enum_type(Telling, "telling"))


class ContactField(StrEnum):
    """The contact fields, which are also logins."""

    MAIL = "mail"
    MOBILE = "mobile"


class ContactChange(Base):
    """A new mail address or mobile number that is not in force yet.

    A change that its owner asked for waits for the code that was sent there. A change that the
    staff asked for, for somebody who has signed in, has an `in_force_at`.
    """

    __tablename__ = "contact_changes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    field: Mapped[ContactField] = mapped_column(enum_type(ContactField, "field"))
    value: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="None: by its owner"
    )
    seconded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    in_force_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(
        back_populates="contact_changes", foreign_keys=[person_id]
    )
    asked_by: Mapped[Person | None] = relationship(foreign_keys=[asked_by_id])
    seconded_by: Mapped[Person | None] = relationship(foreign_keys=[seconded_by_id])
