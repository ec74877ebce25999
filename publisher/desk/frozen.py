"""Which freezes a planned time falls into: told to whoever schedules, and refusing nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from publisher.desk.holding_back import Facts, freezes
from publisher.models.press import Freeze


def freezes_ahead(session: Session, *, now: datetime) -> list[Freeze]:
    """The freezes that hold or are still to come, by the time at which they begin."""
    query = (
        select(Freeze)
        .where(Freeze.lifted_at.is_(None), Freeze.until_at > now)
        .options(joinedload(Freeze.account), joinedload(Freeze.department))
        .order_by(Freeze.from_at, Freeze.id)
    )
    return list(session.scalars(query))


def touching(known: Iterable[Freeze], facts: Facts) -> list[Freeze]:
    """Those of these freezes that concern such a delivery, their dates aside."""
    return [one for one in known if freezes(one, facts)]


def freeze_at(known: Iterable[Freeze], facts: Facts, at: datetime) -> Freeze | None:
    """The freeze that would hold such a delivery at this moment; of several the longest."""
    holding = [one for one in touching(known, facts) if one.from_at <= at < one.until_at]
    return max(holding, key=lambda one: one.until_at, default=None)
