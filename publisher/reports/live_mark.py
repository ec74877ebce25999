"""The mark of what an open page has shown, with which it asks whether something has changed.

A mark names the appointment, the event after which it counts, the number of later events that
concern the reader, the last change of a task, and the second in which it was made. Requests to act,
and the state of a department's work, are changes of tasks; events cover the rest: what was taken,
saved or published, and what concerns everybody.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Scope, scope_of
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Post
from publisher.models.tasks import TaskChange
from publisher.reports.sql_basics import has
from publisher.states import NoticeState
from publisher.tasks import open_tasks
from publisher.validation import departments_in_sight

LATE: Final = 100
"""Events before the last that a mark also counts: one with a smaller id may be committed later."""

OLDEST: Final = 400
"""Events that a mark may be behind. An older mark is answered with a new one."""

LONGEST_AGE: Final = timedelta(minutes=10)
"""How long a page may go on without a count: windows, days and duties end without any change.

Counting again this often costs less than querying everybody's next deadline each time.
"""

_MARK: Final = re.compile(r"(\d{1,18})-(\d{1,18})-(\d{1,18})-(\d{1,18})-(\d{1,12})", re.ASCII)
_OF_EVERYBODY: Final = (
    "absences",
    "accounts",
    "alerts",
    "appointments",
    "duties",
    "emergency_templates",
    "emergency_uses",
    "freezes",
    "stops",
)
"""The subjects whose events concern everybody in office; they are few."""

_OF_ALL: Final = ("submissions", "posts", "deliveries")
"""The subjects followed by everybody who sees every department."""

_LAST_ID: Final = select(func.coalesce(func.max(Event.id), 0)).scalar_subquery()
_LAST_CHANGE: Final = select(
    func.coalesce(select(TaskChange.number).scalar_subquery(), 0)
).scalar_subquery()


def columns(actor: Actor) -> tuple[ColumnElement[int], ...]:
    """Return what a mark consists of: the last event, the number of events, the last change."""
    number = select(_number(_newer_events(_LAST_ID - LATE), actor))
    return _LAST_ID, number.scalar_subquery(), _LAST_CHANGE


def make_mark(actor: Actor, last_id: int, number: int, change: int, *, now: datetime) -> str:
    """Return the mark of a page that is made now, from the values of `columns`."""
    parts = (actor.appointment_id, max(0, last_id - LATE), number, change, int(now.timestamp()))
    return "-".join(map(str, parts))


def is_present(session: Session, mark: str, *, actor: Actor, now: datetime) -> bool:
    """Return True if nothing that concerns the actor has happened since this mark of theirs."""
    match = _MARK.fullmatch(mark)
    if match is None or int(match[1]) != actor.appointment_id:
        return False
    start, number, change, made_at = (int(part) for part in match.groups()[1:])
    # A mark made by another machine's clock may be ahead.
    if abs(int(now.timestamp()) - made_at) >= LONGEST_AGE.total_seconds():
        return False
    recent = _newer_events(start)
    department_ids = departments_in_sight(actor, Action.SEE_POST) or ()
    is_changed = open_tasks.is_changed(actor, department_ids, since=change)
    columns = (_LAST_ID, func.count(), _number(recent, actor), _LAST_CHANGE, is_changed)
    row = session.execute(select(*columns).select_from(recent)).one()
    last_id, event_count, present_number, last_change, has_changed = row
    is_ours = start <= last_id and change <= last_change and event_count < OLDEST
    return is_ours and present_number == number and not has_changed


def _newer_events(start: ColumnElement[int] | int) -> Subquery:
    # With the limit the planner begins at the end of the primary key.
    query = select(Event.subject, Event.subject_id, Event.state_after).where(Event.id > start)
    return query.order_by(Event.id.desc()).limit(OLDEST).subquery()


def _number(events: Subquery, actor: Actor) -> ColumnElement[int]:
    """Return the number of those events that the actor's pages may show."""
    concerns: list[ColumnElement[bool]] = [events.c.subject.in_(_OF_EVERYBODY)]
    department_ids = departments_in_sight(actor, Action.SEE_POST)
    if department_ids is None:
        # The cell follows only the comments that are its tasks.
        is_of_cell = scope_of(actor, Action.HAND_IN) is Scope.ANY
        concerns.append(events.c.subject.in_(_OF_ALL if is_of_cell else (*_OF_ALL, "comments")))
        has_failed = events.c.state_after == NoticeState.FAILED.value
        concerns.append(and_(events.c.subject == "notices", has_failed))
    else:
        delivery = select(Delivery.post_id).where(Delivery.id == events.c.subject_id)
        post = select(Post.id).where(
            Post.id == delivery.correlate(events).scalar_subquery(),
            # `+ 0` keeps the planner from reading a whole department.
            (Post.department_id + 0).in_(department_ids),
        )
        is_in_sight = has(post.correlate(events))
        concerns.append(and_(events.c.subject == Delivery.__tablename__, is_in_sight))
    return func.count().filter(or_(*concerns))
