"""The outcome of an attempt, and the one function that stores it.

Rows are locked in the same order everywhere, so that no two transactions deadlock: deliveries by
id, their attempts, the account, and its rate limits last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import select, tuple_
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from approvals.policy import CLOCK
from publisher import failpoints, transitions
from publisher.database.bulk import bulk_insert, bulk_update, column_is
from publisher.database.session import core_table
from publisher.delivery import failures
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.failures import Ending, GivenBack, Lost
from publisher.delivery.rate_limits import counter, response_limits
from publisher.delivery.sending import Blocker
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.media.store import MediumChanged, MediumMissing, StoreAway
from publisher.models.deliveries import (
    Attempt,
    Delivery,
    DeliveryAction,
    ReceiptOrigin,
    ReceiptRow,
)
from publisher.models.posts import Variant
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Allowance, Receipt
from publisher.review import takedown_orders
from publisher.scheduling.holds import TAKES_BACK
from publisher.states import MAY_BE_LIVE, DeliveryState

NOT_STORED = (DBAPIError, DatabaseTimeout)
"""Errors after which a transaction did not commit, or nobody knows whether it did."""

DOES_NOT_FIT = (DataError, IntegrityError)
"""Errors of a row that cannot be stored as it is."""


# Written into statements, so that the partial index of publications can be used.
_IS_PUBLICATION = column_is(core_table(ReceiptRow).c.action, DeliveryAction.PUBLISH)


_ENDS = ("sending_at", "ended_at", "outcome", "answer")
"""The columns of an attempt that are written at its end."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a payload ended, and the rate limits that the platform reported."""

    payload: DeliveryPayload
    ending: Ending
    allowances: tuple[Allowance, ...] = ()


Published = tuple[Delivery, int, Receipt]
"""A delivery, the id of the account on which its attempt was made, and the receipt."""


def store(context: WorkerContext, outcomes: Sequence[Outcome]) -> None:
    """Store the outcomes of these attempts in one transaction."""
    with context.database.transaction() as session:
        now = context.now()
        claims = [outcome.payload.claim for outcome in outcomes]
        deliveries, attempts = _lock(session, claims), _attempts(session, claims)
        platform_ids, published = _existing_ids(session, outcomes), list[Published]()
        _end(session, outcomes, attempts, now)
        for outcome, claim in zip(outcomes, claims, strict=True):
            delivery, account_id = deliveries.get(claim.delivery_id), outcome.payload.account.id
            if delivery is None or delivery.fence != claim.fence:
                continue  # claimed again since: only the attempt ends
            if not isinstance(outcome.ending, Receipt):
                failures.move_unpublished(context, session, delivery, outcome.ending, now)
            elif _is_proof(
                context, session, delivery, (account_id, outcome.ending.platform_id), platform_ids
            ):
                published.append((delivery, account_id, outcome.ending))
        _publish(session, published, now)
        for attempt in attempts.values():
            _give_back_limit(session, attempt, now)
        _learn_limits(session, outcomes, now)
        failpoints.hit("publish.in_receipt_commit")
    failpoints.hit("publish.stored")


def _lock(session: Session, claims: Sequence[Claim]) -> dict[int, Delivery]:
    """Lock the deliveries, freshly read, in the order of their ids."""
    query = (
        select(Delivery)
        .where(Delivery.id.in_({claim.delivery_id for claim in claims}))
        .order_by(Delivery.id)
        .options(joinedload(Delivery.variant, innerjoin=True).load_only(Variant.target))
        .with_for_update(key_share=True, of=Delivery)
    )
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {delivery.id: delivery for delivery in rows}


def _attempts(session: Session, claims: Sequence[Claim]) -> dict[Claim, Attempt]:
    """Return the attempts of these claims, without those that are missing."""
    keys = [(claim.delivery_id, claim.fence) for claim in claims]
    query = select(Attempt).where(tuple_(Attempt.delivery_id, Attempt.fence).in_(keys))
    rows = session.scalars(query.execution_options(populate_existing=True))
    by_key = {(attempt.delivery_id, attempt.fence): attempt for attempt in rows}
    keyed_claims = zip(claims, keys, strict=True)
    return {claim: by_key[key] for claim, key in keyed_claims if key in by_key}


def lock_for_claim(session: Session, claim: Claim) -> Delivery | None:
    """Lock the delivery, and return it if it was not claimed again since; otherwise None."""
    delivery = _lock(session, [claim]).get(claim.delivery_id)
    return delivery if delivery is not None and delivery.fence == claim.fence else None


def get_attempt(session: Session, claim: Claim) -> Attempt:
    """Return the attempt of this claim."""
    return _attempts(session, [claim])[claim]


def _end(
    session: Session,
    outcomes: Sequence[Outcome],
    attempts: Mapping[Claim, Attempt],
    now: datetime,
) -> None:
    """End the attempts by one statement, except lost ones that have ended already."""
    ended: list[tuple[Attempt, dict[str, object]]] = []
    for outcome in outcomes:
        attempt, ending = attempts.get(outcome.payload.claim), outcome.ending
        if attempt is None or (isinstance(ending, Lost) and attempt.ended_at is not None):
            continue
        columns = zip(_ENDS, (attempt.began_at, now, *_outcome_and_answer(ending)), strict=True)
        ended.append((attempt, dict(columns)))
    if ended:
        bulk_update(session, Attempt, [{"id": attempt.id} | values for attempt, values in ended])
    for attempt, values in ended:
        for name, value in values.items():
            set_committed_value(attempt, name, value)


def _outcome_and_answer(ending: Ending) -> tuple[str, str]:
    """Return the outcome and the answer, as an attempt stores them."""
    match ending:
        case Receipt():
            return "published", ending.answer
        case Refused():
            return "refused", ending.detail
        case MediumMissing():
            return "store", f"nothing is stored under {ending.digest}"
        case MediumChanged():
            return "store", f"what is stored under {ending.digest} has changed"
        case StoreAway():
            return "store", str(ending)
        case CreditsUsedUp():
            return "credits", ending.detail
        case TryLater():
            return "later", ending.detail
        case CredentialsExpired():
            return "credentials", ending.detail
        case OutcomeUnknown():
            return "unknown", ending.detail
        case Blocker():
            return "gate", ending.code
        case Lost():
            return "gate", "overtaken"
        case GivenBack():
            return "given_back", ""
        case _:
            assert_never(ending)


def _existing_ids(session: Session, outcomes: Sequence[Outcome]) -> set[tuple[int, str]]:
    """Return the (account id, platform id) of these receipts that a publication already has."""
    pairs = [
        (outcome.payload.account.id, outcome.ending.platform_id)
        for outcome in outcomes
        if isinstance(outcome.ending, Receipt)
    ]
    if not pairs:
        return set()
    columns = tuple_(ReceiptRow.account_id, ReceiptRow.platform_id)
    query = select(ReceiptRow.account_id, ReceiptRow.platform_id)
    rows = session.execute(query.where(_IS_PUBLICATION, columns.in_(pairs)))
    return {(account_id, platform_id) for account_id, platform_id in rows}


def receipt_ids(session: Session, account_id: int, since: datetime) -> frozenset[str]:
    """Return the ids of the publications on that account whose receipt was stored since then."""
    query = select(ReceiptRow.platform_id).where(
        ReceiptRow.account_id == account_id, ReceiptRow.stored_at >= since, _IS_PUBLICATION
    )
    return frozenset(session.scalars(query))


def is_known(session: Session, account_id: int, platform_id: str) -> bool:
    """Return True if another publication on that account has a receipt with this id."""
    query = select(ReceiptRow.id).where(
        ReceiptRow.account_id == account_id,
        ReceiptRow.platform_id == platform_id,
        _IS_PUBLICATION,
    )
    return session.execute(query).first() is not None


def _is_proof(
    context: WorkerContext,
    session: Session,
    delivery: Delivery,
    pair: tuple[int, str],
    platform_ids: set[tuple[int, str]],
) -> bool:
    """Return True if a receipt proves that the delivery was carried out, even if it is late.

    `pair` holds the ids of the account that was used and of the post. An id that another
    publication has proves nothing: the delivery is looked for.
    """
    if delivery.state not in MAY_BE_LIVE:
        return False
    if delivery.action is DeliveryAction.PUBLISH:
        if pair in platform_ids:
            failures.unconfirm(context, session, delivery, "id_seen_before")
            return False
        platform_ids.add(pair)
    return True


def add_receipt(
    session: Session,
    delivery: Delivery,
    receipt: Receipt,
    origin: ReceiptOrigin,
    *,
    now: datetime,
    person_id: int | None = None,
) -> None:
    """Store the receipt of a delivery, and settle the takedown order that it carried out."""
    row = _row(delivery, delivery.account_id, receipt, origin, now)
    bulk_insert(session, ReceiptRow, [row | {"person_id": person_id}])
    takedown_orders.record_carried_out(session, delivery, now=now)


def _row(
    delivery: Delivery, account_id: int, receipt: Receipt, origin: ReceiptOrigin, now: datetime
) -> dict[str, object]:
    return {
        "delivery_id": delivery.id,
        "account_id": account_id,
        "platform_id": receipt.platform_id,
        "url": receipt.url,
        "published_at": receipt.published_at,
        "stored_at": now,
        "origin": origin,
        "answer": receipt.answer,
        "action": delivery.action,
    }


def _publish(session: Session, published: Sequence[Published], now: datetime) -> None:
    """Store the receipts, and the deliveries as published."""
    rows = [_row(*carried_out, ReceiptOrigin.ANSWER, now) for carried_out in published]
    if rows:
        bulk_insert(session, ReceiptRow, rows)
    for delivery, *_ in published:
        delivery.reason = {}
        if delivery.action in TAKES_BACK:
            takedown_orders.record_carried_out(session, delivery, now=now)
    for state in MAY_BE_LIVE:
        in_state = [delivery for delivery, *_ in published if delivery.state is state]
        transitions.apply(
            session, in_state, DeliveryState.PUBLISHED, actor=CLOCK, now=now, verb="publish"
        )


def finish(session: Session, attempt: Attempt, outcome: str, answer: str, now: datetime) -> None:
    """Store an attempt's outcome. If nothing was sent, give back its place in the rate limits."""
    attempt.ended_at, attempt.outcome, attempt.answer = now, outcome, answer
    _give_back_limit(session, attempt, now)


def _give_back_limit(session: Session, attempt: Attempt, now: datetime) -> None:
    if attempt.counted and attempt.sending_at is None and attempt.ended_at is not None:
        attempt.counted = False
        counter.give_back(session, attempt.delivery.account_id, attempt.claimed_at, now)


def _learn_limits(session: Session, outcomes: Sequence[Outcome], now: datetime) -> None:
    # In the order of accounts, so that two clocks never deadlock.
    by_account = {
        outcome.payload.account.id: outcome.allowances for outcome in outcomes if outcome.allowances
    }
    session.flush()
    for account_id in sorted(by_account):
        response_limits.learn(session, account_id, by_account[account_id], now)
