"""A code that a staff member reads out to somebody on duty who lacks the second factor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from approvals.appointments import STAFF
from approvals.errors import FreshSignInRequired, WrongRole
from approvals.policy import Actor, is_fresh
from publisher import transitions
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Person
from publisher.people import roster
from publisher.validation import NotFound, person_of

CODE_LASTS: Final = timedelta(minutes=15)


class MayNotVouch(WrongRole):
    """Only another person on duty, a lead or an admin may read out a code, from a full session."""

    code = "may_not_vouch"


def may_make(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Return True if the actor is on duty, a lead or an admin, and not signed in by such a code."""
    in_question = actor.role in STAFF or roster.is_on_duty(session, actor, now=now)
    return in_question and actor.vouched_by_id is None


def make_code(session: Session, *, actor: Actor, now: datetime, person_id: int) -> str:
    """Make a code of eight digits for another person who is on duty now; return it, once.

    Raises `MayNotVouch`, `FreshSignInRequired`, or `NotFound` if the person is not on duty.
    """
    if not may_make(session, actor=actor, now=now) or person_id == actor.person_id:
        raise MayNotVouch
    if not is_fresh(actor, now=now):
        raise FreshSignInRequired
    if person_id not in {duty.person_id for duty in roster.current_duties(session, now=now)}:
        raise NotFound(person_id)
    person = session.get_one(Person, person_id)
    table, helper_id = Person.__tablename__, person_of(actor)
    link_subject = LinkSubject(LinkPurpose.DUTY, table, helper_id, person)
    purpose = LinkPurpose.DUTY
    one_time_links.end_links(session, subject=table, subject_id=helper_id, purpose=purpose, now=now)
    transitions.record(session, person, "make_duty_code", actor=actor, now=now)
    return one_time_links.make_code(session, link_subject, to="", now=now, lasts=CODE_LASTS)
