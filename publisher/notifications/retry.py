"""Failed mails: list them with their reasons, and resend one on a person's request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.notifications import Channel, Notice
from publisher.notifications import department_copies, links
from publisher.notifications.kinds import HAS_SECRET, NoticeKind
from publisher.states import NoticeState

STUCK = (NoticeState.FAILED, NoticeState.UNCONFIRMED)
PAGE = 50
# A notice of a changed address is sent to the old one, a department's copy to the department.
_STAYING = (NoticeKind.ACCESS_CHANGED, NoticeKind.DEPARTMENT_COPY)
_REMOVED_LINK = re.compile(rf"{links.BASE}\S*/…")


class LinkGone(NotAllowed):
    """The mail held a one-time link or code that was removed: a new one has to be made instead."""

    code = "link_gone"


class AccessClosed(NotAllowed):
    """The person was disabled meanwhile, and gets no mails any more."""

    code = "access_closed"


class AddressShared(NotAllowed):
    """The mail was for a person, and its address is a department's now."""

    code = "address_shared"


def is_undelivered() -> ColumnElement[bool]:
    """Return the condition of mails that failed or are unconfirmed: a person has to look.

    The states are literals in the statement, as SQLite uses the partial index only then.
    """
    states: BindParameter[Sequence[NoticeState]] = bindparam(
        "stuck_states", STUCK, expanding=True, literal_execute=True
    )
    return Notice.state.in_(states)


def stuck_mails(
    session: Session, *, before: tuple[datetime, int] | None = None, most: int = PAGE
) -> Sequence[Notice]:
    """Return the failed mails, latest first; up to `most` + 1, to see if there are more."""
    query = select(Notice).where(is_undelivered()).options(joinedload(Notice.person))
    if before is not None:
        at, key = before
        query = query.where(or_(Notice.state_at < at, and_(Notice.state_at == at, Notice.id < key)))
    order = (Notice.state_at.desc(), Notice.id.desc())
    return session.scalars(query.order_by(*order).limit(most + 1)).all()


def can_go_again(notice: Notice) -> bool:
    """Return True if it can be resent as it is: it had no one-time link or code."""
    is_whole = _REMOVED_LINK.search(_insert_review_link(notice, notice.body)) is None
    return notice.state in STUCK and notice.kind not in HAS_SECRET and is_whole


def _insert_review_link(notice: Notice, text: str) -> str:
    return text.replace(links.REMOVED_APPROVAL, f"{links.BASE}{notice.path}")


def send_again(session: Session, *, actor: Actor, now: datetime, notice: Notice) -> None:
    """Requeue a failed mail, to the person's present address.

    It has as many retries as a new one. The personal link of a mail to an approver becomes that of
    the review page, which asks for a sign-in. Raises `LinkGone` if its one-time link or code was
    removed, `AccessClosed`, `AddressShared`, or `WrongState` if it did not fail.
    """
    require(actor, Action.SEND_MAIL_AGAIN, None, now=now)
    locked_notice = transitions.lock(session, Notice, notice.id)
    if locked_notice is None or (locked_notice.state in STUCK and not can_go_again(locked_notice)):
        raise LinkGone
    if locked_notice.person is not None and locked_notice.person.disabled_at is not None:
        raise AccessClosed
    transitions.apply(
        session, locked_notice, NoticeState.QUEUED, actor=actor, now=now, verb="send_mail_again"
    )
    locked_notice.queued_at = locked_notice.send_at = now
    locked_notice.leased_until, locked_notice.reason = None, ""
    locked_notice.address = _address_now(locked_notice)
    locked_notice.body = _insert_review_link(locked_notice, locked_notice.body)
    locked_notice.variables = {
        name: _insert_review_link(locked_notice, text)
        for name, text in locked_notice.variables.items()
    }
    is_copy = locked_notice.kind == NoticeKind.DEPARTMENT_COPY
    if not is_copy and department_copies.find_owner(session, locked_notice.address) is not None:
        raise AddressShared


def _address_now(notice: Notice) -> str:
    if notice.person is None or notice.kind in _STAYING:
        return notice.address
    own_address = notice.person.mail if notice.channel is Channel.MAIL else notice.person.mobile
    return own_address or notice.address
