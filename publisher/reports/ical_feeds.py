"""A person's private iCalendar link: creation, renewal, end, and reading by token.

The link shows what the person may see at that moment. It stops working if the person is disabled,
and ends with a new password.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.auth.one_time_links import hash_token
from publisher.auth.sessions import appointment_actor, reporting_department_ids
from publisher.models.desk import CalendarFeed
from publisher.models.people import Person
from publisher.people.calendar_feeds import end_feed
from publisher.reports.calendar import CalendarPart, Item
from publisher.reports.calendar_month import items_by_day
from publisher.validation import NotFound, departments_in_sight, person_of
from publisher.working_time import ONE_DAY, local_day

DAYS_BACK = 30
DAYS_AHEAD = 180
WINDOW = timedelta(hours=1)
MOST_FETCHES = 60
"""How often a link may be read within `WINDOW`."""


class TooOften(NotAllowed):
    """The link is read too often; `again_in` is the number of seconds to wait."""

    code = "too_often"

    def __init__(self, again_in: int) -> None:
        super().__init__(again_in=again_in)
        self.again_in = again_in


@dataclass(frozen=True)
class FeedContent:
    """The person, items and digest of a feed; `changed_at` is when the digest changed."""

    person: Person
    items: tuple[Item, ...]
    digest: str
    changed_at: datetime


def renew(session: Session, *, actor: Actor, now: datetime) -> str:
    """Replace the person's link and return its token, which is not stored."""
    person_id = person_of(actor)
    end(session, actor=actor, now=now)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(person_id=person_id, token_digest=hash_token(token), made_at=now)
    session.add(feed)
    transitions.record(session, feed, "make_feed", actor=actor, now=now)
    return token


def end(session: Session, *, actor: Actor, now: datetime) -> None:
    """End the person's link, if there is one."""
    end_feed(session, person_id=person_of(actor), actor=actor, now=now)


def fetch(session: Session, *, token: str, now: datetime) -> FeedContent:
    """Return the content of the feed with this token.

    Raises `NotFound` if the link has ended, or its person is disabled or has no appointment; raises
    `TooOften` after `MOST_FETCHES`.
    """
    query = select(CalendarFeed).where(
        CalendarFeed.token_digest == hash_token(token), CalendarFeed.ended_at.is_(None)
    )
    feed = session.scalars(query.with_for_update()).one_or_none()
    if feed is None or feed.person.disabled_at is not None:
        raise NotFound("feed")
    visible_departments = _visible_departments(session, feed.person, now=now)
    _count(feed, now=now)
    first_day = local_day(now) - DAYS_BACK * ONE_DAY
    part = CalendarPart(first_day, DAYS_BACK + DAYS_AHEAD, visible_departments)
    days = items_by_day(session, part, now=now)
    items = tuple(item for day in days for item in day.items)
    digest = hashlib.sha256(repr((feed.person.language, items)).encode()).hexdigest()
    if feed.contents != digest or feed.changed_at is None:
        feed.contents, feed.changed_at = digest, now
    return FeedContent(feed.person, items, digest, feed.changed_at)


def _count(feed: CalendarFeed, *, now: datetime) -> None:
    if feed.counted_since is None or now - feed.counted_since >= WINDOW:
        feed.counted_since, feed.fetches = now, 0
    if feed.fetches >= MOST_FETCHES:
        raise TooOften(int((feed.counted_since + WINDOW - now).total_seconds()) + 1)
    feed.fetches += 1
    feed.fetched_at = now


def _visible_departments(
    session: Session, person: Person, *, now: datetime
) -> frozenset[int] | None:
    """Return the departments visible under any current appointment; None means all."""
    actors = [
        appointment_actor(appointment, reporting_department_ids(session, appointment))
        for appointment in person.appointments
        if appointment.in_force(now)
    ]
    if not actors:
        raise NotFound("feed")
    visible = [departments_in_sight(actor, Action.SEE_POST) for actor in actors]
    return None if None in visible else frozenset().union(*filter(None, visible))
