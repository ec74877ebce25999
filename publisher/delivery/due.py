"""Which accounts have deliveries due now, and when the next delivery falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, exists, literal_column, or_, select

from publisher.database.bulk import column_is
from publisher.database.session import core_table
from publisher.delivery import platform_credits
from publisher.delivery.rate_limits import query
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.states import AccountState, DeliveryState
from publisher.transitions import NOW

_DELIVERY = core_table(Delivery)
_ONE = literal_column("1", Integer())  # a plan for an unknown limit would expect many rows


@dataclass(frozen=True)
class Due:
    """The accounts that have sendable deliveries now, and when the next delivery falls due.

    Accounts with urgent deliveries (`urgent_ids`) come first in `account_ids`. On those without
    credits (`unpaid_ids`) nothing else may be claimed.
    """

    account_ids: tuple[int, ...]
    next_at: datetime | None
    urgent_ids: frozenset[int] = frozenset()
    unpaid_ids: frozenset[int] = frozenset()


def due_conditions(now: query.Moment) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a delivery is scheduled and may be sent now."""
    return (
        column_is(_DELIVERY.c.state, DeliveryState.SCHEDULED),
        Delivery.due_at <= now,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


_DUE_ON_ACCOUNT = (Delivery.account_id == Account.id, *due_conditions(NOW))
# A scalar subquery: for an EXISTS, PostgreSQL would collect all due deliveries of all accounts.
_FIRST_DUE = (
    select(Delivery.id).where(*_DUE_ON_ACCOUNT).limit(_ONE).correlate(Account).scalar_subquery()
)
_FIRST_URGENT = (
    select(Delivery.id)
    .where(*_DUE_ON_ACCOUNT, Delivery.urgent.is_(True))
    .limit(_ONE)
    .correlate(Account)
    .scalar_subquery()
)
# Emergencies, edits, deletions and hides, which no rate limit of publications holds back.
_HAS_UNLIMITED = exists().where(
    *_DUE_ON_ACCOUNT,
    or_(Delivery.urgent.is_(True), ~column_is(_DELIVERY.c.action, DeliveryAction.PUBLISH)),
)

#: PostgreSQL:
#:   SELECT accounts.id, (
#:     SELECT deliveries.id
#:     FROM deliveries
#:     WHERE deliveries.account_id = accounts.id
#:       AND deliveries.state = 'scheduled'
#:       AND deliveries.due_at <= :now
#:       AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:       AND deliveries.urgent IS true
#:     LIMIT 1
#:   ) IS NOT NULL AS has_urgent, EXISTS (
#:     SELECT *
#:     FROM credit_outages
#:     WHERE credit_outages.platform = accounts.platform
#:       AND credit_outages.ended_at IS NULL
#:   ) AS has_no_credits
#:   FROM accounts
#:   WHERE accounts.state = 'connected'
#:     AND (
#:       SELECT deliveries.id
#:       FROM deliveries
#:       WHERE deliveries.account_id = accounts.id
#:         AND deliveries.state = 'scheduled'
#:         AND deliveries.due_at <= :now
#:         AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:       LIMIT 1
#:     ) IS NOT NULL
#:     AND ((accounts.quiet_until IS NULL OR accounts.quiet_until <= :now) AND NOT (EXISTS (
#:       SELECT *
#:       FROM allowances
#:       WHERE allowances.account_id = accounts.id
#:         AND allowances.remaining <= 0
#:         AND allowances.resets_at > :now
#:         AND (allowances.name LIKE 'publish.' || '%')
#:     )) OR (EXISTS (
#:       SELECT *
#:       FROM deliveries
#:       WHERE deliveries.account_id = accounts.id
#:         AND deliveries.state = 'scheduled'
#:         AND deliveries.due_at <= :now
#:         AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:         AND (deliveries.urgent IS true OR deliveries.action != 'publish')
#:     )))
#:     AND (NOT (EXISTS (
#:       SELECT *
#:       FROM credit_outages
#:       WHERE credit_outages.platform = accounts.platform
#:         AND credit_outages.ended_at IS NULL
#:     )) OR (
#:       SELECT deliveries.id
#:       FROM deliveries
#:       WHERE deliveries.account_id = accounts.id
#:         AND deliveries.state = 'scheduled'
#:         AND deliveries.due_at <= :now
#:         AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:         AND deliveries.urgent IS true
#:       LIMIT 1
#:     ) IS NOT NULL)
#:   ORDER BY accounts.id
_ACCOUNTS_WITH_DUE = (
    select(
        Account.id,
        _FIRST_URGENT.is_not(None).label("has_urgent"),
        platform_credits.has_no_credits().label("has_no_credits"),
    )
    .where(
        column_is(core_table(Account).c.state, AccountState.CONNECTED),
        _FIRST_DUE.is_not(None),
        or_(query.is_free(NOW), _HAS_UNLIMITED),
        or_(~platform_credits.has_no_credits(), _FIRST_URGENT.is_not(None)),
    )
    .order_by(Account.id)
)

#: PostgreSQL:
#:   SELECT deliveries.due_at
#:   FROM deliveries
#:   WHERE deliveries.state = 'scheduled'
#:     AND deliveries.due_at > :now
#:   ORDER BY deliveries.due_at
#:   LIMIT 1
_NEXT_DUE = (
    select(Delivery.due_at)
    .where(column_is(_DELIVERY.c.state, DeliveryState.SCHEDULED), Delivery.due_at > NOW)
    .order_by(Delivery.due_at)
    .limit(_ONE)
)


def find_due(context: WorkerContext) -> Due:
    """Return the accounts with deliveries due now, and when the next delivery falls due."""
    with context.database.reading() as session:
        values = {"now": context.now()}
        accounts = session.execute(_ACCOUNTS_WITH_DUE, values).all()
        next_at = session.scalar(_NEXT_DUE, values)
    urgent_ids = frozenset(row.id for row in accounts if row.has_urgent)
    in_order = sorted((row.id for row in accounts), key=lambda row_id: row_id not in urgent_ids)
    unpaid_ids = frozenset(row.id for row in accounts if row.has_no_credits)
    return Due(tuple(in_order), next_at, urgent_ids, unpaid_ids)
