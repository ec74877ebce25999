"""Notes between clerks about a post: written by the cell, never seen by a department."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role, Scope, require, scope_of
from publisher.desk.checking import Check, Missing, person_of
from publisher.models.content.posts import Post
from publisher.models.drafting import ClerkNote
from publisher.models.people import Appointment

LONGEST_CLERK_NOTE = 2_000


def write_note(
    session: Session, *, actor: Actor, now: datetime, post_id: int, text: str
) -> ClerkNote:
    """Add a note to a post; raises `Missing`, `WrongRole`, or `Invalid` at `clerk_note`."""
    post = session.get(Post, post_id)
    if post is None:
        raise Missing(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    checking = Check()
    words = checking.text("clerk_note", text, most=LONGEST_CLERK_NOTE, required=True)
    checking.finish()
    note = ClerkNote(
        post_id=post_id,
        person_id=person_of(actor),
        appointment_id=actor.appointment_id,
        at=now,
        text=words,
    )
    session.add(note)
    session.flush()
    return note


def reads_notes(actor: Actor) -> bool:
    """Whether the actor reads the notes between clerks: the cell, and the auditor."""
    sees_all = scope_of(actor, Action.SEE_SUBMISSION) is Scope.ANY
    return sees_all and actor.role in (Role.CELL, Role.CELL_LEAD, Role.AUDITOR)


def notes_of(session: Session, *, actor: Actor, post_id: int) -> list[ClerkNote]:
    """The notes about a post, oldest first; none for whoever may not read them."""
    if not reads_notes(actor):
        return []
    query = (
        select(ClerkNote)
        .where(ClerkNote.post_id == post_id)
        .order_by(ClerkNote.id)
        .options(
            joinedload(ClerkNote.person),
            joinedload(ClerkNote.appointment).joinedload(Appointment.department),
        )
    )
    return list(session.scalars(query))
