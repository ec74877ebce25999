"""Count refused sign-ins by person and day, record them, and notify the account's owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth.known_devices import Visitor
from publisher.models.approvals import RefusalDay, RefusedSignIn
from publisher.models.people import Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import SESSIONS
from publisher.working_time import local_day

#: Refusals of a day that are recorded one by one; further ones are only counted.
MOST_RECORDED: Final = 20
MOST_RECORDED_OF_NOBODY: Final = 1000

NOBODY = Actor(ActorKind.PERSON)
"""A visitor without any proof of identity."""


class SignInProblem(StrEnum):
    """The reason why a sign-in failed.

    Those after `TOO_LATE` are shown only to the account's owner.
    """

    WRONG = "wrong"
    THROTTLED = "throttled"
    BUSY = "busy"
    TOO_EARLY = "too_early"
    WRONG_CODE = "wrong_code"
    WRONG_FACTOR = "wrong_factor"
    WRONG_PASSKEY = "wrong_passkey"
    TOO_LATE = "too_late"  #: The sign-in that waited for a second factor is over.
    DISABLED = "disabled"
    NO_APPOINTMENT = "no_appointment"
    WAITS = "waits"  #: Somebody has yet to confirm the person's appointment.


@dataclass(frozen=True)
class SignInRefusal:
    """A refused sign-in; `until` is the end of throttling (aware UTC)."""

    code: SignInProblem
    until: datetime | None = None


def record(
    session: Session,
    problem: SignInProblem,
    person: Person | None,
    visitor: Visitor,
    *,
    is_wave: bool,
    now: datetime,
) -> None:
    """Count a refused sign-in, and record it in the history without what was typed.

    So that nobody can flood the history, only the first refusals of a day are recorded there. The
    owner of the account is notified of a wave of failures, at most once a day.
    """
    person_id = person.id if person is not None else None
    refusal_day = _count_refusal(session, person_id, now)
    most = MOST_RECORDED if person is not None else MOST_RECORDED_OF_NOBODY
    if refusal_day.number <= most:
        refused = RefusedSignIn(
            at=now,
            why=problem,
            person_id=person_id,
            address=visitor.address[:64],
            device=visitor.device[:200],
        )
        session.add(refused)
        session.flush()
        values = {"why": problem.value, "person": person_id}
        transitions.record(session, refused, "refuse_sign_in", actor=NOBODY, now=now, values=values)
    if person is not None and is_wave and refusal_day.owner_told_at is None:
        refusal_day.owner_told_at = now
        compose.queue(
            session,
            kind=NoticeKind.SIGN_INS_REFUSED,
            person=person,
            values={"at": now},
            now=now,
            path=SESSIONS,
        )


def _count_refusal(session: Session, person_id: int | None, now: datetime) -> RefusalDay:
    """Return the count of this day, locked, with this refusal."""
    day = local_day(now)
    query = select(RefusalDay).where(RefusalDay.day == day, RefusalDay.person_id == person_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    refusal_day = session.scalars(query).one_or_none()
    if refusal_day is None:
        try:
            with session.begin_nested():
                session.add(RefusalDay(day=day, person_id=person_id, number=0))
        except IntegrityError:  # another request inserted it meanwhile
            pass
        refusal_day = session.scalars(query).one()
    refusal_day.number += 1
    session.flush()
    return refusal_day
