"""Named combinations of filters that a person saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.saved_views import SavedView
from publisher.validation import NotFound, Validator, person_of

LONGEST_NAME = 80
MOST = 20
"""How many views a person may save per page: they are shown in one row above the list."""


def keep_view(
    session: Session, *, actor: Actor, now: datetime, page: str, name: str, query: str
) -> SavedView:
    """Save the view under this name, replacing one of the same name. Raises `Invalid`."""
    person_id = person_of(actor)
    validator = Validator()
    cleaned_name = validator.line("name", name, most=LONGEST_NAME, required=True)
    views = {view.name: view for view in list_views(session, actor=actor, page=page)}
    if cleaned_name not in views and len(views) >= MOST:
        validator.add("name", "too_many_views", most=MOST)
    validator.finish()
    view = views.get(cleaned_name) or SavedView(person_id=person_id, page=page, name=cleaned_name)
    view.query, view.made_at = query, now
    session.add(view)
    session.flush()
    return view


def list_views(session: Session, *, actor: Actor, page: str) -> Sequence[SavedView]:
    """Return the person's saved views of this page, by name."""
    mine = SavedView.person_id == actor.person_id, SavedView.page == page
    return session.scalars(select(SavedView).where(*mine).order_by(SavedView.name)).all()


def drop_view(session: Session, *, actor: Actor, view_id: int) -> SavedView:
    """Delete one of the person's own views; raises `NotFound` for any other."""
    view = session.get(SavedView, view_id)
    if view is None or view.person_id != actor.person_id:
        raise NotFound(view_id)
    session.delete(view)
    return view
