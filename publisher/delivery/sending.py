"""The transaction that commits `sending`: it checks every precondition, and makes the transition.

Each `sending` is a durable commit of its own, before the first byte is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, load_only

from approvals import gate
from approvals.policy import CLOCK
from publisher import failpoints, transitions
from publisher.database.session import AnyRow, core_table
from publisher.delivery import platform_credits
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.rate_limits import counter, query
from publisher.delivery.worker_context import WorkerContext
from publisher.models.accounts import AllowanceRow
from publisher.models.comments import Comment, Thread
from publisher.models.controls import Order
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.states import AccountState, DeliveryState
from publisher.transitions import DELIVERY_ID, MACHINE, NOW

WAITING_CODES = frozenset({"late", "account", "credits", "lease", "limit", "cap", *holds.Hold})
"""Codes after which a delivery is scheduled again; past its late limit it is missed."""


@dataclass(frozen=True)
class Blocker:
    """The code of why a delivery may not be sent now, and, if known, until when."""

    code: str
    until: datetime | None = None

    @property
    def waits(self) -> bool:
        """True if the delivery is scheduled again; otherwise a person has to act."""
        return self.code in WAITING_CODES


_DELIVERY, _POST = core_table(Delivery), core_table(Post)
_ACCOUNT, _ALLOWANCE = core_table(Account), core_table(AllowanceRow)
_ORDER, _COMMENT, _THREAD = core_table(Order), core_table(Comment), core_table(Thread)
_RECEIPT = core_table(ReceiptRow)

#: PostgreSQL:
#:   SELECT posts.id
#:   FROM posts
#:   JOIN deliveries ON deliveries.post_id = posts.id
#:   WHERE deliveries.id = :delivery_id
#:   FOR SHARE OF posts
_LOCK_POST = (
    select(_POST.c.id)
    .join(_DELIVERY, _DELIVERY.c.post_id == _POST.c.id)
    .where(_DELIVERY.c.id == DELIVERY_ID)
    .with_for_update(read=True, of=_POST)
)

# An order names the receipt of the post to delete, or a comment below the post that has a receipt.
#: PostgreSQL:
#:   SELECT deliveries.id, deliveries.variant_id, deliveries.post_id, deliveries.account_id,
#:       deliveries.state, deliveries.due_at, deliveries.late_limit, deliveries.fence,
#:       deliveries.leased_until, deliveries.urgent, receipts.account_id AS receipt_account_id,
#:       accounts.state AS account_state, accounts.quiet_until, EXISTS (
#:         SELECT *
#:         FROM credit_outages
#:         WHERE credit_outages.platform = accounts.platform
#:           AND credit_outages.ended_at IS NULL
#:       ) AS has_no_credits, (EXISTS (
#:         SELECT * FROM stops WHERE stops.released_at IS NULL
#:       )) OR (EXISTS (
#:         SELECT *
#:         FROM freezes
#:         WHERE freezes.lifted_at IS NULL
#:           AND freezes.from_at <= :now
#:           AND freezes.until_at > :now
#:       )) OR (EXISTS (
#:         SELECT *
#:         FROM wrong_times
#:         WHERE wrong_times.ended_at IS NULL
#:           AND wrong_times.holds_posts
#:           AND wrong_times.machine = :machine
#:       )) AS any_holds, :machine AS machine, accounts.daily_cap IS NOT NULL AS is_capped,
#:       accounts.daily_cap IS NOT NULL OR (EXISTS (
#:         SELECT * FROM allowances WHERE allowances.account_id = accounts.id
#:       )) AS is_limited
#:   FROM deliveries
#:   JOIN accounts ON accounts.id = deliveries.account_id
#:   LEFT OUTER JOIN orders ON orders.delivery_id = deliveries.id
#:   LEFT OUTER JOIN comments ON comments.id = orders.comment_id
#:   LEFT OUTER JOIN threads ON threads.id = comments.thread_id
#:   LEFT OUTER JOIN receipts ON receipts.id = coalesce(orders.receipt_id, threads.receipt_id)
#:   WHERE deliveries.id = :delivery_id
_FACTS = (
    select(
        Delivery,
        _RECEIPT.c.account_id.label("receipt_account_id"),
        *(_ACCOUNT.c.state.label("account_state"), _ACCOUNT.c.quiet_until),
        platform_credits.has_no_credits().label("has_no_credits"),
        *(holds.are_any(NOW, MACHINE).label("any_holds"), MACHINE.label("machine")),
        _ACCOUNT.c.daily_cap.is_not(None).label("is_capped"),
        or_(
            _ACCOUNT.c.daily_cap.is_not(None),
            exists().where(_ALLOWANCE.c.account_id == _ACCOUNT.c.id),
        ).label("is_limited"),
    )
    .select_from(_DELIVERY)
    .join(_ACCOUNT, _ACCOUNT.c.id == _DELIVERY.c.account_id)
    .outerjoin(_ORDER, _ORDER.c.delivery_id == _DELIVERY.c.id)
    .outerjoin(_COMMENT, _COMMENT.c.id == _ORDER.c.comment_id)
    .outerjoin(_THREAD, _THREAD.c.id == _COMMENT.c.thread_id)
    .outerjoin(_RECEIPT, _RECEIPT.c.id == func.coalesce(_ORDER.c.receipt_id, _THREAD.c.receipt_id))
    .where(_DELIVERY.c.id == DELIVERY_ID)
    .options(
        load_only(
            Delivery.state,
            Delivery.due_at,
            Delivery.late_limit,
            Delivery.leased_until,
            Delivery.fence,
            Delivery.account_id,
            Delivery.variant_id,
            Delivery.post_id,
            Delivery.urgent,
        )
    )
)


def start(context: WorkerContext, payload: DeliveryPayload) -> Blocker | None:
    """Commit `sending` if exactly this payload may be sent now; otherwise return what blocks it.

    Raises `WrongState` or `Overtaken` if the claim was lost: the delivery was cancelled or claimed
    again. In that case, and if it is blocked, nothing is written.
    """
    with context.database.transaction() as session:
        now = context.now()
        seconds = context.delivery_settings.send_deadline
        row, blocker = _examine(session, payload, now, seconds, context.machine)
        blocker = blocker or _limit(session, payload, row, now)
        if blocker is None:
            transitions.apply(
                session,
                row.Delivery,
                DeliveryState.SENDING,
                actor=CLOCK,
                now=now,
                verb="send",
                fence=payload.claim.fence,
                columns={"sending_at": now},
            )
        failpoints.hit("publish.in_sending_commit")
    if blocker is None:
        failpoints.hit("publish.before_connect")
    return blocker


def lock_post(session: Session, delivery_id: int) -> None:
    """Lock the delivery's post, before the delivery, against changes until the transaction ends."""
    session.execute(_LOCK_POST, {"delivery_id": delivery_id})


def check(
    session: Session, payload: DeliveryPayload, *, now: datetime, seconds: float, machine: str
) -> Blocker | None:
    """Return what blocks the delivery, apart from the limits; `seconds` is how long a try may take.

    Locks the post and the approvers against changes until the transaction ends.
    """
    return _examine(session, payload, now, seconds, machine)[1]


def _examine(
    session: Session, payload: DeliveryPayload, now: datetime, seconds: float, machine: str
) -> tuple[AnyRow, Blocker | None]:
    """Return the facts of the delivery and what blocks it. The gate judges here, once."""
    # Posts are locked before deliveries everywhere, so that two transactions never deadlock. The
    # facts are read by a later statement, so they are never older than the locks.
    values = {"delivery_id": payload.claim.delivery_id, "now": now, "machine": machine}
    case = None
    if payload.creates:
        case = gate_adapter.lock_case(session, payload.revision_id, now=now)
    else:
        lock_post(session, payload.claim.delivery_id)
    row = session.execute(_FACTS, values, execution_options={"populate_existing": True}).one()
    # While the time is wrong, nothing counts as late: what is not held is sent.
    is_time_wrong = row.any_holds and session.scalar(select(holds.is_time_wrong(machine)))
    if now > _latest(row.Delivery, case) and not is_time_wrong:
        return row, Blocker("late")
    return row, _delay(session, payload, row, now, seconds) or _refusal(payload, case, row, now)


def _latest(delivery: Delivery, case: gate.Case | None) -> datetime:
    """Return the latest moment of sending. The window does not apply to what takes a post back."""
    limit = delivery.due_at + timedelta(minutes=delivery.late_limit)
    return limit if case is None else min(limit, case.subject.window.not_after)


def _delay(
    session: Session, payload: DeliveryPayload, row: AnyRow, now: datetime, seconds: float
) -> Blocker | None:
    """Return what makes the delivery wait."""
    delivery: Delivery = row.Delivery
    if row.account_state is not AccountState.CONNECTED:
        return Blocker("account")
    if row.has_no_credits and not delivery.urgent:
        return Blocker(platform_credits.CODE)
    # An attempt that could outlive its lease is not begun: the sweeper might take it up meanwhile.
    lease_ends = delivery.leased_until
    if lease_ends is not None and now + timedelta(seconds=seconds) > lease_ends:
        return Blocker("lease")
    if payload.creates and row.any_holds:
        active_holds = holds.active_holds(session, now=now, machine=row.machine)
        hold = active_holds.holds(holds.facts_of(delivery))
        return None if hold is None else Blocker(hold)
    return None


def _refusal(
    payload: DeliveryPayload, case: gate.Case | None, row: AnyRow, now: datetime
) -> Blocker | None:
    """Return why the gate refuses what was claimed, or an account that is not the approved one."""
    account_id = row.Delivery.account_id
    if payload.account.id != account_id:  # changed since the claim
        refusal: gate.Refusal | None = gate.Refusal.OTHER_ACCOUNT
    elif not payload.creates:
        refusal = gate.refusal_of_account(account_id, row.receipt_account_id)
    elif case is None:
        refusal = gate.Refusal.NOT_IN_STATE_APPROVED
    elif payload.variant_id != row.Delivery.variant_id:  # changed since the claim
        refusal = gate.Refusal.CHANGED
    else:
        # The payload was read at the claim: its text and pictures have to be the judged ones.
        verdict = gate.judge_variant(case, payload.variant, account_id=account_id, now=now)
        refusal = verdict.refusal
    return None if refusal is None else Blocker(refusal)


def _limit(
    session: Session, payload: DeliveryPayload, row: AnyRow, now: datetime
) -> Blocker | None:
    """Count a publication against the account's limits, or return the one that is used up.

    This is the last check: what is counted is sent.
    """
    claim, delivery = payload.claim, row.Delivery
    if payload.action is not DeliveryAction.PUBLISH:
        return None
    if row.quiet_until is not None and row.quiet_until > now and not delivery.urgent:
        return Blocker("limit", row.quiet_until)
    # What the claim has counted is checked against the cap alone, which may have been set since.
    if not (row.is_capped if claim.counted else row.is_limited):
        return None
    until = counter.spend(
        session,
        delivery.account_id,
        now,
        delivery_id=delivery.id,
        urgent=delivery.urgent,
        counted=claim.counted,
    )
    return (
        None
        if until is None
        else Blocker(query.find_limit_name(session, delivery.account_id, now), until)
    )
