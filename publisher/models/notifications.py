"""The table of outgoing mails and SMS: queued with the change that causes them, sent by a tick."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.partial_index import partial_index
from publisher.models.people import Person
from publisher.states import NoticeState


class Channel(StrEnum):
    """The channel of a notice."""

    MAIL = "mail"
    SMS = "sms"


class Notice(Base):
    """A mail or SMS: its text, its recipient, and its state.

    An SMS is its registered template filled with `variables`; subject and body are then the mail
    that is sent if no template is registered, and, with `mail_too`, in addition. For a notice about
    texts of a post, `lines` has one line for each text, and `variables` the rest.
    """

    __tablename__ = "notices"
    __table_args__ = (
        partial_index("ix_notices_due", "send_at", where="state IN ('queued', 'sending')"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    channel: Mapped[Channel] = mapped_column(enum_type(Channel, "channel"), default=Channel.MAIL)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    variables: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    mail_too: Mapped[bool] = mapped_column(default=False)
    #: The post of `lines`.
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    lines: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    mail_id: Mapped[str] = mapped_column(String(120), unique=True)
    #: The path of its link, by which an answer to the mail is filed; empty where it is secret.
    path: Mapped[str] = mapped_column(String(200), default="", server_default="")
    #: The revision whose texts are in `body`, and whose pictures go with the mail.
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    #: The Message-IDs of the thread that it answers, the latest one last.
    in_thread: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    state: Mapped[NoticeState] = mapped_column(
        enum_type(NoticeState, "state"), default=NoticeState.QUEUED
    )
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    send_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")

    person: Mapped[Person | None] = relationship()
