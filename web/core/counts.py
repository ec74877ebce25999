"""The counts on the tabs and the mark of the page, read once for each snapshot of a request."""

from __future__ import annotations

from typing import cast

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.reports import tab_counts
from publisher.reports.tab_counts import Counts, Overview
from web.core.context import ctx


def actor_counts(session: Session, actor: Actor) -> Counts:
    """Return the actor's counts; the view and the layout of a page share them."""
    return actor_overview(session, actor).counts


def actor_overview(session: Session, actor: Actor) -> Overview:
    """Return the same with the mark of what the page shows."""
    if "overview" not in session.info:
        session.info["overview"] = tab_counts.overview_of(session, actor=actor, now=ctx.now())
    return cast(Overview, session.info["overview"])
