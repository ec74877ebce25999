"""The order of the list of submissions, and what stands before or behind a place in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import UnaryExpression, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from publisher.models.content.submissions import Submission
from publisher.office.reporting.conditions import Condition
from publisher.office.reporting.values import Place
from publisher.office.reporting.wanted import Wanted

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where what wishes no time stands among the others: behind all of them."""
Moment = InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime]


def order(wanted: Wanted, *, backwards: bool) -> tuple[UnaryExpression[Any], UnaryExpression[int]]:
    """The order of the list, or the other way round."""
    moment = _moment(wanted)
    if wanted.by_wish != backwards:
        return moment.asc().nulls_last(), Submission.id.asc()
    return moment.desc().nulls_first(), Submission.id.desc()


def _moment(wanted: Wanted) -> Moment:
    return Submission.wished_at if wanted.by_wish else Submission.received_at


def place(wanted: Wanted, one: Submission) -> Place:
    """Where the submission stands in that order."""
    return (one.wished_at or NEVER) if wanted.by_wish else one.received_at, one.id


def behind(wanted: Wanted, place: Place) -> Condition:
    """Comes after the place in the order of the list."""
    return _later(_moment(wanted), place) if wanted.by_wish else _earlier(_moment(wanted), place)


def ahead(wanted: Wanted, place: Place) -> Condition:
    """Comes before the place in the order of the list."""
    return _earlier(_moment(wanted), place) if wanted.by_wish else _later(_moment(wanted), place)


def _later(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return and_(moment.is_(None), Submission.id > last)
    return or_(moment > at, moment.is_(None), and_(moment == at, Submission.id > last))


def _earlier(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return or_(moment.is_not(None), Submission.id < last)
    return or_(moment < at, and_(moment == at, Submission.id < last))
