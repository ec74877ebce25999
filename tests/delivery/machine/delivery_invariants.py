"""I1, I2 and I3, checked after each step against the platforms' ledgers and the rows.

They are computed from the rows alone, without the product's own checks.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.delivery import dispatch
from publisher.models.controls import Freeze, Order, Stop
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.emergency import EmergencyUse, Ratification, TemplateVerdict
from publisher.models.people import Appointment
from publisher.models.posts import Decision, DecisionKind, PostKind, Revision, Variant
from publisher.scheduling import corrections
from publisher.states import DeliveryState
from tests.delivery.machine.city_machine import BOTH, CityMachine
from tests.delivery.machine.ledger import ActionKind, LedgerEntry
from tests.support.city import PACE
from tests.support.city_people import MINUTE

MAY_BE_LIVE = (
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)
APPROVALS = (DecisionKind.APPROVED, DecisionKind.OWN_HAND, DecisionKind.EMERGENCY)
TEXT_ACTIONS = {ActionKind.MAKE: DeliveryAction.PUBLISH, ActionKind.EDIT: DeliveryAction.EDIT}
ORDER_ACTIONS = {
    ActionKind.DELETE: DeliveryAction.DELETE,
    ActionKind.HIDE: DeliveryAction.HIDE,
    ActionKind.UNHIDE: DeliveryAction.UNHIDE,
}
MAX_SENDING = timedelta(seconds=PACE.lease) + MINUTE


class ApprovalInvariants(CityMachine):
    """I1: each action on a platform has an approval of exactly that, and each receipt an action."""

    def __init__(self) -> None:
        super().__init__()
        self.checked = dict.fromkeys(BOTH, 0)

    def check_new_entries(self) -> None:
        """Check I1 for the new entries of the ledgers, which were made just now."""
        for name in BOTH:
            lines = self.ledger(name).entries[self.checked[name] :]
            self.checked[name] += len(lines)
            if lines:
                with self.town.read() as session:
                    for line in lines:
                        self._check_entry(session, self.town.accounts[name], line)

    def _check_entry(self, session: Session, account_id: int, line: LedgerEntry) -> None:
        self.counts[f"done_{line.kind}"] += 1
        if line.kind in TEXT_ACTIONS:
            self._check_text(session, account_id, line)
        else:
            self._check_order(session, account_id, line)

    def _check_text(self, session: Session, account_id: int, line: LedgerEntry) -> None:
        query = select(Variant).where(Variant.account_id == account_id, Variant.text == line.text)
        (variant,) = session.scalars(query)  # every text is unique
        target = line.parent_id if line.kind is ActionKind.MAKE else line.platform_id
        assert variant.target == target, line
        revision = variant.revision
        self._check_newest(revision)
        self._check_covered(revision, variant)
        for department_id in {
            department.department_id for department in revision.departments if department.asked
        } or {revision.post.department_id}:
            (decision,) = [
                decision
                for decision in revision.decisions
                if decision.kind in APPROVALS
                and decision.withdrawn_at is None
                and decision.department_id == department_id
            ]
            self._check_decision(decision, variant)
        (delivery,) = [
            delivery
            for delivery in variant.deliveries
            if delivery.action is TEXT_ACTIONS[line.kind]
        ]
        assert delivery.state in MAY_BE_LIVE, (line, delivery.state)
        self._check_controls(session, delivery)

    def _check_newest(self, revision: Revision) -> None:
        assert revision.post.state is PostState.APPROVED
        assert revision.number == revision.post.newest
        assert revision.not_before is None or revision.not_before <= self.now
        assert revision.not_after is not None
        assert revision.not_after >= self.now

    def _check_covered(self, revision: Revision, variant: Variant) -> None:
        """Check that the canonical form contains the text, and the digest is that form's."""
        assert hashlib.sha256(revision.canonical.encode()).hexdigest() == revision.digest
        covered = [
            (
                variant_facts["account_id"],
                variant_facts["language"],
                variant_facts["text"],
                variant_facts["target"],
            )
            for variant_facts in json.loads(revision.canonical)["variants"]
        ]
        variant_key = (variant.account_id, variant.language.value, variant.text, variant.target)
        assert variant_key in covered

    def _check_decision(self, decision: Decision, variant: Variant) -> None:
        revision = decision.revision
        assert decision.digest == revision.digest
        assert self._is_in_office(decision.appointment)
        is_reply = revision.post.kind is PostKind.REPLY
        wrote = decision.person_id == revision.author_id
        match decision.kind:
            case DecisionKind.APPROVED:
                assert is_reply or not wrote
            case DecisionKind.OWN_HAND:
                assert is_reply
                assert wrote
            case DecisionKind.EMERGENCY:
                assert decision.use is not None
                self._check_use(decision.use, variant)
        self.counts[f"rests_on_{decision.kind}"] += 1

    def _is_in_office(self, appointment: Appointment) -> bool:
        is_held = appointment.until_at is None or appointment.until_at > self.now
        return is_held and appointment.person.disabled_at is None

    def _check_use(self, use: EmergencyUse, variant: Variant) -> None:
        template = use.template_revision
        worded = {"mr": template.text_mr, "en": template.text_en}[variant.language.value]
        assert worded.format(**use.said[variant.language.value]) == variant.text
        assert use.ratification is not Ratification.REFUSED
        assert use.approval.verdict is TemplateVerdict.APPROVED
        assert use.approval.withdrawn_at is None
        assert use.approval.digest == template.digest

    def _check_controls(self, session: Session, delivery: Delivery) -> None:
        """Check that no stop and no freeze forbids the delivery."""
        stops = session.scalars(select(Stop.id).where(Stop.released_at.is_(None))).all()
        assert not stops
        if delivery.post.kind is PostKind.POST and not delivery.urgent:
            query = select(Freeze.id).where(
                Freeze.lifted_at.is_(None),
                Freeze.from_at <= self.now,
                Freeze.until_at > self.now,
                Freeze.department_id == delivery.post.department_id,
            )
            assert not session.scalars(query).all()

    def _check_order(self, session: Session, account_id: int, line: LedgerEntry) -> None:
        query = (
            select(Order)
            .join(Order.delivery)
            .where(
                Delivery.account_id == account_id,
                Delivery.action == ORDER_ACTIONS[line.kind],
                Order.action == ORDER_ACTIONS[line.kind],
                Order.target == line.platform_id,
                Delivery.state.in_(MAY_BE_LIVE),
            )
        )
        orders = session.scalars(query).all()
        ledger = self.ledger_of(account_id)
        assert orders, line
        for order in orders:
            self._check_target(order, account_id)
        assert sum(written == line for written in ledger.entries) <= len(orders), line

    def _check_target(self, order: Order, account_id: int) -> None:
        """Check that the order has a reason, and its target is the id of its receipt or comment."""
        assert order.reason
        about = order.receipt or order.comment
        assert about is not None
        assert (about.account_id, about.platform_id) == (account_id, order.target), order.id
        if order.receipt is not None:
            assert order.receipt.delivery.post_id == order.delivery.post_id

    def check_receipts(self) -> None:
        """Check the reverse of I1: each receipt has an entry in the ledger with its text."""
        done = {name: Counter(self.ledger(name).entries) for name in BOTH}
        names = {account_id: name for name, account_id in self.town.accounts.items()}
        query = (
            select(ReceiptRow, Variant.text, Variant.target, Order.target)
            .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
            .join(Variant, Variant.id == Delivery.variant_id)
            .outerjoin(Order, Order.delivery_id == Delivery.id)
        )
        with self.town.read() as session:
            for receipt, text, target, about in session.execute(query):
                lines = done[names[receipt.account_id]]
                if receipt.action in ORDER_ACTIONS.values():
                    line = LedgerEntry(ActionKind(receipt.action.value), about)
                elif receipt.action is DeliveryAction.EDIT:
                    line = LedgerEntry(ActionKind.EDIT, target, text)
                elif receipt.platform_id.startswith(corrections.UNKNOWN_ID):
                    # A person recorded it while the platform could not be read: no id is known.
                    assert receipt.person_id is not None
                    assert [
                        line for line in lines if line.key == (ActionKind.MAKE, target, text)
                    ], text
                    continue
                else:
                    line = LedgerEntry(ActionKind.MAKE, receipt.platform_id, text, target)
                assert lines[line], line


class DeliveryInvariants(ApprovalInvariants):
    """I2 and I3: every action happens at most once, and no delivery is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted_ids: set[int] = set()

    def check_duplicates(self) -> None:
        """Check I2: no text is published twice, no edit and no deletion is repeated."""
        for name in BOTH:
            lines = self.ledger(name).entries
            counts = Counter(
                line.key for line in lines if line.kind not in (ActionKind.HIDE, ActionKind.UNHIDE)
            )
            assert max(counts.values(), default=0) <= 1, (name, counts.most_common(1))

    def check_states(self) -> None:
        """Check I3: after a clock's tick each delivery has a reason for its state."""
        dispatch.run_maintenance(self.town.context)
        deliveries = self.deliveries()
        for delivery in deliveries:
            self._check_state(delivery)
        self._check_lateness(deliveries)
        ids = {delivery.id for delivery in deliveries}
        assert self.accepted_ids <= ids, "an accepted delivery is gone"
        self.accepted_ids = ids

    def _check_state(self, delivery: Delivery) -> None:
        match delivery.state:
            case DeliveryState.SENDING:
                assert delivery.sending_at is not None
                assert delivery.sending_at > self.now - MAX_SENDING
            case DeliveryState.CLAIMED:
                assert delivery.leased_until is not None
                assert delivery.leased_until >= self.now
            case DeliveryState.UNCONFIRMED:
                assert delivery.look_at is not None
                assert delivery.reason.get("code")
            case DeliveryState.FAILED | DeliveryState.MISSED | DeliveryState.HELD:
                assert delivery.reason.get("code"), delivery.state

    def _check_lateness(self, deliveries: Iterable[Delivery]) -> None:
        """Check that none waits for longer than its late limit, unless a restore is looked into.

        What is scheduled then may be live: it is not given up before the platform was asked.
        """
        with self.town.read() as session:
            of_restore = select(Stop.id).where(Stop.released_at.is_(None), Stop.person_id.is_(None))
            is_restored = bool(session.scalars(of_restore).all())
        for delivery in deliveries:
            is_late = delivery.due_at + delivery.late_limit * MINUTE < self.now
            assert is_restored or not is_late or delivery.state is not DeliveryState.SCHEDULED
