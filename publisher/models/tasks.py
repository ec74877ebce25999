"""Tables of tasks: who has to act on what, since when and until when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.partial_index import partial_index

OPEN = "closed_at IS NULL"
"""The SQL condition of an open task."""

_WHAT = ("kind", "subject", "subject_id")


class Task(Base):
    """Somebody has to do this kind of thing about this subject; closed rows stay.

    Exactly one of `appointment_id` and `queue` says who: everybody of a role shares a queue. Kinds
    are plain text, because a row may be from a newer release. Nothing here is personal.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("(appointment_id IS NULL) <> (queue IS NULL)", name="whose"),
        partial_index(
            "uq_tasks_appointment",
            *(*_WHAT, "appointment_id", "department_id"),
            where=f"{OPEN} AND appointment_id IS NOT NULL",
            unique=True,
        ),
        # A unique index treats NULLs as different, so tasks without a department have their own.
        partial_index(
            "uq_tasks_queue",
            *(*_WHAT, "queue", "department_id"),
            where=f"{OPEN} AND queue IS NOT NULL",
            unique=True,
        ),
        partial_index(
            "uq_tasks_queue_alone",
            *(*_WHAT, "queue"),
            where=f"{OPEN} AND queue IS NOT NULL AND department_id IS NULL",
            unique=True,
        ),
        Index("ix_tasks_subject", "subject", "subject_id"),
        partial_index(
            "ix_tasks_untold",
            "appointment_id",
            where=f"{OPEN} AND told_at IS NULL AND appointment_id IS NOT NULL",
        ),
        partial_index("ix_tasks_open_appointment", "appointment_id", where=OPEN),
        partial_index("ix_tasks_open_queue", "queue", where=OPEN),
        partial_index("ix_tasks_open_kind", "kind", where=OPEN),
        Index("ix_tasks_appointment_told", "appointment_id", "told_at"),
        Index("ix_tasks_change", "change_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40), comment="As in events: a table's name")
    subject_id: Mapped[int] = mapped_column(Key)
    post_id: Mapped[int | None] = mapped_column(
        ForeignKey("posts.id"), comment="The post to which it belongs: one line of Today"
    )
    # No foreign key: closing a department locks its row, and then waits for its tasks.
    department_id: Mapped[int | None] = mapped_column(Key)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    queue: Mapped[str | None] = mapped_column(String(20))
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_kind: Mapped[str | None] = mapped_column(String(20))
    is_urgent: Mapped[bool] = mapped_column(default=False)
    quiet_until: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Until then lists and counts leave it out"
    )
    told_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When a message last told of it"
    )
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    change_id: Mapped[int] = mapped_column(
        Key, comment="Of its last opening, change or closing, in the order of their commits"
    )


class TaskLook(Base):
    """The next moment at which time alone changes the tasks of a subject.

    A department is a subject too: an office or an absence in it begins or ends then.
    """

    __tablename__ = "task_looks"

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    look_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TaskFilling(Base):
    """Subjects whose tasks an upgrade still has to create, and the last one that has them."""

    __tablename__ = "task_fillings"

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    last_id: Mapped[int] = mapped_column(Key)


class TaskChange(Base):
    """The last number of a change, in one row that the first change creates."""

    __tablename__ = "task_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Key)
