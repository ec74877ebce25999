"""Mails that came before the demo begins, taken in as the reader of a mailbox does it.

A step that was carried out before an interruption is refused when it is played once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongState
from approvals.policy import Role
from demo.mails import UNREADABLE, DemoAddress, DemoMail, load_addresses, load_mails
from demo.seeding.call_acts import CallStep
from demo.seeding.context import AT_THE_CELL, Context, department_id
from publisher.mail.mailbox.preparation import mail_intake, prepare
from publisher.mail.mailbox.receive import receive
from publisher.media.configured_store import open_store
from publisher.models.departments import DepartmentAddress
from publisher.models.mailbox import ReceivedMail
from publisher.notifications.email import message_id_of
from publisher.people import shared_addresses

_HOUR: Final = timedelta(hours=1)
_RECORDED: Final = 12 * 24 * _HOUR
_UNREADABLE_CAME: Final = 8 * _HOUR


def mail_steps(base: datetime) -> Iterator[CallStep]:
    """Yield the shared addresses and the mails, in no order."""
    for address in load_addresses():
        yield base - _RECORDED, f"address: {address.mail}", partial(_record, address=address)
    for mail in load_mails():
        yield base - mail.hours_ago * _HOUR, f"mail: {mail.key}", partial(_receive, mail=mail)
    yield base - _UNREADABLE_CAME, "mail that is none", partial(_receive_raw, raw=UNREADABLE)


def _record(context: Context, *, address: DemoAddress) -> None:
    """Let the lead record a shared address, and the department's head confirm it."""
    with context.database.transaction() as session:
        query = select(DepartmentAddress).where(DepartmentAddress.mail == address.mail)
        if session.scalars(query).first() is not None:
            raise WrongState(state="recorded", to="recorded")
        own_id = department_id(session, address.department)
        row = shared_addresses.add(
            session,
            actor=context.actor(session, address.by, AT_THE_CELL),
            department_id=own_id,
            mail_text=address.mail,
            now=context.now,
        )
        session.flush()
        if address.confirmed_by:
            shared_addresses.confirm(
                session,
                actor=context.actor(session, address.confirmed_by, (Role.HEAD,)),
                department_id=own_id,
                address_id=row.id,
                now=context.now,
            )


def _receive(context: Context, *, mail: DemoMail) -> None:
    with context.database.reading() as session:
        answered = _acknowledgement_id(session, mail.answers, context.settings.mail_from)
    server = context.settings.mail_server
    _receive_raw(context, raw=mail.raw(sent_at=context.now, server=server, answered=answered))


def _acknowledgement_id(session: Session, key: str, mail_from: str) -> str:
    """Return the Message-ID of our answer to the mail with this key; empty if there is none."""
    query = select(ReceivedMail).where(ReceivedMail.message_id.startswith(f"{key}@"))
    mail = session.scalars(query).first() if key else None
    return message_id_of(mail.notice, mail_from=mail_from) if mail and mail.notice else ""


def _receive_raw(context: Context, *, raw: bytes) -> None:
    with context.database.reading() as session:
        same = select(ReceivedMail.id).where(ReceivedMail.raw_sha256 == sha256(raw).hexdigest())
        if session.scalars(same).first() is not None:
            raise WrongState(state="received", to="received")
    intake = mail_intake(context.settings, open_store(context.settings))
    prepared = prepare(context.database, raw, intake=intake, now=context.now)
    with context.database.transaction() as session:
        receive(session, prepared, intake=intake, now=context.now)
