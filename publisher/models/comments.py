"""Tables of citizens' comments, their routing and the replies."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department
from publisher.states import CommentState

if TYPE_CHECKING:
    from publisher.models.posts import Post


class AnswerKind(StrEnum):
    """The kind of a reply: a final answer, or an interim one that says that it is being handled."""

    FINAL = "final"
    INTERIM = "interim"


class Source(Base):
    """A source of comments: an account's mentions (`receipt` None) or a published post."""

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("receipt_id"),
        Index("ix_sources_read_at", "read_at"),
        partial_index("uq_sources_mentions", "account_id", where="receipt_id IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("receipts.id"))
    cursor: Mapped[str | None] = mapped_column(Text)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()
    receipt: Mapped[ReceiptRow | None] = relationship()


class Thread(Base):
    """The comments under one root on a platform; `receipt` is set if the root is ours."""

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("account_id", "root_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    root_id: Mapped[str] = mapped_column(String(120))
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("receipts.id"))

    account: Mapped[Account] = relationship()
    receipt: Mapped[ReceiptRow | None] = relationship()
    comments: Mapped[list[Comment]] = relationship(
        back_populates="thread", order_by="Comment.written_at"
    )


class Comment(Base):
    """A comment, stored once."""

    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("account_id", "platform_id"),
        Index("ix_comments_department_due", "department_id", "due_at"),
        Index("ix_comments_account_seen", "account_id", "seen_at"),
        partial_index("ix_comments_open", "due_at", where="state IN ('received', 'routed')"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), index=True)
    platform_id: Mapped[str] = mapped_column(String(120))
    parent_platform_id: Mapped[str] = mapped_column(String(120), default="")
    author_name: Mapped[str] = mapped_column(String(200), default="")
    author_handle: Mapped[str] = mapped_column(String(120), default="")
    text: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(String(500), default="")
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[CommentState] = mapped_column(
        enum_type(CommentState, "state"), default=CommentState.RECEIVED
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The number of times that it was opened for an answer.
    opening: Mapped[int] = mapped_column(default=1)
    interim_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time since when it has been hidden on its platform, by us or by others.
    hidden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time when a webhook named it first; None if it was only found by reading.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The time when it was found to be deleted on its platform, by its citizen or by others.
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")

    account: Mapped[Account] = relationship()
    thread: Mapped[Thread] = relationship(back_populates="comments")
    department: Mapped[Department | None] = relationship()
    routings: Mapped[list[Routing]] = relationship(back_populates="comment", order_by="Routing.id")
    replies: Mapped[list[Reply]] = relationship(back_populates="comment", order_by="Reply.post_id")
    versions: Mapped[list[CommentVersion]] = relationship(
        back_populates="comment", order_by="CommentVersion.id"
    )

    @property
    def author(self) -> str:
        """Return the author's handle, or their name on a platform without handles."""
        return self.author_handle or self.author_name


class CommentVersion(Base):
    """An earlier text of a comment that its citizen edited."""

    __tablename__ = "comment_versions"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    #: The time when this text was read first.
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time when the text that replaced it was read.
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)

    comment: Mapped[Comment] = relationship(back_populates="versions")


class UnstoredComment(Base):
    """A comment that could not be stored: it is in no inbox, and here as it was read, once."""

    __tablename__ = "unstored_comments"
    __table_args__ = (UniqueConstraint("account_id", "digest"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: SHA-256 of `platform_id`, which may be too long for an index.
    digest: Mapped[str] = mapped_column(String(64))
    platform_id: Mapped[str] = mapped_column(Text)
    #: The comment as the platform's client returned it, as JSON.
    raw: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()


class Webhook(Base):
    """A request by which a platform reports changes: its signed body, stored before our answer."""

    __tablename__ = "webhooks"
    __table_args__ = (
        UniqueConstraint("platform", "digest"),
        Index("ix_webhooks_received_at", "received_at"),
        partial_index("ix_webhooks_waiting", "id", where="worked_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    #: SHA-256 of the body: a repeated request is stored once.
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time when its hints were stored.
    worked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CommentHint(Base):
    """A comment that a webhook named; it is read by its id, and the hint then deleted.

    A comment under a post that is not ours (yet) waits, until its post is known or 30 days pass.
    """

    __tablename__ = "comment_hints"
    __table_args__ = (
        Index("ix_comment_hints_read_at", "read_at"),
        Index("ix_comment_hints_comment", "platform", "platform_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    platform_id: Mapped[str] = mapped_column(String(120))
    root_id: Mapped[str] = mapped_column(String(120))
    #: What its webhook said about it: a `CommentChange`.
    change: Mapped[str] = mapped_column(String(24))
    #: The time when its webhook was received.
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The time from which the comment is read.
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Routing(Base):
    """A routing of a comment: department (None: the cell's queue), person, time and reason."""

    __tablename__ = "routings"
    __table_args__ = (
        partial_index("uq_routings_current", "comment_id", where="until_at IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"), index=True)
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    comment: Mapped[Comment] = relationship(back_populates="routings")
    department: Mapped[Department | None] = relationship()
    appointment: Mapped[Appointment | None] = relationship()


class Reply(Base):
    """The post that answers a comment, in the opening with number `opening`."""

    __tablename__ = "replies"
    __table_args__ = (
        partial_index(
            "uq_replies_final",
            "comment_id",
            "opening",
            where="answer = 'final' AND withdrawn_at IS NULL",
            unique=True,
        ),
    )

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), index=True)
    answer: Mapped[AnswerKind] = mapped_column(enum_type(AnswerKind, "answer"))
    opening: Mapped[int]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    post: Mapped[Post] = relationship(back_populates="reply")
    comment: Mapped[Comment] = relationship(back_populates="replies")


class CommentAuthor(Base):
    """The author of a comment, as read once and kept for 30 days; without names if not found."""

    __tablename__ = "comment_authors"
    __table_args__ = (UniqueConstraint("platform", "author_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    author_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200), default="")
    handle: Mapped[str] = mapped_column(String(120), default="")
    read_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class UnnamedComment(Base):
    """A comment that was stored without its author's name, which is asked for again."""

    __tablename__ = "unnamed_comments"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    author_id: Mapped[str] = mapped_column(String(120))
    #: The time of the next try.
    try_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    comment: Mapped[Comment] = relationship()
