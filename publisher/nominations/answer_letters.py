"""A head names the two officers by a letter on paper, and one of the staff types it in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require, scope_of
from publisher.models.nominations import Nomination
from publisher.models.people import Department
from publisher.nominations import head_links, nominate
from publisher.nominations.calls import AnsweredAlready
from publisher.nominations.mandates import AnswerLetter, Mandate
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.progress import heads_of
from publisher.validation import NotFound, existing


def record_answer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department_id: int,
    named: OfficersNamed,
    letter: AnswerLetter,
) -> Nomination:
    """Record the two officers of a letter, who wait for a second person, and answer the calls.

    Raises `WrongRole`, `NotFound`, `AnsweredAlready` if this letter was recorded before, and what
    `nominate.record_officers` does.
    """
    require(actor, Action.RECORD_HEAD, None, now=now)
    existing(session.get(Department, department_id), department_id)
    department, addressees = nominate.lock_department(session, department_id)
    same = select(Nomination).where(
        Nomination.department_id == department_id,
        Nomination.letter_number == letter.letter_number,
        Nomination.letter_on == letter.letter_on,
    )
    if (earlier := session.scalars(same.limit(1)).first()) is not None:
        raise AnsweredAlready(at=earlier.made_at)
    head = heads_of(session, [department_id], now=now).get(department_id)
    mandate = Mandate(department, addressees, actor, is_final=False, head=head, letter=letter)
    nomination = nominate.record_officers(session, mandate, named, now=now)
    head_links.end(session, department_id, now=now)
    return nomination


def nomination_of_scan(session: Session, *, actor: Actor, nomination_id: int) -> Nomination:
    """Return a nomination with a scan that the actor may open; raises `NotFound`.

    Heads open those of the departments whose appointments they may confirm.
    """
    nomination = existing(session.get(Nomination, nomination_id), nomination_id)
    department = nomination.department
    may_open = scope_of(actor, Action.RECORD_HEAD) is not None
    may_open |= actor.department_id in {department.id, department.reports_to_id}
    if nomination.scan_sha256 is None or not may_open:
        raise NotFound(nomination_id)
    return nomination
