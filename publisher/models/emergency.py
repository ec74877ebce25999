"""Tables of the emergency lane: duties, approved templates, their uses, and alerts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.database.session import Base, Key, UtcDateTime, enum_type
from publisher.models.deliveries import Delivery
from publisher.models.partial_index import partial_index
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Decision


class TemplateVerdict(StrEnum):
    """A department's decision about a revision of a template."""

    APPROVED = "approved"
    RETURNED = "returned"


class WordHow(StrEnum):
    """The medium of the instruction for an emergency publication."""

    PHONE = "phone"
    IN_PERSON = "in_person"
    LETTER = "letter"
    RADIO = "radio"


class Ratification(StrEnum):
    """The department's decision after an emergency publication."""

    RATIFIED = "ratified"
    REFUSED = "refused"


class Duty(Base):
    """A duty of a person, who may publish urgent warnings in that time, whatever the role.

    It grants no right before it is approved: at once, or by a second admin or lead. An ended duty
    records when and by whom it was ended, and stays in the roster.
    """

    __tablename__ = "duties"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    recorded_under_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    approved_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="None: it waits for a second admin or lead, and gives no right"
    )
    approved_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id"), comment="None with a time: it needed nobody else"
    )
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    recorded_by: Mapped[Person] = relationship(foreign_keys=[recorded_by_id])
    approved_by: Mapped[Person | None] = relationship(foreign_keys=[approved_by_id])
    ended_by: Mapped[Person | None] = relationship(foreign_keys=[ended_by_id])


class EmergencyTemplate(Base):
    """A prepared warning; `department` owns it, `newest` is the number of its latest revision.

    Department and names are those of the latest revision. `code` names a template that came with
    the product. An ended one is no longer offered.
    """

    __tablename__ = "emergency_templates"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(60), unique=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    name_mr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    newest: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship()
    revisions: Mapped[list[TemplateRevision]] = relationship(
        back_populates="template", order_by="TemplateRevision.number"
    )


class TemplateRevision(Base):
    """A version of a template: its texts, its blanks, and the digest that is approved.

    `blanks` are rows of name, kind, maximum length and choices. Without an author it came with the
    product. `late_limit` is in minutes.
    """

    __tablename__ = "template_revisions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("emergency_templates.id"))
    number: Mapped[int]
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    name_mr: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    text_mr: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    blanks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    late_limit: Mapped[int] = mapped_column(default=60)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    author_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[str] = mapped_column(String(64))

    template: Mapped[EmergencyTemplate] = relationship(back_populates="revisions")
    department: Mapped[Department] = relationship()
    author: Mapped[Person | None] = relationship()
    author_under: Mapped[Appointment | None] = relationship()
    decisions: Mapped[list[TemplateDecision]] = relationship(
        back_populates="revision", order_by="TemplateDecision.id"
    )


_IN_FORCE = "verdict = 'approved' AND withdrawn_at IS NULL"


class TemplateDecision(Base):
    """A department's approval, or return, of exactly one revision of its template."""

    __tablename__ = "template_decisions"
    __table_args__ = (
        partial_index(
            "uq_template_decisions_standing", "revision_id", where=_IN_FORCE, unique=True
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("template_revisions.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    verdict: Mapped[TemplateVerdict] = mapped_column(enum_type(TemplateVerdict, "verdict"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    revision: Mapped[TemplateRevision] = relationship(back_populates="decisions")
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    appointment: Mapped[Appointment] = relationship()


_RATIFICATION_OWED = "ratification IS NULL"


class EmergencyUse(Base):
    """The basis of an emergency Decision: an approved template revision, and an instruction."""

    __tablename__ = "emergency_uses"
    __table_args__ = (partial_index("ix_emergency_uses_owed", "due_at", where=_RATIFICATION_OWED),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), unique=True)
    template_revision_id: Mapped[int] = mapped_column(
        ForeignKey("template_revisions.id"), index=True
    )
    approval_id: Mapped[int] = mapped_column(ForeignKey("template_decisions.id"))
    #: The values of the blanks, by language and name.
    said: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    #: The values of the blanks as they were typed, by name.
    typed: Mapped[dict[str, str]] = mapped_column(JSON)
    word_name: Mapped[str] = mapped_column(String(160))
    word_post: Mapped[str] = mapped_column(String(160))
    word_at: Mapped[datetime] = mapped_column(UtcDateTime)
    word_how: Mapped[WordHow] = mapped_column(enum_type(WordHow, "word_how"))
    form_token: Mapped[str] = mapped_column(String(64), unique=True)
    #: The person who read out a code to the duty officer, who lacked a second factor.
    vouched_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: The deadline of the department's ratification.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The number of reminders before the deadline.
    reminded: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ratification: Mapped[Ratification | None] = mapped_column(
        enum_type(Ratification, "ratification")
    )
    ratified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ratified_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ratified_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    reason: Mapped[str] = mapped_column(Text, default="")

    decision: Mapped[Decision] = relationship(back_populates="use")
    template_revision: Mapped[TemplateRevision] = relationship()
    approval: Mapped[TemplateDecision] = relationship()
    vouched_by: Mapped[Person | None] = relationship(foreign_keys=[vouched_by_id])
    ratified_by: Mapped[Person | None] = relationship(foreign_keys=[ratified_by_id])
    ratified_under: Mapped[Appointment | None] = relationship()


class Alert(Base):
    """An alert about an urgent delivery that is in trouble since `since_at`."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("delivery_id", "since_at", "trouble"),
        partial_index("ix_alerts_open", "id", where="taken_at IS NULL AND settled_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    trouble: Mapped[str] = mapped_column(String(24))
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The number of times that the duty roster was notified.
    told: Mapped[int] = mapped_column(default=0)
    #: The time of the last notification.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    taken_under_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    delivery: Mapped[Delivery] = relationship()
    taken_by: Mapped[Person | None] = relationship(foreign_keys=[taken_by_id])
