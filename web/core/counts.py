"""The counts on the tabs, read once for each snapshot of a request."""

from __future__ import annotations

from typing import cast

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.reports import tab_counts
from publisher.reports.tab_counts import Counts
from web.core.context import ctx


def counts_of(session: Session, actor: Actor) -> Counts:
    """Return the actor's counts; the view and the layout of a page share them."""
    if "counts" not in session.info:
        session.info["counts"] = tab_counts.counts(session, actor=actor, now=ctx.now())
    return cast(Counts, session.info["counts"])
