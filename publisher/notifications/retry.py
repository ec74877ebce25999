"""Mails that did not go: which, why, and sending one again when a person asks for it."""

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
from publisher.notifications import links
from publisher.notifications.compose import NoticeKind
from publisher.states import NoticeState

STUCK = (NoticeState.FAILED, NoticeState.UNCONFIRMED)
PAGE = 50
_LINK_TAKEN_OUT = re.compile(rf"{links.BASE}\S*/…")


_BEARS_A_CODE = frozenset({NoticeKind.PASSWORD_CODE, NoticeKind.CONTACT_CODE})


class LinkGone(NotAllowed):
    """The mail bore a one-use link or code that was not kept: a new one has to be made instead."""

    code = "link_gone"


class AccessClosed(NotAllowed):
    """Its person was shut out meanwhile, and gets nothing any more."""

    code = "access_closed"


def did_not_go() -> ColumnElement[bool]:
    """The mail failed, or nobody knows whether it went; a person has to look.

    The states stand in the statement itself: SQLite takes the index of these few for no other.
    """
    states: BindParameter[Sequence[NoticeState]] = bindparam(
        "stuck_states", STUCK, expanding=True, literal_execute=True
    )
    return Notice.state.in_(states)


def stuck_mails(
    session: Session, *, before: tuple[datetime, int] | None = None, most: int = PAGE
) -> Sequence[Notice]:
    """The mails that did not go, the latest first; one more than `most`, where there is one."""
    query = select(Notice).where(did_not_go()).options(joinedload(Notice.person))
    if before is not None:
        at, key = before
        query = query.where(or_(Notice.state_at < at, and_(Notice.state_at == at, Notice.id < key)))
    order = (Notice.state_at.desc(), Notice.id.desc())
    return session.scalars(query.order_by(*order).limit(most + 1)).all()


def can_go_again(notice: Notice) -> bool:
    """Whether it can be sent as it is: one whose one-use link or code was taken out cannot."""
    is_whole = _LINK_TAKEN_OUT.search(notice.body) is None and notice.kind not in _BEARS_A_CODE
    return notice.state in STUCK and is_whole


def send_again(session: Session, *, actor: Actor, now: datetime, notice: Notice) -> None:
    """Queue a mail that did not go once more, to where its person is reached now.

    It is tried for as long as a new one. Raises `LinkGone` where its one-use link or code is
    gone, `AccessClosed`, or `WrongState` where it is not stuck.
    """
    require(actor, Action.SEND_MAIL_AGAIN, None, now=now)
    found = transitions.lock(session, Notice, notice.id)
    if found is None or (found.state in STUCK and not can_go_again(found)):
        raise LinkGone
    if found.person is not None and found.person.disabled_at is not None:
        raise AccessClosed
    transitions.apply(
        session, found, NoticeState.QUEUED, actor=actor, now=now, verb="send_mail_again"
    )
    found.queued_at = found.send_at = now
    found.leased_until, found.reason = None, ""
    found.address = _address_now(found)


def _address_now(notice: Notice) -> str:
    """What tells of a changed address goes to the one before; all else to the person's own."""
    if notice.person is None or notice.kind == NoticeKind.ACCESS_CHANGED:
        return notice.address
    own = notice.person.mail if notice.channel is Channel.MAIL else notice.person.mobile
    return own or notice.address
