"""The ledger of what platforms charge: each thing once a UTC day, by account and cause.

A read is recorded right after its answer, before its result is stored: a clock that is killed in
between reads again, and what it reads is recorded then. A creation is recorded by a tick, from its
receipt, so that the ledger can never fail or delay a publication.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import Date, Insert, Row, String, bindparam, delete, select
from sqlalchemy.orm import Session, joinedload

from publisher.content_checks import outgoing_text
from publisher.database.bulk import insert_for, rows_from_json, rows_to_json
from publisher.database.session import Database
from publisher.delivery.outcomes import NOT_STORED
from publisher.models.accounts import ChargeDay, ChargedResource
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptOrigin, ReceiptRow
from publisher.models.posts import PostKind
from publisher.platforms.base.charges import Billing, Cause, Charge, ChargeKind, RecordCharges
from publisher.platforms.base.text import with_link
from publisher.platforms.registry import capabilities

log = logging.getLogger("nagarvani.spending")

NEW_FOR: Final = timedelta(days=2)
"""Receipts that were stored within this time are searched for creations."""

CATCH_UP: Final = 1_000
"""The newest this many of them: far more than a platform takes in the minute between two ticks."""

RESOURCES_FOR: Final = timedelta(days=5)
"""How long the ledger remembers what was charged: longer than `NEW_FOR` and a day."""

CHARGES_FOR: Final = timedelta(days=3 * 366)


def recorder(
    database: Database, settings: Mapping[str, str], now: Callable[[], datetime]
) -> Callable[[Account], RecordCharges]:
    """Return a function that takes an account and returns the function that records its reads.

    The latter raises nothing. Like a platform, it is called while no transaction is open.
    """

    def make_recorder(account: Account) -> RecordCharges:
        platform, account_id = account.platform, account.id

        def record(cause: Cause, charges: Sequence[Charge]) -> None:
            try:
                with database.transaction() as session:
                    add(session, platform, account_id, cause, now().date(), charges, settings)
            except NOT_STORED as problem:
                # The answer is worth more than its price.
                log.warning("%d charges not recorded: %s", len(charges), type(problem).__name__)

        return record

    return make_recorder


def add(
    session: Session,
    platform: str,
    account_id: int,
    cause: Cause,
    utc_day: date,
    charges: Sequence[Charge],
    settings: Mapping[str, str],
) -> int:
    """Add the charges whose resources were not yet charged on that day; return their number."""
    billing = capabilities(platform).billing
    if billing is None or not charges:
        return 0
    connection = session.connection()
    # Sorted, so that two clocks that charge the same things cannot deadlock.
    resources = sorted({charge.resource for charge in charges})
    values = {
        "utc_day": utc_day,
        "platform": platform,
        "rows": rows_to_json([{"resource": resource} for resource in resources]),
    }
    new = set(connection.scalars(_mark(connection.dialect.name), values))
    kinds = {charge.resource: charge.kind for charge in reversed(charges)}
    numbers = Counter(kinds[resource] for resource in new)
    for kind in sorted(numbers):
        row = {
            "utc_day": utc_day,
            "account_id": account_id,
            "cause": cause,
            "kind": kind,
            "price": billing.price(kind, settings),
            "number": numbers[kind],
        }
        connection.execute(_count(connection.dialect.name), row)
    return len(new)


#: PostgreSQL:
#:   INSERT INTO charged_resources (utc_day, platform, resource)
#:   SELECT :utc_day AS anon_1, :platform AS anon_2, json_rows.resource
#:   FROM json_to_recordset(CAST(:rows AS JSON)) AS json_rows(resource VARCHAR)
#:   WHERE json_rows.resource != ''
#:   ORDER BY json_rows.resource
#:   ON CONFLICT DO NOTHING
#:   RETURNING charged_resources.resource
@cache
def _mark(dialect: str) -> Insert:
    rows = rows_from_json(dialect, {"resource": String()})
    resource = rows.c.resource
    query = select(bindparam("utc_day", type_=Date()), bindparam("platform"), resource)
    # SQLite needs a WHERE before ON CONFLICT.
    in_order = query.where(resource != "").order_by(resource)
    insertion = insert_for(dialect, ChargedResource).from_select(
        ["utc_day", "platform", "resource"], in_order
    )
    return insertion.on_conflict_do_nothing().returning(ChargedResource.resource)


#: PostgreSQL:
#:   INSERT INTO charges (utc_day, account_id, cause, kind, price, number)
#:   VALUES (:utc_day, :account_id, :cause, :kind, :price, :number)
#:   ON CONFLICT (utc_day, account_id, cause, kind,
#:       price) DO UPDATE SET number = (charges.number + excluded.number)
#:   RETURNING charges.id
@cache
def _count(dialect: str) -> Insert:
    names = ("utc_day", "account_id", "cause", "kind", "price", "number")
    insertion = insert_for(dialect, ChargeDay).values({name: bindparam(name) for name in names})
    return insertion.on_conflict_do_update(
        index_elements=names[:-1],
        set_={"number": ChargeDay.number + insertion.excluded.number},
    )


def charge_actions(
    session: Session, platform: str, settings: Mapping[str, str], *, now: datetime
) -> int:
    """Charge what was created, hidden and deleted since the last tick; return the number."""
    billing = capabilities(platform).billing
    if billing is None:
        return 0
    newest_ids = select(ReceiptRow.id).order_by(ReceiptRow.id.desc()).limit(CATCH_UP)
    newest_rows = newest_ids.subquery("newest")
    done_by_machine = (
        select(ReceiptRow.id, ReceiptRow.platform_id, ReceiptRow.action)
        .join(newest_rows, newest_rows.c.id == ReceiptRow.id)
        .join(Account, Account.id == ReceiptRow.account_id)
        .where(
            Account.platform == platform,
            ReceiptRow.action.in_((DeliveryAction.PUBLISH, *_KINDS)),
            ReceiptRow.origin != ReceiptOrigin.BY_HAND,
            ReceiptRow.stored_at >= now - NEW_FOR,
        )
    )
    newest = {_name(row): row.id for row in session.execute(done_by_machine).all()}
    recorded = select(ChargedResource.resource).where(
        ChargedResource.platform == platform,
        ChargedResource.utc_day >= (now - RESOURCES_FOR).date(),
        ChargedResource.resource.in_(newest),
    )
    new_ids = {*newest.values()} - {newest[name] for name in session.scalars(recorded)}
    query = (
        select(ReceiptRow)
        .where(ReceiptRow.id.in_(new_ids))
        .options(joinedload(ReceiptRow.delivery).joinedload(Delivery.variant))
        .order_by(ReceiptRow.id)
    )
    for receipt in session.scalars(query) if new_ids else ():
        cause, charges = _receipt_charges(receipt, billing)
        add(session, platform, receipt.account_id, cause, _billing_day(receipt), charges, settings)
    return len(new_ids)


_KINDS: Final = {
    DeliveryAction.HIDE: ChargeKind.HIDE,
    DeliveryAction.UNHIDE: ChargeKind.HIDE,
    DeliveryAction.DELETE: ChargeKind.DELETE,
}
"""What is charged apart from creations, each request by itself."""


def _name(receipt: Row[int, str, DeliveryAction] | ReceiptRow) -> str:
    if receipt.action in _KINDS:
        return f"{receipt.action}/{receipt.id}"
    return f"created/{receipt.platform_id}"


def _billing_day(receipt: ReceiptRow) -> date:
    """Return the UTC day of the creation; if it was found much later, the day it was found."""
    is_late = receipt.stored_at - receipt.published_at > timedelta(days=1)
    moment = receipt.stored_at if is_late else receipt.published_at
    return moment.astimezone(UTC).date()


def _receipt_charges(receipt: ReceiptRow, billing: Billing) -> tuple[Cause, list[Charge]]:
    name, variant = _name(receipt), receipt.delivery.variant
    if kind := _KINDS.get(receipt.action):
        return Cause.REMOVALS, [Charge(kind, name)]
    text = outgoing_text.outgoing_text(variant)
    sent_text = with_link(text, outgoing_text.outgoing_link(variant))
    # A correction replies to our own post, to which nobody has summoned us.
    is_summoned = receipt.delivery.post.kind is PostKind.REPLY
    charges = [Charge(billing.kind_of(sent_text, is_answer=is_summoned), name)]
    charges += [
        Charge(ChargeKind.ALT_TEXT, f"alt/{receipt.platform_id}/{number}")
        for number, rendition in enumerate(variant.renditions)
        if rendition.alt_text
    ]
    return Cause.ANSWERS if outgoing_text.is_answer(variant) else Cause.POSTS, charges


def erase_expired(session: Session, *, now: datetime) -> None:
    """Erase resources that no charge is compared with any more, and charges from long ago."""
    today = now.astimezone(UTC).date()
    session.execute(delete(ChargeDay).where(ChargeDay.utc_day < today - CHARGES_FOR))
    session.execute(delete(ChargedResource).where(ChargedResource.utc_day < today - RESOURCES_FOR))
