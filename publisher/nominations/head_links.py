"""The personal link by which a head names the officers of the department."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.nominations import Nomination, NominationLetter
from publisher.models.people import Appointment, Department, Link
from publisher.people.permissions import not_ended
from publisher.working_time import day_bounds

LASTS_WITHOUT_CALL: Final = timedelta(days=30)


def make(session: Session, head: Appointment, *, nominate_by: date, now: datetime) -> str:
    """Make a link for this head, and end the department's earlier ones; return its token, once.

    It lasts to the end of `nominate_by`, or for 30 days if that has passed, as for a reminder.
    """
    end(session, head.department_id, now=now)
    left = day_bounds(nominate_by)[1] - now
    return _make(session, head, now=now, lasts=left if left > timedelta(0) else LASTS_WITHOUT_CALL)


def make_own_link(session: Session, head: Appointment, *, now: datetime) -> str:
    """Make a link of 30 days for a head who has signed in; a link of a call stays valid."""
    return _make(session, head, now=now, lasts=LASTS_WITHOUT_CALL)


def _make(session: Session, head: Appointment, *, now: datetime, lasts: timedelta) -> str:
    subject = LinkSubject(
        LinkPurpose.NAME_OFFICERS, Department.__tablename__, head.department_id, head.person
    )
    return one_time_links.make(session, subject, to="", now=now, lasts=lasts)


def end(session: Session, department_id: int, *, now: datetime) -> None:
    """End every open link of the department."""
    subject = Department.__tablename__
    purpose = LinkPurpose.NAME_OFFICERS
    one_time_links.end_links(
        session, subject=subject, subject_id=department_id, purpose=purpose, now=now
    )


def find_office(session: Session, link: Link, *, now: datetime) -> Appointment | None:
    """Return the appointment as head that the link was made for; None once it has ended."""
    query = (
        select(Appointment)
        .where(
            Appointment.person_id == link.person_id,
            Appointment.department_id == link.subject_id,
            Appointment.role == Role.HEAD,
            not_ended(now),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
    )
    return session.scalars(query).first()


def newest_nomination(session: Session, department_id: int, since: datetime) -> Nomination | None:
    """Return the newest nomination of the department since then; None if there is none."""
    query = (
        select(Nomination)
        .where(Nomination.department_id == department_id, Nomination.made_at >= since)
        .options(
            joinedload(Nomination.head).joinedload(Appointment.person),
            joinedload(Nomination.letter).joinedload(NominationLetter.office),
        )
        .order_by(Nomination.id.desc())
    )
    return session.scalars(query.limit(1)).first()
