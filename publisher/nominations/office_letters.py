"""The letter on paper to the head of the office above, where no code reaches a department's head.

It carries a link as a QR code, and a code of eight digits. What is named by them is a proposal that
waits for a second person, who is not the one who printed the letter.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, ActorKind, Role, require
from publisher import transitions
from publisher.auth import throttling
from publisher.auth.one_time_links import CODE_DIGITS, LinkSpent, digest_of, digits_of
from publisher.models.nominations import (
    CallAddressee,
    Nomination,
    NominationCall,
    NominationLetter,
)
from publisher.models.people import Appointment, Department, Person
from publisher.nominations import head_links, nominate
from publisher.nominations.calls import IN_PLACE, AnsweredAlready, CallOver, addressee
from publisher.nominations.mandates import Mandate
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.progress import heads_of
from publisher.people.departments import is_in_force
from publisher.people.personal_links import LinkCodeProblem
from publisher.validation import existing, person_of
from publisher.working_time import local_day


class NoLetterNeeded(NotAllowed):
    """The department's head can name the officers without a letter."""

    code = "no_letter_needed"


class OfficeAboveNotSet(NotAllowed):
    """The department reports to no office, so that there is nobody to write to."""

    code = "office_above_not_set"


class OfficesChanged(NotAllowed):
    """A head or the office above has changed since the letter was made."""

    code = "offices_changed"


class LetterProblem(StrEnum):
    """The reason why a letter cannot be used any more."""

    REPLACED = "replaced"  #: It was printed anew; only the newest letter works.
    OVER = "over"  #: The day is past, the call closed, or a head or the office above has changed.


@dataclass(frozen=True)
class LetterOffices:
    """Whom a letter is about, and to whom it goes: each head as recorded, None if there is none."""

    department: Department
    office: Department | None
    head: Appointment | None
    above: Appointment | None

    @property
    def keys(self) -> tuple[int, ...]:
        """The ids of office and heads, 0 for none; with others of them a letter is void."""
        rows = (self.office, self.above, self.head)
        return tuple(row.id if row is not None else 0 for row in rows)


@dataclass(frozen=True)
class LetterDraft:
    """A letter that is not printed yet, with its two secrets, which are stored nowhere."""

    addressee_id: int
    offices: LetterOffices
    call: NominationCall
    token: str
    code: str


def is_needed(head: Appointment | None, *, sends_codes: bool) -> bool:
    """Return True if the department's head has neither a mobile for a code nor an account.

    `sends_codes`: the city can send codes by SMS.
    """
    if head is None or head.state not in IN_PLACE or head.person.disabled_at is not None:
        return True
    has_mobile = sends_codes and head.person.sure_mobile is not None
    return not has_mobile and head.person.password_hash is None


def offices_of(session: Session, department: Department, *, now: datetime) -> LetterOffices:
    """Return the department, the office above, and the heads of both."""
    office = department.reports_to
    department_ids = [department.id] if office is None else [department.id, office.id]
    heads = heads_of(session, department_ids, now=now)
    above = heads.get(office.id) if office is not None else None
    return LetterOffices(department, office, heads.get(department.id), above)


def newest(session: Session, addressee_id: int) -> NominationLetter | None:
    """Return the addressee's newest letter; None if none was printed."""
    query = (
        select(NominationLetter)
        .where(NominationLetter.addressee_id == addressee_id)
        .options(joinedload(NominationLetter.printed_by))
        .order_by(NominationLetter.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def draft(
    session: Session, *, actor: Actor, now: datetime, addressee_id: int, sends_codes: bool
) -> LetterDraft:
    """Return a letter with a new link and code, and write nothing: paper comes first.

    Raises `WrongRole`, `NotFound`, `CallOver`, `AnsweredAlready`, `NoLetterNeeded` and
    `OfficeAboveNotSet`.
    """
    require(actor, Action.OPEN_CALL, None, now=now)
    called = existing(session.get(CallAddressee, addressee_id), addressee_id)
    _require_open(called, now=now)
    offices = offices_of(session, called.department, now=now)
    if not is_needed(offices.head, sends_codes=sends_codes):
        raise NoLetterNeeded
    if offices.office is None:
        raise OfficeAboveNotSet
    return LetterDraft(
        addressee_id=called.id,
        offices=offices,
        call=called.call,
        token=secrets.token_urlsafe(16),
        code="".join(secrets.choice(string.digits) for _ in range(CODE_DIGITS)),
    )


def _require_open(called: CallAddressee, *, now: datetime) -> None:
    if called.call.closed_at is not None or called.call.nominate_by < local_day(now):
        raise CallOver
    if called.answered_at is not None:
        raise AnsweredAlready(at=called.answered_at)


def store(
    session: Session, *, actor: Actor, now: datetime, letter: LetterDraft
) -> NominationLetter:
    """Let a letter count now that its paper is made; every earlier one of the department ends.

    Raises `WrongRole`, `NotFound`, `CallOver`, `AnsweredAlready` and `OfficesChanged`.
    """
    require(actor, Action.OPEN_CALL, None, now=now)
    called = addressee(session, letter.addressee_id)
    department = session.get_one(
        Department, called.department_id, with_for_update=True, populate_existing=True
    )
    _require_open(called, now=now)
    offices = offices_of(session, department, now=now)
    if offices.office is None or offices.keys != letter.offices.keys:
        raise OfficesChanged
    _end_earlier(session, department, now=now)
    stored = NominationLetter(
        addressee_id=called.id,
        office_id=offices.office.id,
        above_id=offices.above.id if offices.above is not None else None,
        head_id=offices.head.id if offices.head is not None else None,
        token_digest=digest_of(letter.token),
        code_digest=_digest_of_code(letter.token, letter.code),
        printed_at=now,
        printed_by_id=person_of(actor),
    )
    session.add(stored)
    session.flush()
    values = {"letter": stored.id, "office": stored.office_id}
    transitions.record(session, called, "print_letter", actor=actor, now=now, values=values)
    return stored


def _end_earlier(session: Session, department: Department, *, now: datetime) -> None:
    of_department = select(CallAddressee.id).where(CallAddressee.department_id == department.id)
    session.execute(
        update(NominationLetter)
        .where(
            NominationLetter.addressee_id.in_(of_department),
            NominationLetter.used_at.is_(None),
            NominationLetter.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


def _digest_of_code(token: str, code: str) -> str:
    # With the token, of which there is no copy: eight digits alone could be tried one by one.
    return digest_of(f"nomination letter:{token}:{code}")


def find(session: Session, token: str) -> NominationLetter | None:
    """Return the letter whose QR code has this token, also one that cannot be used any more."""
    query = (
        select(NominationLetter)
        .where(NominationLetter.token_digest == digest_of(token))
        .options(
            joinedload(NominationLetter.office),
            joinedload(NominationLetter.above).joinedload(Appointment.person),
            joinedload(NominationLetter.addressee).joinedload(CallAddressee.department),
            joinedload(NominationLetter.addressee).joinedload(CallAddressee.call),
        )
    )
    return session.scalars(query).one_or_none()


def problem_of(
    session: Session, letter: NominationLetter, *, now: datetime
) -> LetterProblem | None:
    """Return why the letter cannot be used any more; None if it can."""
    if letter.ended_at is not None:
        return LetterProblem.REPLACED
    called = letter.addressee
    is_past = called.call.closed_at is not None or called.call.nominate_by < local_day(now)
    is_answered = letter.used_at is not None or called.answered_at is not None
    is_closed = letter.above is not None and letter.above.person.disabled_at is not None
    if is_past or is_answered or is_closed or not is_in_force(called.department, now=now):
        return LetterProblem.OVER
    offices = offices_of(session, called.department, now=now)
    keys = (letter.office_id, letter.above_id or 0, letter.head_id or 0)
    return None if offices.keys == keys else LetterProblem.OVER


def check_code(
    session: Session, *, letter: NominationLetter, token: str, code: str, now: datetime
) -> LinkCodeProblem | None:
    """Return why the typed code is refused, or None; it is used up by the act alone.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    session.refresh(letter, with_for_update={"of": NominationLetter})  # one attempt at a time
    key = throttling.key_of_identifier(f"code of nomination letter {letter.id}")
    if throttling.throttled_until(session, [key], now=now) is not None:
        return LinkCodeProblem.THROTTLED
    if compare_digest(_digest_of_code(token, digits_of(code)), letter.code_digest):
        return None
    throttling.store_failure(session, [key], now=now)
    return LinkCodeProblem.WRONG


def check(
    session: Session, *, letter: NominationLetter, named: OfficersNamed, now: datetime
) -> None:
    """Raise what `name_officers` would raise, and change nothing."""
    with session.begin_nested() as savepoint:
        name_officers(session, letter=letter, named=named, now=now)
        savepoint.rollback()


def name_officers(
    session: Session, *, letter: NominationLetter, named: OfficersNamed, now: datetime
) -> Nomination:
    """Propose these two as the officers of the department, and use the letter up.

    The caller has checked the code. Raises `LinkSpent`, `AlreadyNamed`, and what
    `nominate.name_under` does.
    """
    mandate = _mandate(session, letter, now=now)
    nomination = nominate.name_under(session, mandate, named, now=now)
    _use_up(session, letter, now=now)
    return nomination


def keep_officers(
    session: Session, *, letter: NominationLetter, digest: str, now: datetime
) -> Nomination:
    """Let the two officers whom the page showed stay, and use the letter up.

    The caller has checked the code. Raises `LinkSpent`, `AlreadyNamed` and `OfficersChanged`.
    """
    mandate = _mandate(session, letter, now=now)
    nomination = nominate.keep_under(session, mandate, digest, now=now)
    _use_up(session, letter, now=now)
    return nomination


def _mandate(session: Session, letter: NominationLetter, *, now: datetime) -> Mandate:
    department, addressees = nominate.lock_department(
        session, letter.addressee.department_id, since=letter.printed_at
    )
    session.refresh(letter, with_for_update={"of": NominationLetter})
    if problem_of(session, letter, now=now) is not None:
        raise LinkSpent
    offices = offices_of(session, department, now=now)
    above = offices.above
    # The letter speaks for the head above, whose own right is to confirm.
    actor = Actor(
        ActorKind.PERSON,
        person_id=above.person_id if above is not None else None,
        appointment_id=above.id if above is not None else None,
        role=Role.HEAD,
        department_id=department.id,
    )
    heads = _people(is_head_above=above, is_own_head=offices.head)
    return Mandate(department, addressees, actor, is_final=False, heads=heads, letter=letter)


def _people(**heads: Appointment | None) -> dict[str, Person]:
    return {code: head.person for code, head in heads.items() if head is not None}


def _use_up(session: Session, letter: NominationLetter, *, now: datetime) -> None:
    letter.used_at = now
    head_links.end(session, letter.addressee.department_id, now=now)
    session.flush()
