"""The preconditions of sending, checked inside the transaction that commits `sending`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from approvals import gate
from publisher.database.prepared_statements import NamedRow
from publisher.database.session import session_on
from publisher.delivery import gate_query
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.rate_limits import counter, query
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Revision
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.states import AccountState

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
    row: NamedRow


def check(
    connection: Connection, payload: DeliveryPayload, *, now: datetime, seconds: float
) -> Preconditions:
    """Check everything but the limits; `seconds` is how long an attempt may take.

    Locks the post against changes until the transaction ends. The gate judges here, once.
    """
    rows, approvers = gate_query.lock_and_load(connection, payload, now)
    row = rows[0]
    blocker = _blocker(connection, payload, row, now, seconds)
    if blocker is None and payload.creates:
        blocker = _refusal(connection, payload, rows, approvers, now)
    return Preconditions(blocker, _is_limited(payload, row, now), row)


def _blocker(
    connection: Connection, payload: DeliveryPayload, row: NamedRow, now: datetime, seconds: float
) -> Blocker | None:
    if now > _latest(row, payload):
        return Blocker("late")
    if row.account_state is not AccountState.CONNECTED:
        return Blocker("account")
    # An attempt that could outlive its lease is not begun: the sweeper might take it up meanwhile.
    if row.leased_until is not None and now + timedelta(seconds=seconds) > row.leased_until:
        return Blocker("lease")
    if payload.creates and row.any_holds:
        return _hold(connection, payload, now)
    return None


def _hold(connection: Connection, payload: DeliveryPayload, now: datetime) -> Blocker | None:
    with session_on(connection) as session:
        delivery = session.get_one(Delivery, payload.claim.delivery_id)
        hold = holds.active_holds(session, now=now).holds(holds.facts_of(delivery))
    return None if hold is None else Blocker(hold)


def _is_limited(payload: DeliveryPayload, row: NamedRow, now: datetime) -> bool:
    # What the claim has counted is checked against the cap alone, which may have been set since.
    if payload.action is not DeliveryAction.PUBLISH:
        return False
    return _is_quiet(row, now) or bool(row.is_capped if payload.claim.counted else row.is_limited)


def _is_quiet(row: NamedRow, now: datetime) -> bool:
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


def _latest(row: NamedRow, payload: DeliveryPayload) -> datetime:
    """Return the latest moment of sending. The window does not apply to what is taken back."""
    limit: datetime = row.due_at + timedelta(minutes=row.late_limit)
    return min(limit, row.not_after) if payload.creates and row.not_after is not None else limit


def _refusal(
    connection: Connection,
    payload: DeliveryPayload,
    rows: gate_query.GateRows,
    approvers: gate_query.ApproverTenure,
    now: datetime,
) -> Blocker | None:
    if rows[0].not_after is None:
        return Blocker(gate.Refusal.NOT_IN_STATE_APPROVED)
    case = _case(connection, rows, approvers, now)
    verdict = gate.judge(case, now=now)
    if verdict.refusal is not None:
        return Blocker(verdict.refusal)
    # The payload was read at the claim: its text and pictures have to be the judged ones.
    return None if payload.variant in case.subject.variants else Blocker(gate.Refusal.CHANGED)


def _case(
    connection: Connection,
    rows: gate_query.GateRows,
    approvers: gate_query.ApproverTenure,
    now: datetime,
) -> gate.Case:
    """Return the same as `gate_adapter.case_of`, from the rows of one statement."""
    row, decisions = rows[0], gate_query.decisions(rows, approvers)
    if row.restored_from_id is not None or any(not _is_plain(decision) for decision in decisions):
        with session_on(connection) as session:
            return gate_adapter.case_of(session.get_one(Revision, row.revision_id), now=now)
    return gate.Case(
        state=row.state,
        revision=row.number,
        newest_revision=row.newest,
        stored_digest=row.digest,
        subject=gate_query.subject_of(rows),
        authors=frozenset({row.author_id}),
        approvals=tuple(
            _approval(decision, approvers[decision.decision_id], now) for decision in decisions
        ),
    )


def _is_plain(decision: NamedRow) -> bool:
    return decision.decision_kind.value in (gate.ApprovalKind.APPROVED, gate.ApprovalKind.OWN_HAND)


def _approval(row: NamedRow, approver: NamedRow, now: datetime) -> gate.Approval:
    until = approver.until_at
    is_in_office = approver.from_at <= now and (until is None or now < until)
    return gate.Approval(
        kind=gate.ApprovalKind(row.decision_kind.value),
        department_id=row.decision_department_id,
        person_id=row.person_id,
        digest=row.decision_digest,
        in_force=row.withdrawn_at is None and is_in_office and approver.disabled_at is None,
    )
