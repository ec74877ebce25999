"""I1, I2 and I3, asked after each step of the platforms' own ledgers and of the rows.

All of it is worked out anew: neither the gate nor the brakes nor the press is asked whether it did
right.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
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
from tests.delivery.machine.ledger import Deed, Line
from tests.delivery.machine.scene import BOTH, Scene
from tests.support.city import PACE
from tests.support.city_people import MINUTE

MAY_BE_OUT = (
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)
APPROVALS = (DecisionKind.APPROVED, DecisionKind.OWN_HAND, DecisionKind.EMERGENCY)
TEXTS = {Deed.MAKE: DeliveryAction.PUBLISH, Deed.EDIT: DeliveryAction.EDIT}
ORDERS = {
    Deed.DELETE: DeliveryAction.DELETE,
    Deed.HIDE: DeliveryAction.HIDE,
    Deed.UNHIDE: DeliveryAction.UNHIDE,
}
PATIENCE = timedelta(seconds=PACE.lease) + MINUTE


class Approved(Scene):
    """I1: each deed on a platform rests on one Decision for exactly that, and the reverse."""

    def __init__(self) -> None:
        super().__init__()
        self.judged = dict.fromkeys(BOTH, 0)

    def judge_what_was_done(self) -> None:
        """I1, of what is new in the ledgers: at this moment it was done."""
        for name in BOTH:
            lines = self.ledger(name).lines[self.judged[name] :]
            self.judged[name] += len(lines)
            if lines:
                with self.town.read() as session:
                    for line in lines:
                        self._judge(session, self.town.accounts[name], line)

    def _judge(self, session: Session, account_id: int, line: Line) -> None:
        self.came[f"done_{line.deed}"] += 1
        if line.deed in TEXTS:
            self._judge_text(session, account_id, line)
        else:
            self._judge_order(session, account_id, line)

    def _judge_text(self, session: Session, account_id: int, line: Line) -> None:
        query = select(Variant).where(Variant.account_id == account_id, Variant.text == line.text)
        (variant,) = session.scalars(query)  # its words say which one it is
        target = line.parent_id if line.deed is Deed.MAKE else line.platform_id
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
            delivery for delivery in variant.deliveries if delivery.action is TEXTS[line.deed]
        ]
        assert delivery.state in MAY_BE_OUT, (line, delivery.state)
        self._check_free(session, delivery)

    def _check_newest(self, revision: Revision) -> None:
        assert revision.post.state is PostState.APPROVED
        assert revision.number == revision.post.newest
        assert revision.not_before is None or revision.not_before <= self.now
        assert revision.not_after is not None
        assert revision.not_after >= self.now

    def _check_covered(self, revision: Revision, variant: Variant) -> None:
        """The words stand in the canonical form, and the digest is that form's."""
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
        self.came[f"rests_on_{decision.kind}"] += 1

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

    def _check_free(self, session: Session, delivery: Delivery) -> None:
        """Neither a stop nor a freeze was passed by."""
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

    def _judge_order(self, session: Session, account_id: int, line: Line) -> None:
        query = (
            select(Order)
            .join(Order.delivery)
            .where(
                Delivery.account_id == account_id,
                Delivery.action == ORDERS[line.deed],
                Order.action == ORDERS[line.deed],
                Order.target == line.platform_id,
                Delivery.state.in_(MAY_BE_OUT),
            )
        )
        orders = session.scalars(query).all()
        ledger = self.ledger_of(account_id)
        assert orders, line
        for order in orders:
            self._check_aim(order, account_id)
        assert sum(written == line for written in ledger.lines) <= len(orders), line

    def _check_aim(self, order: Order, account_id: int) -> None:
        """It has its reason, and is about what the platform knows by exactly this number."""
        assert order.reason
        about = order.receipt or order.comment
        assert about is not None
        assert (about.account_id, about.platform_id) == (account_id, order.target), order.id
        if order.receipt is not None:
            assert order.receipt.delivery.post_id == order.delivery.post_id

    def whatever_the_house_holds_for_done_was_done(self) -> None:
        """I1 from the other side: each receipt names what stands in the ledger, with its words."""
        done = {name: Counter(self.ledger(name).lines) for name in BOTH}
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
                if receipt.action in ORDERS.values():
                    line = Line(Deed(receipt.action.value), about)
                elif receipt.action is DeliveryAction.EDIT:
                    line = Line(Deed.EDIT, target, text)
                elif receipt.platform_id.startswith(corrections.UNKNOWN_ID):
                    # A person's word, where the platform could not be read: no number came with it.
                    assert receipt.person_id is not None
                    assert [line for line in lines if line.key == (Deed.MAKE, target, text)], text
                    continue
                else:
                    line = Line(Deed.MAKE, receipt.platform_id, text, target)
                assert lines[line], line


class Once(Approved):
    """I2 and I3: at most once, and nothing is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[int] = set()

    def nothing_is_done_twice(self) -> None:
        """I2: no text comes out twice, nothing is edited twice with it, nor deleted twice."""
        for name in BOTH:
            lines = self.ledger(name).lines
            counts = Counter(
                line.key for line in lines if line.deed not in (Deed.HIDE, Deed.UNHIDE)
            )
            assert max(counts.values(), default=0) <= 1, (name, counts.most_common(1))

    def whatever_was_accepted_is_final_or_waits_with_a_reason(self) -> None:
        """I3: once a clock has ticked, each delivery says why it is where it is."""
        dispatch.run_maintenance(self.town.context)
        deliveries = self.deliveries()
        for delivery in deliveries:
            self._check_waiting(delivery)
        ids = {delivery.id for delivery in deliveries}
        assert self.taken <= ids, "accepted, and gone"
        self.taken = ids

    def _check_waiting(self, delivery: Delivery) -> None:
        match delivery.state:
            case DeliveryState.SENDING:
                assert delivery.sending_at is not None
                assert delivery.sending_at > self.now - PATIENCE
            case DeliveryState.CLAIMED:
                assert delivery.leased_until is not None
                assert delivery.leased_until >= self.now
            case DeliveryState.UNCONFIRMED:
                assert delivery.look_at is not None
                assert delivery.reason.get("code")
            case DeliveryState.FAILED | DeliveryState.MISSED | DeliveryState.HELD:
                assert delivery.reason.get("code"), delivery.state
            case DeliveryState.SCHEDULED:
                assert delivery.due_at + delivery.late_limit * MINUTE >= self.now
