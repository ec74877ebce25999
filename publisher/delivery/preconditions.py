"""How a claimed delivery stands, read inside the transaction that commits `sending`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from approvals import gate
from publisher.database.prepared_statements import Fields
from publisher.database.session import session_on
from publisher.delivery import gate_query
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.rate_limits import counter, query
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Revision
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.states import AccountState

BACK_TO_THE_TABLE = frozenset({"late", "account", "lease", "limit", "cap", *holds.Hold})
"""What is nobody's fault: it waits on, and is missed once its late limit passes."""


@dataclass(frozen=True)
class Blocker:
    """Why it may not leave now, as a code."""

    code: str
    until: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether it goes back to the table; otherwise a person has to act."""
        return self.code in BACK_TO_THE_TABLE


@dataclass(frozen=True)
class Preconditions:
    """How it stands: what keeps it here, or None; and whether the account's limits are to be asked.

    `row` is what was read of the delivery and its account.
    """

    blocker: Blocker | None
    is_limited: bool
    row: Fields


def check(
    connection: Connection, payload: DeliveryPayload, *, now: datetime, seconds: float
) -> Preconditions:
    """Look at what keeps this parcel here; `seconds` is how long a try may take.

    Locks the post against a change until the transaction ends; the gate judges here, once.
    """
    found, approvers = gate_query.lock_and_load(connection, payload, now)
    row = found[0]
    held = _held(connection, payload, row, now, seconds)
    if held is None and payload.creates:
        held = _refusal(connection, payload, found, approvers, now)
    return Preconditions(held, _is_limited(payload, row, now), row)


def _held(
    connection: Connection, payload: DeliveryPayload, row: Fields, now: datetime, seconds: float
) -> Blocker | None:
    if now > _latest(row, payload):
        return Blocker("late")
    if row.account_state is not AccountState.CONNECTED:
        return Blocker("account")
    # A try that could outlive its lease is not begun: the sweeper might come in between.
    if row.leased_until is not None and now + timedelta(seconds=seconds) > row.leased_until:
        return Blocker("lease")
    if payload.creates and row.braked:
        return _braked(connection, payload, now)
    return None


def _braked(connection: Connection, payload: DeliveryPayload, now: datetime) -> Blocker | None:
    with session_on(connection) as session:
        delivery = session.get_one(Delivery, payload.claim.delivery_id)
        held = holds.active_holds(session, now=now).holds(holds.facts_of(delivery))
    return None if held is None else Blocker(held)


def _is_limited(payload: DeliveryPayload, row: Fields, now: datetime) -> bool:
    """What its claim has counted is asked for a cap alone: that may have been set since."""
    if payload.action is not DeliveryAction.PUBLISH:
        return False
    return _is_quiet(row, now) or bool(row.is_capped if payload.claim.counted else row.is_limited)


def _is_quiet(row: Fields, now: datetime) -> bool:
    return row.quiet_until is not None and row.quiet_until > now and not row.urgent


def count(
    session: Session, payload: DeliveryPayload, standing: Preconditions, now: datetime
) -> Blocker | None:
    """Count it against the account's limits, or give what is full; last, for what counts leaves."""
    row, account_id = standing.row, payload.account.id
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


def _latest(row: Fields, payload: DeliveryPayload) -> datetime:
    """Its late limit; the window binds what leaves, not what is taken back."""
    limit: datetime = row.due_at + timedelta(minutes=row.late_limit)
    return min(limit, row.not_after) if payload.creates and row.not_after is not None else limit


def _refusal(
    connection: Connection,
    payload: DeliveryPayload,
    found: gate_query.GateRows,
    approvers: gate_query.ApproverTenure,
    now: datetime,
) -> Blocker | None:
    if found[0].not_after is None:
        return Blocker(gate.Refusal.NOT_IN_STATE_APPROVED)
    case = _case(connection, found, approvers, now)
    verdict = gate.judge(case, now=now)
    if verdict.refusal is not None:
        return Blocker(verdict.refusal)
    # The words and pictures in hand were read at the claim: they have to be the judged ones.
    return None if payload.variant in case.subject.variants else Blocker(gate.Refusal.CHANGED)


def _case(
    connection: Connection,
    found: gate_query.GateRows,
    approvers: gate_query.ApproverTenure,
    now: datetime,
) -> gate.Case:
    """The same as `judging.case_of`, from what one statement read."""
    row, decisions = found[0], gate_query.decisions(found, approvers)
    if row.restored_from_id is not None or any(not _is_plain(one) for one in decisions):
        with session_on(connection) as session:
            return gate_adapter.case_of(session.get_one(Revision, row.revision_id), now=now)
    return gate.Case(
        state=row.state,
        revision=row.number,
        newest_revision=row.newest,
        stored_digest=row.digest,
        subject=gate_query.subject_of(found),
        authors=frozenset({row.author_id}),
        approvals=tuple(_approval(one, approvers[one.decision_id], now) for one in decisions),
    )


def _is_plain(decision: Fields) -> bool:
    return decision.decision_kind.value in (gate.ApprovalKind.APPROVED, gate.ApprovalKind.OWN_HAND)


def _approval(row: Fields, approver: Fields, now: datetime) -> gate.Approval:
    until = approver.until_at
    is_in_office = approver.from_at <= now and (until is None or now < until)
    return gate.Approval(
        kind=gate.ApprovalKind(row.decision_kind.value),
        department_id=row.decision_department_id,
        person_id=row.person_id,
        digest=row.decision_digest,
        in_force=row.withdrawn_at is None and is_in_office and approver.disabled_at is None,
    )
