"""The time of a clock's machine, held against platforms and a database on another machine.

The witness to which the machine's time is nearest decides, since one that is wrong itself must not
accuse it. While even that one says that it is off by more than five minutes, the clocks of the
machine publish no posts and give up none as late, until it is right or a person overrides it.
Without any witness nothing is held.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select, text, update
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, may, require
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.emergency import roster
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account
from publisher.models.monitoring import WrongTime
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.states import AccountState
from publisher.validation import person_of

OFF_AFTER: Final = timedelta(seconds=30)
"""A machine's time that differs by more is wrong, and pages say so."""

HOLDS_AFTER: Final = timedelta(minutes=5)
"""A machine whose time differs by more publishes no posts."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""A machine on which no clock has asked for so long is spoken of no more."""

_DATABASE_TIME = text("SELECT host(inet_server_addr()) AS address, clock_timestamp() AS at")


def witnesses(
    database: Database, open_account: OpenAccount, *, now: Callable[[], datetime]
) -> Mapping[str, timedelta]:
    """Return by how much this machine is ahead of each witness that answers.

    No transaction is open while a platform is asked.
    """
    is_usable = Account.state != AccountState.DISCONNECTED
    with database.reading() as session:
        accounts = list(session.scalars(select(Account).where(is_usable).order_by(Account.id)))
        ahead = {"database": None if database.is_sqlite else _database_ahead(session, now)}
    for account in {account.platform: account for account in accounts}.values():
        with suppress(CredentialsExpired):
            ahead[account.platform] = open_account(account).time_ahead()
    return {name: span for name, span in ahead.items() if span is not None}


def _database_ahead(session: Session, now: Callable[[], datetime]) -> timedelta | None:
    """Return how far this machine is ahead of PostgreSQL's; None if that is this machine."""
    row = session.execute(_DATABASE_TIME).one()
    return None if row.address is None or is_own_address(row.address) else now() - row.at


def is_own_address(address: str) -> bool:
    """Return True if the IP address is one of this machine's: only those can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def nearest_witness(ahead: Mapping[str, timedelta]) -> tuple[str, timedelta] | None:
    """Return the witness to which this machine's time is nearest, and by how much it is ahead."""
    return min(ahead.items(), key=lambda witness: abs(witness[1]), default=None)


def ask_witnesses(context: WorkerContext) -> int:
    """Ask the witnesses and store what they say; return 1 if this machine's time is wrong."""
    ahead = witnesses(context.database, context.open_account, now=context.now)
    with context.database.transaction() as session:
        return int(_store(session, context.machine, nearest_witness(ahead), context.now()))


def _store(
    session: Session, machine: str, witness: tuple[str, timedelta] | None, now: datetime
) -> bool:
    if witness is not None and abs(witness[1]) > OFF_AFTER:
        values = {"machine": machine, "witness": "", "ahead": 0, "began_at": now, "asked_at": now}
        connection = session.connection()
        insertion = insert_for(connection.dialect.name, WrongTime).values(values)
        connection.execute(insertion.on_conflict_do_nothing())
    elif witness is not None:
        long_ago = WrongTime.asked_at < now - FORGOTTEN_AFTER
        session.execute(update(WrongTime).where(_IS_OPEN, long_ago).values(ended_at=now))
    query = open_wrong_times().where(WrongTime.machine == machine).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        return False
    if witness is not None:  # without one, nobody says that it is right by now
        _judge(session, row, *witness, now=now)
    row.asked_at = now - timedelta(seconds=row.ahead)
    return row.ended_at is None


_IS_OPEN = WrongTime.ended_at.is_(None)


def open_wrong_times() -> Select[WrongTime]:
    """Return the query of the machines whose time is wrong."""
    return select(WrongTime).where(_IS_OPEN).order_by(WrongTime.id)


def _judge(session: Session, row: WrongTime, name: str, span: timedelta, *, now: datetime) -> None:
    row.witness, row.ahead = name, round(span.total_seconds())
    row.holds_posts = abs(span) > HOLDS_AFTER and row.overridden_at is None
    row.ended_at = None if abs(span) > OFF_AFTER else now
    if row.holds_posts and row.told_at is None:
        row.told_at = now
        _notify(session, row, now=now)


def _notify(session: Session, row: WrongTime, *, now: datetime) -> None:
    """Notify everybody on duty, and the leads and admins, who can have it set right."""
    on_duty = [duty.person for duty in roster.on_duty(session, now=now)]
    others = responsibility.people_of(responsibility.lead_and_admins(session, now=now))
    minutes, is_ahead = abs(row.ahead) // 60, row.ahead > 0
    compose.queue_for_each(
        session,
        dict.fromkeys([*on_duty, *others]),
        kind=NoticeKind.WRONG_TIME,
        values={"machine": row.machine, "minutes": minutes, "is_ahead": is_ahead},
        now=now,
        path=links.stop(),
    )


def may_override(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Return True if this actor may let posts leave by a wrong time: a lead, or while on duty."""
    on_duty = roster.is_on_duty(session, actor, now=now)
    return may(actor, Action.OVERRIDE_TIME, None, on_duty=on_duty)


def override_time(session: Session, *, actor: Actor, now: datetime) -> None:
    """Let posts leave by each wrong time that holds them, until it is right. Raises `WrongRole`."""
    on_duty = roster.is_on_duty(session, actor, now=now)
    require(actor, Action.OVERRIDE_TIME, None, now=now, on_duty=on_duty)
    query = open_wrong_times().where(WrongTime.holds_posts).with_for_update()
    for row in session.scalars(query.execution_options(populate_existing=True)):
        row.holds_posts, row.overridden_at, row.overridden_by_id = False, now, person_of(actor)
        values, verb = {"machine": row.machine, "ahead": row.ahead}, Action.OVERRIDE_TIME.value
        transitions.record(session, row, verb, actor=actor, now=now, values=values)
