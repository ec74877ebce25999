"""Tables of posts, their revisions and variants, and the decisions about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from approvals.approvers import HeadGround
from approvals.states import PostState
from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.comments import Reply
from publisher.models.deliveries import Account, Delivery
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import Submission

if TYPE_CHECKING:
    from publisher.models.emergency import EmergencyUse


class Language(StrEnum):
    """The language of a text."""

    MARATHI = "mr"
    ENGLISH = "en"
    HINDI = "hi"
    MIXED = "mixed"


class PostKind(StrEnum):
    """The kind of a post: a post of its own, or a reply to a comment."""

    POST = "post"
    REPLY = "reply"


class DecisionKind(StrEnum):
    """The kind of a decision about a revision; the first three are approvals."""

    APPROVED = "approved"
    OWN_HAND = "own_hand"
    EMERGENCY = "emergency"
    RETURNED = "returned"
    REJECTED = "rejected"


class DecisionCredential(StrEnum):
    """How the person of a decision was identified."""

    SESSION = "session"
    LINK_AND_CODE = "link_and_code"  #: A personal link, and a code by SMS.
    LINK_AND_PASSKEY = "link_and_passkey"
    LINK_AND_SIGN_IN = "link_and_sign_in"


class PictureView(StrEnum):
    """What the approver's browser reported about the pictures; no rule depends on it."""

    SHOWN = "shown"  #: Each was on the screen, whole.
    TICKED = "ticked"  #: One did not load, and the approver ticked that it was seen elsewhere.
    NOT_KNOWN = "not_known"  #: The browser runs no scripts, or reported nothing.


# Orders about live posts and comments are not deliveries of a text, so they are left out.
_TEXTS = "and_({}, Delivery.action.in_(['publish', 'edit']))"


class Post(Base):
    """A post, with its text in revisions."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    state: Mapped[PostState] = mapped_column(
        enum_type(PostState, "state"), default=PostState.DRAFT, index=True
    )
    kind: Mapped[PostKind] = mapped_column(enum_type(PostKind, "kind"), default=PostKind.POST)
    title: Mapped[str] = mapped_column(String(200))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    #: The number of the latest revision.
    newest: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship()
    reply: Mapped[Reply | None] = relationship(back_populates="post")
    submissions: Mapped[list[Submission]] = relationship(
        secondary="post_submissions", back_populates="posts", order_by="Submission.id"
    )
    revisions: Mapped[list[Revision]] = relationship(
        back_populates="post", order_by="Revision.number"
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        order_by="Delivery.due_at",
        viewonly=True,
        primaryjoin=_TEXTS.format("Post.id == Delivery.post_id"),
    )


_RESTORED = "restored_from_id IS NOT NULL"


class Revision(Base):
    """A version of a post, as a person saved it.

    Sending it for review fixes its window, its canonical form and its digest. `restored_from` is
    the older revision of the same post whose text it restores.
    """

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("post_id", "number"),
        partial_index("ix_revisions_restored", "restored_from_id", where=_RESTORED),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    number: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    author_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    restored_from_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_for_review_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    head_decides_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="From when the head may decide if no officer has; fixed on sending"
    )
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    canonical: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64), default="")

    post: Mapped[Post] = relationship(back_populates="revisions")
    author: Mapped[Person] = relationship()
    author_under: Mapped[Appointment | None] = relationship()
    restored_from: Mapped[Revision | None] = relationship(remote_side="Revision.id")
    variants: Mapped[list[Variant]] = relationship(
        back_populates="revision", order_by="Variant.position"
    )
    departments: Mapped[list[RevisionDepartment]] = relationship(back_populates="revision")
    decisions: Mapped[list[Decision]] = relationship(
        back_populates="revision", order_by="Decision.id"
    )


class RevisionDepartment(Base):
    """A department named by a revision."""

    __tablename__ = "revision_departments"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    #: True if the department has to approve.
    asked: Mapped[bool] = mapped_column(default=True)

    revision: Mapped[Revision] = relationship(back_populates="departments")
    department: Mapped[Department] = relationship()


class Variant(Base):
    """A text on one account in one language; `target` is the post to reply to or to edit."""

    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("revision_id", "account_id", "language"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    position: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    language: Mapped[Language] = mapped_column(enum_type(Language, "language"))
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(2000), default="")
    target: Mapped[str] = mapped_column(String(120), default="")

    revision: Mapped[Revision] = relationship(back_populates="variants")
    account: Mapped[Account] = relationship()
    renditions: Mapped[list[Rendition]] = relationship(
        back_populates="variant", order_by="Rendition.position"
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        viewonly=True, primaryjoin=_TEXTS.format("Variant.id == Delivery.variant_id")
    )


class Rendition(Base):
    """A picture as it is sent to a platform; `source_sha256` is its original."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("variant_id", "position"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    position: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    source_sha256: Mapped[str] = mapped_column(String(64))
    mime: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]
    alt_text: Mapped[str] = mapped_column(Text, default="")

    variant: Mapped[Variant] = relationship(back_populates="renditions")


class Decision(Base):
    """An approval, return or rejection of one revision, by a person under an appointment."""

    __tablename__ = "decisions"
    __table_args__ = (
        partial_index(
            "uq_decisions_standing_approval",
            "revision_id",
            "department_id",
            where="withdrawn_at IS NULL AND kind IN ('approved', 'own_hand', 'emergency')",
            unique=True,
        ),
        partial_index("ix_decisions_lapsed", "lapsed_at", where="lapsed_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[DecisionKind] = mapped_column(enum_type(DecisionKind, "kind"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    lapsed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime,
        comment="When its appointment had to be confirmed again, until people are told",
    )
    head_ground: Mapped[HeadGround | None] = mapped_column(
        enum_type(HeadGround, "head_ground"), comment="Why a head might decide; None for others"
    )
    head_from_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="From when the head might, if it was because nobody had decided"
    )
    credential: Mapped[DecisionCredential] = mapped_column(
        enum_type(DecisionCredential, "credential"),
        default=DecisionCredential.SESSION,
        server_default=DecisionCredential.SESSION.value,
        comment="How the person was known",
    )
    picture_view: Mapped[PictureView | None] = mapped_column(
        enum_type(PictureView, "picture_view"),
        comment="What the browser reported about the pictures; None if it was not asked",
    )

    revision: Mapped[Revision] = relationship(back_populates="decisions")
    department: Mapped[Department] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment] = relationship()
    use: Mapped[EmergencyUse | None] = relationship(back_populates="decision")
