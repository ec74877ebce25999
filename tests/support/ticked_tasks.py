"""Let the clock's tick of tasks run, and count what it told."""

from __future__ import annotations

from sqlalchemy import func, select

from publisher.models.history import Event
from publisher.tasks.tick import tick_tasks
from tests.support.city_people import CityPeople


def told_heads(town: CityPeople) -> int:
    """Tick; return how many heads were told that they may decide."""
    return _events_of_tick(town, "head_may_decide")


def reminded(town: CityPeople) -> int:
    """Tick; return how many reviews were reminded of."""
    return _events_of_tick(town, "remind_review")


def _events_of_tick(town: CityPeople, verb: str) -> int:
    before = _count(town, verb)
    tick_tasks(town.database, now=town.clock)
    return _count(town, verb) - before


def _count(town: CityPeople, verb: str) -> int:
    query = select(func.count()).select_from(Event).where(Event.verb == verb)
    with town.read() as session:
        return session.scalars(query).one()
