"""Compare the time of a clock's machine with platforms and a database on another machine.

The witness whose time is nearest to the machine's decides, since a witness may be wrong itself.
While even this witness says that the machine is off by more than five minutes, its clocks publish
no posts and give up none as late, until its time is right or a person overrides it. Without any
witness nothing is held.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, or_, select, text, update
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account
from publisher.models.monitoring import WrongTime
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility, roster
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.states import AccountState
from publisher.validation import person_of

OFF_AFTER: Final = timedelta(seconds=30)
"""A machine's time that differs by more is wrong, and pages say so."""

HOLDS_AFTER: Final = timedelta(minutes=5)
"""A machine whose time differs by more publishes no posts."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""A machine on which no clock has asked for this long is no longer reported."""

_IS_OPEN = WrongTime.ended_at.is_(None)
_DATABASE_TIME = text("SELECT host(inet_server_addr()) AS address, clock_timestamp() AS at")


def nearest_witness(
    database: Database, open_account: OpenAccount, *, now: Callable[[], datetime]
) -> tuple[str, timedelta] | None:
    """Return the witness to which this machine's time is nearest, and by how much it is ahead.

    No transaction is open while a platform is asked.
    """
    is_usable = Account.state != AccountState.DISCONNECTED
    with database.reading() as session:
        accounts = list(session.scalars(select(Account).where(is_usable).order_by(Account.id)))
        ahead = {"database": None if database.is_sqlite else _database_ahead(session, now)}
    for account in {account.platform: account for account in accounts}.values():
        with suppress(CredentialsExpired):
            ahead[account.platform] = open_account(account).time_ahead()
    spans = {name: span for name, span in ahead.items() if span is not None}
    return min(spans.items(), key=lambda witness: abs(witness[1]), default=None)


def _database_ahead(session: Session, now: Callable[[], datetime]) -> timedelta | None:
    """Return how far this machine is ahead of PostgreSQL's; None if that is this machine."""
    answer = session.execute(_DATABASE_TIME).one()
    return None if answer.address is None or is_own_address(answer.address) else now() - answer.at


def is_own_address(address: str) -> bool:
    """Return True if the IP address is one of this machine's: only those can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return True
    return False


def ask_witnesses(context: WorkerContext) -> int:
    """Ask the witnesses and store what they say; return 1 if this machine's time is wrong."""
    witness = nearest_witness(context.database, context.open_account, now=context.now)
    with context.database.transaction() as session:
        now, machine = context.now(), context.machine
        if witness is not None and abs(witness[1]) <= OFF_AFTER:
            is_over = or_(WrongTime.machine == machine, WrongTime.asked_at < now - FORGOTTEN_AFTER)
            session.execute(update(WrongTime).where(_IS_OPEN, is_over).values(ended_at=now))
            return 0
        if witness is not None:
            values = {
                "machine": machine,
                "witness": "",
                "ahead": 0,
                "began_at": now,
                "asked_at": now,
            }
            connection = session.connection()
            insertion = insert_for(connection.dialect.name, WrongTime).values(values)
            connection.execute(insertion.on_conflict_do_nothing())
        query = open_wrong_times().where(WrongTime.machine == machine).with_for_update()
        wrong_time = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if wrong_time is None:
            return 0
        # Without a witness the time is as wrong as before.
        if witness is not None:
            wrong_time.witness, wrong_time.ahead = witness[0], round(witness[1].total_seconds())
            is_far_off = abs(witness[1]) > HOLDS_AFTER
            wrong_time.holds_posts = is_far_off and wrong_time.overridden_at is None
        # By the right time, for other machines see by it whether anybody still asks.
        wrong_time.asked_at = now - timedelta(seconds=wrong_time.ahead)
        if wrong_time.holds_posts and wrong_time.told_at is None:
            wrong_time.told_at = now
            _notify(session, wrong_time, now=now)
        return 1


def open_wrong_times() -> Select[WrongTime]:
    """Return the query of the machines whose time is wrong."""
    return select(WrongTime).where(_IS_OPEN).order_by(WrongTime.id)


def _notify(session: Session, wrong_time: WrongTime, *, now: datetime) -> None:
    """Notify everybody on duty, and the leads and admins, who can have it set right."""
    right = wrong_time.asked_at
    people = [duty.person for duty in roster.current_duties(session, now=right)]
    people += responsibility.people_of(responsibility.lead_and_admins(session, now=right))
    minutes, is_ahead = abs(wrong_time.ahead) // 60, wrong_time.ahead > 0
    compose.queue_for_each(
        session,
        dict.fromkeys(people),
        kind=NoticeKind.WRONG_TIME,
        values={"machine": wrong_time.machine, "minutes": minutes, "is_ahead": is_ahead},
        now=min(now, right),  # or a mail would wait for a time that has not come yet
        path=links.STOP,
    )


def override_time(session: Session, *, actor: Actor, now: datetime) -> None:
    """Override each wrong time that holds posts, until it is right. Raises `WrongRole`."""
    on_duty = roster.is_on_duty(session, actor, now=now)
    require(actor, Action.OVERRIDE_TIME, None, now=now, on_duty=on_duty)
    query = open_wrong_times().where(WrongTime.holds_posts).with_for_update()
    for wrong_time in session.scalars(query.execution_options(populate_existing=True)):
        wrong_time.holds_posts, wrong_time.overridden_at, wrong_time.overridden_by_id = (
            False,
            now,
            person_of(actor),
        )
        values, verb = (
            {"machine": wrong_time.machine, "ahead": wrong_time.ahead},
            Action.OVERRIDE_TIME.value,
        )
        transitions.record(session, wrong_time, verb, actor=actor, now=now, values=values)
