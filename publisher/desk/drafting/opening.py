"""Who has a draft open: said on its page, so that two clerks do not write the same text."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, require
from publisher.desk.checking import Missing, person_of
from publisher.models.content.posts import Post
from publisher.models.drafting import OpenDraft

FADES_AFTER = timedelta(minutes=10)
"""So long after its last sign of life an open draft is no longer shown."""


def open_draft(session: Session, *, actor: Actor, now: datetime, post_id: int) -> None:
    """Note that the actor has the draft open; `Missing` where there is no such post.

    Who comes back after it has faded has it open since now. Two tabs of one person are one row.
    """
    post = session.get(Post, post_id)
    if post is None:
        raise Missing(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    if _touch(session, person_of(actor), now=now, post_id=post_id):
        return
    row = OpenDraft(post_id=post_id, person_id=person_of(actor), opened_at=now, touched_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same person's other tab was first
        _touch(session, person_of(actor), now=now, post_id=post_id)


def _touch(session: Session, person_id: int, *, now: datetime, post_id: int) -> bool:
    """Whether there was a row to touch."""
    mine = (OpenDraft.post_id == post_id, OpenDraft.person_id == person_id)
    row = session.scalars(select(OpenDraft).where(*mine)).one_or_none()
    if row is None:
        return False
    faded = row.touched_at <= now - FADES_AFTER
    values = {"touched_at": now, **({"opened_at": now} if faded else {})}
    session.execute(update(OpenDraft).where(*mine).values(values))
    return True


def close_draft(session: Session, *, actor: Actor, post_id: int) -> None:
    """The actor has left the draft: it was sent for review."""
    mine = (OpenDraft.post_id == post_id, OpenDraft.person_id == person_of(actor))
    session.execute(delete(OpenDraft).where(*mine))


def others_at(session: Session, *, actor: Actor, now: datetime, post_id: int) -> list[OpenDraft]:
    """The other persons who have the draft open, longest first."""
    query = (
        select(OpenDraft)
        .where(
            OpenDraft.post_id == post_id,
            OpenDraft.person_id != person_of(actor),
            OpenDraft.touched_at > now - FADES_AFTER,
        )
        .order_by(OpenDraft.opened_at, OpenDraft.person_id)
        .options(joinedload(OpenDraft.person))
    )
    return list(session.scalars(query))
