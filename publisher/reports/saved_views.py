"""Choices of filters that a person has given a name, to come back to by a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.saved_views import KeptView
from publisher.validation import NotFound, Validator, person_of

LONGEST_NAME = 80
MOST = 20
"""How many a person may keep of one page: they stand in one line above the list."""


def keep_view(
    session: Session, *, actor: Actor, now: datetime, page: str, name: str, query: str
) -> KeptView:
    """Keep it under this name; one of the same name is written over. Raises `Invalid`."""
    person_id = person_of(actor)
    check = Validator()
    named = check.line("name", name, most=LONGEST_NAME, required=True)
    known = _named(session, person_id, page, named)
    if known is None and _count(session, person_id, page) >= MOST:
        check.add("name", "too_many_views", most=MOST)
    check.finish()
    view = known or KeptView(person_id=person_id, page=page, name=named)
    view.query, view.made_at = query, now
    session.add(view)
    session.flush()
    return view


def views_kept(session: Session, *, actor: Actor, page: str) -> Sequence[KeptView]:
    """What the person has kept of this page, by name."""
    mine = KeptView.person_id == actor.person_id, KeptView.page == page
    return session.scalars(select(KeptView).where(*mine).order_by(KeptView.name)).all()


def drop_view(session: Session, *, actor: Actor, view_id: int) -> KeptView:
    """Throw one of the person's own away; anybody else's is `Missing`."""
    view = session.get(KeptView, view_id)
    if view is None or view.person_id != actor.person_id:
        raise NotFound(view_id)
    session.delete(view)
    return view


def _named(session: Session, person_id: int, page: str, name: str) -> KeptView | None:
    query = select(KeptView).where(
        KeptView.person_id == person_id, KeptView.page == page, KeptView.name == name
    )
    return session.scalars(query).one_or_none()


def _count(session: Session, person_id: int, page: str) -> int:
    mine = KeptView.person_id == person_id, KeptView.page == page
    return session.scalars(select(func.count()).select_from(KeptView).where(*mine)).one()
