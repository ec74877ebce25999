"""Credits: a platform that bills each call refuses every call once our app has used them up.

No post is at fault, so none fails because of it. The credits belong to the app: all accounts of the
platform wait, reads pause, and what is due stays scheduled until its late limit. Every quarter of
an hour one call finds out whether somebody has bought credits. An emergency does not wait for that:
it is tried when it falls due, and raises an alert if it is refused.

In a transaction the row of the outage is locked last, after deliveries and accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from publisher.database.bulk import insert_for
from publisher.database.noted_changes import note_changed
from publisher.delivery.accounts import manage
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Delivery
from publisher.models.monitoring import CreditOutage
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.platforms.base.types import Health, HealthProblem
from publisher.states import AccountState, DeliveryState

CODE = "credits"
"""The code of this reason in deliveries and attempts."""

TRY_EVERY = timedelta(minutes=15)

SAME_OUTAGE = timedelta(hours=1)
"""An outage that begins this soon after the last one continues it, and nobody is notified again.

The same applies if X answers the trial call and still refuses the posts after it.
"""

FORGOTTEN_AFTER = timedelta(days=1)
"""This long after an outage, no delivery waits for its end any more."""


def has_no_credits() -> ColumnElement[bool]:
    """Return a condition: there are no credits on the platform of `Account`."""
    outage = exists().where(
        CreditOutage.platform == Account.platform, CreditOutage.ended_at.is_(None)
    )
    return outage.correlate(Account)


def outages(session: Session) -> Mapping[str, CreditOutage]:
    """Return the present outages by platform."""
    query = select(CreditOutage).where(CreditOutage.ended_at.is_(None))
    return {outage.platform: outage for outage in session.scalars(query)}


def outage_ends(session: Session) -> Mapping[str, datetime | None]:
    """Return, by platform, when its last outage ended; None if it has not ended."""
    return {outage.platform: outage.ended_at for outage in session.scalars(select(CreditOutage))}


def record_exhaustion(session: Session, platform: str, *, now: datetime) -> datetime:
    """Store that the platform refused a call for lack of credits; return when the next is tried.

    Leads and admins are notified at the beginning.
    """
    connection, next_try = session.connection(), now + TRY_EVERY
    values = {"platform": platform, "began_at": now, "try_at": next_try}
    insertion = _insert_outage(connection.dialect.name)
    is_first = connection.execute(insertion, values).first() is not None
    outage = session.get_one(CreditOutage, platform, with_for_update=True, populate_existing=True)
    is_new = outage.ended_at is not None and now - outage.ended_at >= SAME_OUTAGE
    if is_first or outage.ended_at is not None:
        _note_accounts(session, platform, now=now)
    if outage.ended_at is not None or outage.try_at <= now:
        outage.try_at, outage.ended_at = next_try, None
    if is_new:
        outage.began_at = now
    if is_first or is_new:
        compose.queue_for_each(
            session,
            responsibility.people_of(responsibility.lead_and_admins(session, now=now)),
            kind=NoticeKind.CREDITS_USED_UP,
            values={"platform": platform, "since_at": now},
            now=now,
            path=links.ACCOUNTS,
        )
    return outage.try_at


#: PostgreSQL:
#:   INSERT INTO credit_outages (platform, began_at, try_at)
#:   VALUES (:platform, :began_at, :try_at)
#:   ON CONFLICT DO NOTHING
#:   RETURNING credit_outages.platform
@cache
def _insert_outage(dialect: str) -> ReturningInsert[str]:
    names = ("platform", "began_at", "try_at")
    columns: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in names}
    insertion = insert_for(dialect, CreditOutage).values(columns).on_conflict_do_nothing()
    return insertion.returning(CreditOutage.platform)


def record_back(session: Session, platform: str, *, now: datetime) -> None:
    """Store that the platform answers again; the next tick releases the deliveries."""
    query = select(CreditOutage).where(
        CreditOutage.platform == platform, CreditOutage.ended_at.is_(None)
    )
    outage = session.scalars(query.with_for_update()).one_or_none()
    if outage is not None:
        outage.ended_at = now
        _note_accounts(session, platform, now=now)


def _note_accounts(session: Session, platform: str, *, now: datetime) -> None:
    for account_id in session.scalars(select(Account.id).where(Account.platform == platform)):
        note_changed(session, Account.__tablename__, account_id, now=now, is_by_person=False)


def record_check(session: Session, platform: str, health: Health, *, now: datetime) -> None:
    """Store what the check of an account says about the platform's credits."""
    if health.problem is HealthProblem.CREDITS:
        record_exhaustion(session, platform, now=now)
    elif health.problem in (None, HealthProblem.PERMISSION, HealthProblem.WRONG_ACCOUNT):
        record_back(session, platform, now=now)


def tick_credits(context: WorkerContext) -> int:
    """Try platforms without credits that are due, and store on deliveries what they wait for.

    Returns the number of tries. No transaction is open while a platform is called.
    """
    with context.database.reading() as session:
        ends = outage_ends(session)
    ended_after = context.now() - FORGOTTEN_AFTER
    if not any(end is None or end > ended_after for end in ends.values()):
        return 0
    tries = sum(_try(context, platform) for platform, end in ends.items() if end is None)
    with context.database.transaction() as session:
        present = outages(session)
        for outage in present.values():
            _store_reason(session, outage, context.now())
        # What waited for credits on platforms that have some again may go.
        is_back = Account.platform.not_in(list(present))
        statement = (
            update(Delivery)
            .where(
                Delivery.state == DeliveryState.SCHEDULED,
                func.coalesce(Delivery.reason["code"].as_string(), "") == CODE,
                Delivery.account_id.in_(select(Account.id).where(is_back)),
            )
            .values(
                reason={},
                # An emergency waited for the next try; others wait for something else.
                not_before=case((Delivery.urgent.is_(True), null()), else_=Delivery.not_before),
            )
        )
        session.execute(statement.execution_options(synchronize_session=False))
    return tries


def _try(context: WorkerContext, platform: str) -> int:
    """Make one call if it is due; accounts whose access has ended are paused, and prove nothing."""
    if not _lease_try(context, platform):
        return 0
    is_connected = Account.state == AccountState.CONNECTED
    query = select(Account).where(Account.platform == platform, is_connected).order_by(Account.id)
    with context.database.reading() as session:
        accounts = list(session.scalars(query))
    for tries, account in enumerate(accounts, start=1):
        health = _check(context, account)
        with context.database.transaction() as session:
            if health.problem is not HealthProblem.CREDENTIALS:
                record_check(session, platform, health, now=context.now())
                return tries
            manage.pause_expired(session, account, now=context.now())
    return len(accounts)


def _lease_try(context: WorkerContext, platform: str) -> bool:
    """Put off the next try, so that no other clock makes this one; return False if none is due."""
    with context.database.transaction() as session:
        now = context.now()
        statement = (
            update(CreditOutage)
            .where(
                CreditOutage.platform == platform,
                CreditOutage.ended_at.is_(None),
                CreditOutage.try_at <= now,
            )
            .values(try_at=now + TRY_EVERY)
        )
        return session.connection().execute(statement).rowcount == 1


def _check(context: WorkerContext, account: Account) -> Health:
    try:
        return context.open_account(account).check()
    except CredentialsExpired as problem:
        return Health(HealthProblem.CREDENTIALS, detail=problem.detail)


def _store_reason(session: Session, outage: CreditOutage, now: datetime) -> None:
    """Store on due deliveries that they wait for credits, and until the next try."""
    at = outage.try_at.isoformat()
    stored = [func.coalesce(Delivery.reason[field].as_string(), "") for field in ("code", "at")]
    statement = (
        update(Delivery)
        .where(
            Delivery.account_id.in_(select(Account.id).where(Account.platform == outage.platform)),
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.due_at <= now,
            Delivery.urgent.is_(False),  # these say that they were refused, which raises an alert
            or_(stored[0] != CODE, stored[1] != at),
        )
        .values(reason={"code": CODE, "at": at})
    )
    session.execute(statement.execution_options(synchronize_session=False))
