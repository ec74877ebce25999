"""What others have changed on the platforms, as a person sees it."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.reports.external_changes import ExternalChange, finding_for
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.validation import NotFound


def open_changes(session: Session, *, actor: Actor) -> tuple[ExternalChange, ...]:
    """Return the open changes visible to the actor, oldest first."""
    kinds = (TaskKind.FOUND_GONE, TaskKind.FOUND_CHANGED)
    changes = []
    for watch_id in sorted({*session.scalars(open_tasks.everybodys_subjects(*kinds))}):
        with suppress(NotFound):
            changes.append(finding_for(session, actor=actor, watch_id=watch_id))
    return tuple(changes)
