"""Tables of saved views and exports, and the indexes of the lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime
from publisher.models.comments import Comment, Thread
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.notifications import Notice
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, RevisionDepartment
from publisher.models.submissions import Submission


class SavedView(Base):
    """A named choice of filters of a person; `query` is the query string after the `?`."""

    __tablename__ = "kept_views"
    __table_args__ = (UniqueConstraint("person_id", "page", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    page: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()


class Export(Base):
    """A list that is being exported for a person, so far `done` rows of `total`.

    It can be downloaded until `expires_at`.
    """

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    #: The departments that an oversight office could see at the time of the request.
    line: Mapped[list[int]] = mapped_column(JSON)
    page: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    #: The position where the next part begins.
    place: Mapped[str] = mapped_column(String(80), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    appointment: Mapped[Appointment] = relationship()


class ExportPart(Base):
    """The rows of an export that were read in one step, as plain values in their order."""

    __tablename__ = "export_parts"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class ExportFile(Base):
    """A file that an export has made, such as the PDF of a letter."""

    __tablename__ = "export_files"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    content: Mapped[bytes] = mapped_column(LargeBinary)


Index("ix_submissions_wished", Submission.wished_at, Submission.id)
Index("ix_submissions_received", Submission.received_at, Submission.id)
Index("ix_decisions_revision_id", Decision.revision_id)
Index("ix_deliveries_state", Delivery.state, Delivery.state_at)
Index("ix_comments_state", Comment.state, Comment.state_at, Comment.id)
Index(
    "ix_comments_department_state",
    Comment.department_id,
    Comment.state,
    Comment.state_at,
    Comment.id,
)
Index(
    "ix_comments_department_state_due",
    Comment.department_id,
    Comment.state,
    Comment.due_at,
    Comment.id,
)
Index("ix_submissions_department_state", Submission.department_id, Submission.state)
Index("ix_posts_department_state", Post.department_id, Post.state)
Index(
    "ix_revision_departments_department",
    RevisionDepartment.department_id,
    RevisionDepartment.revision_id,
)
Index("ix_deliveries_variant", Delivery.variant_id, Delivery.state, Delivery.state_at)
Index("ix_deliveries_planned", Delivery.due_at)
Index("ix_receipts_published_at", ReceiptRow.published_at)
Index("ix_threads_receipt_id", Thread.receipt_id)
partial_index("ix_receipts_gone", ReceiptRow.delivery_id, where="gone_at IS NOT NULL")
_STUCK = "state IN ('failed', 'unconfirmed')"
partial_index("ix_notices_stuck", Notice.state_at, Notice.id, where=_STUCK)
