"""Personal links to one act on one appointment; the act needs a code by SMS, or the sign-in.

They open no session, and opening one does not use it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.appointments import NEEDS_CONFIRMATION
from publisher.auth import one_time_links, throttling
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Appointment, Link, Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.people.permissions import standing
from publisher.states import AppointmentState

LINK_LASTS: Final = timedelta(days=30)
CODE_LASTS: Final = timedelta(minutes=15)


class LinkCodeProblem(StrEnum):
    """The reason why a typed code is refused; five wrong ones close the page for 15 minutes."""

    WRONG = "wrong"
    THROTTLED = "throttled"


def make(
    session: Session,
    purpose: LinkPurpose,
    appointment: Appointment,
    person: Person,
    *,
    now: datetime,
) -> str:
    """Make a link for this person to an act on this appointment; return its token, once."""
    subject = LinkSubject(purpose, Appointment.__tablename__, appointment.id, person)
    return one_time_links.make(session, subject, to="", now=now, lasts=LINK_LASTS)


def find(session: Session, *, token: str, purpose: LinkPurpose, now: datetime) -> Link | None:
    """Return the link, also one that was used, until it expires or its person is disabled."""
    link = one_time_links.find_any(session, token=token, purpose=purpose)
    if link is None or link.ended_at is not None or now >= link.expires_at:
        return None
    return link if link.person.disabled_at is None else None


def get_appointment(session: Session, link: Link) -> Appointment:
    """Return the appointment that the link is about."""
    return session.get_one(Appointment, link.subject_id)


def usable_mobile(session: Session, person: Person, *, now: datetime) -> str | None:
    """Return the proven or confirmed mobile of somebody whose appointment is confirmed, or None."""
    # Other roles are in office without a confirmation: nobody has checked their mobile.
    states = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)
    is_confirmed = any(
        row.role in NEEDS_CONFIRMATION and row.state in states
        for row in standing(session, person_id=person.id, now=now)
    )
    return person.sure_mobile if is_confirmed else None


def appointment_details(session: Session, link: Link) -> dict[str, object]:
    """Return what the message with the code of a link to an appointment also says."""
    appointment = get_appointment(session, link)
    return {
        "act": link.purpose,
        "person": appointment.person,
        "department": appointment.department,
    }


def send_code(
    session: Session,
    *,
    link: Link,
    about: Mapping[str, object],
    now: datetime,
    kind: NoticeKind = NoticeKind.LINK_CODE,
    page_digest: str = "",
) -> LinkCodeProblem | None:
    """Send a code for this link to its person's mobile, and end an earlier one.

    The message says what it is `about`. With `page_digest`, of what the page showed, the code
    counts for exactly that.
    """
    person = link.person
    mobile = usable_mobile(session, person, now=now)
    # The thief of a link must not send SMS without limit, nor close its owner's other links.
    key = throttling.key_of_identifier(f"codes to link {link.id}")
    is_closed = throttling.next_attempt_at(session, [key, _wrong_key(link)], now=now) is not None
    if mobile is None or is_closed:
        return LinkCodeProblem.THROTTLED
    throttling.store_failure(session, [key], now=now)
    table, purpose = Link.__tablename__, LinkPurpose.LINK_CODE
    one_time_links.end_links(session, subject=table, subject_id=link.id, purpose=purpose, now=now)
    subject = LinkSubject(purpose, table, link.id, person)
    code = one_time_links.make_code(
        session, subject, to=mobile, now=now, lasts=CODE_LASTS, browser=page_digest
    )
    values = {"secret": code, "expires_at": now + CODE_LASTS, **about}
    compose.queue(session, kind=kind, person=person, values=values, now=now, to=mobile)
    return None


def code_request_time(session: Session, *, link: Link, now: datetime) -> datetime | None:
    """Return when the code that this link waits for was made (aware UTC), or None."""
    query = select(Link.made_at).where(
        Link.person_id == link.person_id,
        Link.purpose == LinkPurpose.LINK_CODE,
        Link.subject_id == link.id,
        one_time_links.is_open_link(now),
    )
    return session.scalars(query.order_by(Link.id.desc())).first()


def use_code(
    session: Session,
    *,
    link: Link,
    code: str,
    now: datetime,
    is_kept: bool = False,
    page_digest: str = "",
) -> LinkCodeProblem | None:
    """Use up the code that was sent for this link; return None, or the refusal.

    If `is_kept`, it is only checked, so that the page of the act can be shown.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    key = _wrong_key(link)
    if throttling.next_attempt_at(session, [key], now=now) is not None:
        return LinkCodeProblem.THROTTLED
    code_link = one_time_links.find_code(
        session,
        code=code,
        purpose=LinkPurpose.LINK_CODE,
        person_id=link.person_id,
        now=now,
        browser=page_digest,
    )
    if (
        code_link is None or code_link.subject_id != link.id
    ):  # the code of another page is a wrong one
        throttling.store_failure(session, [key], now=now)
        return LinkCodeProblem.WRONG
    if not is_kept:
        one_time_links.use(session, link=code_link, now=now)
    return None


def may_try(session: Session, link: Link, *, now: datetime) -> bool:
    """Count an attempt to verify the person otherwise; False after too many in a quarter hour."""
    key = throttling.key_of_identifier(f"tries of link {link.id}")
    if throttling.next_attempt_at(session, [key], now=now) is not None:
        return False
    throttling.store_failure(session, [key], now=now)
    return True


def _wrong_key(link: Link) -> str:
    return throttling.key_of_identifier(f"code of link {link.id}")
