"""Tables of department changes, shared addresses, and files that fill the register."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Department, Person

_PENDING = "done_at IS NULL AND dropped_at IS NULL"


class DepartmentChangeKind(StrEnum):
    """The kind of a department change."""

    ADDED = "added"
    RENAMED = "renamed"
    PLACED = "placed"
    MERGED = "merged"
    CLOSED = "closed"


class DepartmentChange(Base):
    """A department change, in force from its day on."""

    __tablename__ = "department_changes"
    __table_args__ = (
        Index("ix_department_changes_department_on", "department_id", "in_force_on"),
        partial_index("ix_department_changes_waiting", "in_force_on", where=_PENDING),
        CheckConstraint("done_at IS NULL OR dropped_at IS NULL", name="one_end"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[DepartmentChangeKind] = mapped_column(enum_type(DepartmentChangeKind, "kind"))
    in_force_on: Mapped[date]
    order_number: Mapped[str] = mapped_column(String(80))
    #: The new names, here and in the next two columns.
    name_mr: Mapped[str] = mapped_column(String(200), default="")
    name_en: Mapped[str] = mapped_column(String(200), default="")
    name_hi: Mapped[str] = mapped_column(String(200), default="")
    #: The old names, here and in the next two columns.
    former_mr: Mapped[str] = mapped_column(String(200), default="")
    former_en: Mapped[str] = mapped_column(String(200), default="")
    former_hi: Mapped[str] = mapped_column(String(200), default="")
    #: The department it is merged into or reports to; None if it reports to none.
    other_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: The time when it was carried out; until then it waits.
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship(foreign_keys=[department_id])
    other: Mapped[Department | None] = relationship(foreign_keys=[other_id])
    recorded_by: Mapped[Person | None] = relationship()

    @property
    def waits(self) -> bool:
        """True if it was neither carried out nor cancelled."""
        return self.done_at is None and self.dropped_at is None


class DepartmentAddress(Base):
    """A department's shared mail address: it belongs to no person."""

    __tablename__ = "department_addresses"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    mail: Mapped[str] = mapped_column(String(254), unique=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None: by a command.
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when mails from there are the department's"
    )
    #: Somebody other than the person who recorded it.
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    department: Mapped[Department] = relationship()
    recorded_by: Mapped[Person | None] = relationship(foreign_keys=recorded_by_id)
    confirmed_by: Mapped[Person | None] = relationship(foreign_keys=confirmed_by_id)


class RegisterKind(StrEnum):
    """What a file holds for the register: the officers that departments named, or their heads."""

    OFFICERS = "officers"
    HEADS = "heads"


class RegisterLayout(Base):
    """The meaning of the columns of files with these headings, as somebody chose it once."""

    __tablename__ = "register_layouts"
    __table_args__ = (UniqueConstraint("kind", "digest"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[RegisterKind] = mapped_column(enum_type(RegisterKind, "kind"))
    #: The digest of the headings in their order, however they are spaced and written.
    digest: Mapped[str] = mapped_column(String(64))
    headings: Mapped[list[str]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None: by a command.
    kept_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class RegisterFile(Base):
    """A file between its upload and the act; its rows are deleted with it a day later."""

    __tablename__ = "register_files"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[RegisterKind] = mapped_column(enum_type(RegisterKind, "kind"))
    name: Mapped[str] = mapped_column(String(200))
    headings: Mapped[list[str]] = mapped_column(JSON)
    #: The number of each row in the file, and its cells.
    rows: Mapped[list[tuple[int, list[str]]]] = mapped_column(JSON)
    #: The ids of the departments that were chosen for spellings that no department has.
    choices: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
