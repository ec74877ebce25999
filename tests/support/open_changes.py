"""What others have changed on the platforms, as a person sees it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.monitoring import Watch
from publisher.reports.external_changes import ExternalChange, finding_for, is_open_for


def open_changes(session: Session, *, actor: Actor) -> tuple[ExternalChange, ...]:
    """Return the open changes visible to the actor, oldest first."""
    watch_ids = session.scalars(select(Watch.id).where(is_open_for(actor)).order_by(Watch.id))
    return tuple(finding_for(session, actor=actor, watch_id=number) for number in watch_ids)
