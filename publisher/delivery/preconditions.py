"""The preconditions of sending, checked inside the transaction that commits `sending`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from approvals import gate
from publisher.database.session import AnyRow, table_of
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.rate_limits import counter, query
from publisher.models.accounts import AllowanceRow
from publisher.models.comments import Comment, Thread
from publisher.models.controls import Order
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post, Revision, Variant
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.states import AccountState
from publisher.transitions import DELIVERY_ID, NOW

WAITING_CODES = frozenset({"late", "account", "lease", "limit", "cap", *holds.Hold})
"""Codes after which a delivery is scheduled again, and missed once its late limit passes."""


@dataclass(frozen=True)
class Blocker:
    """The code of why a delivery may not be sent now, and until when, if that is known."""

    code: str
    until: datetime | None = None

    @property
    def waits(self) -> bool:
        """True if the delivery is scheduled again; otherwise a person has to act."""
        return self.code in WAITING_CODES


@dataclass(frozen=True)
class Preconditions:
    """The blocker of a delivery, if any, and whether the account's limits have to be checked.

    `row` holds the columns that were read of the delivery and its account.
    """

    blocker: Blocker | None
    is_limited: bool
    row: AnyRow


_DELIVERY, _VARIANT, _REVISION = table_of(Delivery), table_of(Variant), table_of(Revision)
_ACCOUNT, _ALLOWANCE = table_of(Account), table_of(AllowanceRow)
_ORDER, _COMMENT, _THREAD = table_of(Order), table_of(Comment), table_of(Thread)
_POST, _RECEIPT = table_of(Post), table_of(ReceiptRow)

#: PostgreSQL:
#:   SELECT posts.id, variants.revision_id, revisions.not_after
#:   FROM deliveries
#:   JOIN posts ON posts.id = deliveries.post_id
#:   JOIN variants ON variants.id = deliveries.variant_id
#:   JOIN revisions ON revisions.id = variants.revision_id
#:   WHERE deliveries.id = :delivery_id
#:   FOR SHARE OF posts
_LOCK_POST = (
    select(_POST.c.id, _VARIANT.c.revision_id, _REVISION.c.not_after)
    .select_from(_DELIVERY)
    .join(_POST, _POST.c.id == _DELIVERY.c.post_id)
    .join(_VARIANT, _VARIANT.c.id == _DELIVERY.c.variant_id)
    .join(_REVISION, _REVISION.c.id == _VARIANT.c.revision_id)
    .where(_DELIVERY.c.id == DELIVERY_ID)
    .with_for_update(read=True, of=_POST)
)

# An order names the receipt of the post to delete, or a comment below the post that has a receipt.
#: PostgreSQL:
#:   SELECT deliveries.due_at, deliveries.late_limit, deliveries.leased_until, deliveries.urgent,
#:       deliveries.account_id, revisions.not_after, receipts.account_id AS receipt_account_id,
#:       accounts.state AS account_state, accounts.quiet_until, (EXISTS (
#:         SELECT * FROM stops WHERE stops.released_at IS NULL
#:       )) OR (EXISTS (
#:         SELECT *
#:         FROM freezes
#:         WHERE freezes.lifted_at IS NULL
#:           AND freezes.from_at <= :now
#:           AND freezes.until_at > :now
#:       )) AS any_holds, accounts.daily_cap IS NOT NULL AS is_capped,
#:       accounts.daily_cap IS NOT NULL OR (EXISTS (
#:         SELECT * FROM allowances WHERE allowances.account_id = accounts.id
#:       )) AS is_limited
#:   FROM deliveries
#:   JOIN accounts ON accounts.id = deliveries.account_id
#:   JOIN variants ON variants.id = deliveries.variant_id
#:   JOIN revisions ON revisions.id = variants.revision_id
#:   LEFT OUTER JOIN orders ON orders.delivery_id = deliveries.id
#:   LEFT OUTER JOIN comments ON comments.id = orders.comment_id
#:   LEFT OUTER JOIN threads ON threads.id = comments.thread_id
#:   LEFT OUTER JOIN receipts ON receipts.id = coalesce(orders.receipt_id, threads.receipt_id)
#:   WHERE deliveries.id = :delivery_id
_FACTS = (
    select(
        *(_DELIVERY.c.due_at, _DELIVERY.c.late_limit, _DELIVERY.c.leased_until),
        *(_DELIVERY.c.urgent, _DELIVERY.c.account_id),
        _REVISION.c.not_after,
        _RECEIPT.c.account_id.label("receipt_account_id"),
        *(_ACCOUNT.c.state.label("account_state"), _ACCOUNT.c.quiet_until),
        holds.are_any(NOW).label("any_holds"),
        _ACCOUNT.c.daily_cap.is_not(None).label("is_capped"),
        or_(
            _ACCOUNT.c.daily_cap.is_not(None),
            exists().where(_ALLOWANCE.c.account_id == _ACCOUNT.c.id),
        ).label("is_limited"),
    )
    .select_from(_DELIVERY)
    .join(_ACCOUNT, _ACCOUNT.c.id == _DELIVERY.c.account_id)
    .join(_VARIANT, _VARIANT.c.id == _DELIVERY.c.variant_id)
    .join(_REVISION, _REVISION.c.id == _VARIANT.c.revision_id)
    .outerjoin(_ORDER, _ORDER.c.delivery_id == _DELIVERY.c.id)
    .outerjoin(_COMMENT, _COMMENT.c.id == _ORDER.c.comment_id)
    .outerjoin(_THREAD, _THREAD.c.id == _COMMENT.c.thread_id)
    .outerjoin(_RECEIPT, _RECEIPT.c.id == func.coalesce(_ORDER.c.receipt_id, _THREAD.c.receipt_id))
    .where(_DELIVERY.c.id == DELIVERY_ID)
)


def check(
    session: Session, payload: DeliveryPayload, *, now: datetime, seconds: float
) -> Preconditions:
    """Check everything but the limits; `seconds` is how long an attempt may take.

    Locks the post against changes until the transaction ends, and the approvers. The gate judges
    here, once.
    """
    # Posts are locked before deliveries everywhere, so that two transactions never deadlock. What
    # is decided on is read by later statements, so it is never older than the locks.
    values = {"delivery_id": payload.claim.delivery_id, "now": now}
    locked = session.execute(_LOCK_POST, values).one()
    case = None
    if payload.creates and locked.not_after is not None:
        case = gate_adapter.case_of(session, locked.revision_id, now=now, lock_approvers=True)
    row = session.execute(_FACTS, values).one()
    blocker = _blocker(session, payload, row, now, seconds) or _refusal(payload, case, row, now)
    return Preconditions(blocker, _is_limited(payload, row, now), row)


def _blocker(
    session: Session, payload: DeliveryPayload, row: AnyRow, now: datetime, seconds: float
) -> Blocker | None:
    """Return what makes the delivery wait, or miss its time."""
    if now > _latest(row, payload):
        return Blocker("late")
    if row.account_state is not AccountState.CONNECTED:
        return Blocker("account")
    # An attempt that could outlive its lease is not begun: the sweeper might take it up meanwhile.
    if row.leased_until is not None and now + timedelta(seconds=seconds) > row.leased_until:
        return Blocker("lease")
    if payload.creates and row.any_holds:
        return _hold(session, payload, now)
    return None


def _hold(session: Session, payload: DeliveryPayload, now: datetime) -> Blocker | None:
    delivery = session.get_one(Delivery, payload.claim.delivery_id)
    hold = holds.active_holds(session, now=now).holds(holds.facts_of(delivery))
    return None if hold is None else Blocker(hold)


def _refusal(
    payload: DeliveryPayload, case: gate.Case | None, row: AnyRow, now: datetime
) -> Blocker | None:
    """Return why the gate refuses what was claimed, or an account that is not the approved one."""
    if payload.account.id != row.account_id:  # changed since the claim
        refusal: gate.Refusal | None = gate.Refusal.OTHER_ACCOUNT
    elif not payload.creates:
        refusal = gate.refusal_of_account(row.account_id, row.receipt_account_id)
    elif case is None:
        refusal = gate.Refusal.NOT_IN_STATE_APPROVED
    else:
        # The payload was read at the claim: its text and pictures have to be the judged ones.
        verdict = gate.judge_variant(case, payload.variant, account_id=row.account_id, now=now)
        refusal = verdict.refusal
    return None if refusal is None else Blocker(refusal)


def _is_limited(payload: DeliveryPayload, row: AnyRow, now: datetime) -> bool:
    # What the claim has counted is checked against the cap alone, which may have been set since.
    if payload.action is not DeliveryAction.PUBLISH:
        return False
    return _is_quiet(row, now) or bool(row.is_capped if payload.claim.counted else row.is_limited)


def _is_quiet(row: AnyRow, now: datetime) -> bool:
    return row.quiet_until is not None and row.quiet_until > now and not row.urgent


def count(
    session: Session, payload: DeliveryPayload, checked: Preconditions, now: datetime
) -> Blocker | None:
    """Count the delivery against the account's limits, or return the blocker if one is used up.

    This is the last check: what is counted is sent.
    """
    row, account_id = checked.row, payload.account.id
    if _is_quiet(row, now):
        return Blocker("limit", row.quiet_until)
    claim = payload.claim
    until = counter.spend(
        session,
        account_id,
        now,
        delivery_id=claim.delivery_id,
        urgent=row.urgent,
        counted=claim.counted,
    )
    return None if until is None else Blocker(query.why_not(session, account_id, now), until)


def _latest(row: AnyRow, payload: DeliveryPayload) -> datetime:
    """Return the latest moment of sending. The window does not apply to what is taken back."""
    limit: datetime = row.due_at + timedelta(minutes=row.late_limit)
    return min(limit, row.not_after) if payload.creates and row.not_after is not None else limit
