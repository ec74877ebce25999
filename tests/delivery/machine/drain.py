"""I7, in the teardown: all deliveries end without people, except held ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis.stateful import invariant
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from publisher.delivery import restore_state
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.scheduling import corrections
from publisher.states import AccountState, DeliveryState
from tests.delivery.machine.city_machine import BOTH
from tests.delivery.machine.comment_invariants import CommentInvariants
from tests.delivery.machine.ledger import ActionKind
from tests.delivery.machine.submission_rules import SubmissionInvariants
from tests.support.city_people import HOUR, MINUTE

IN_PROGRESS = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
MAX_TICKS = 60
"""More ticks than an example can plan faults."""


class Drain(CommentInvariants, SubmissionInvariants):
    """Finishes what an example has left."""

    def teardown(self) -> None:
        """End stops and freezes, let a day pass without people, and check that all has ended."""
        try:
            self._end_controls()
            self._finish_deliveries()
            self._read_all_comments()
            self._compare_with_ledgers()
        finally:
            super().teardown()

    def _end_controls(self) -> None:
        """End stops and freezes, but only after a restore has looked for all its deliveries."""
        self._tick_until(lambda: not self._is_in_doubt(), 20 * MINUTE)
        assert not self._is_in_doubt()
        self.end_controls()

    def _is_in_doubt(self) -> bool:
        self._check_both_accounts()
        with self.town.read() as session:
            restores = restore_state.open_restores(session)
            if restores is None:
                return False
            unchecked = select(Delivery.id).where(restore_state.not_reconciled(restores))
            return bool(session.scalars(unchecked).all())

    def _finish_deliveries(self) -> None:
        """Check that within hours nothing is in progress, and within a day nothing waits."""
        self._tick_until(lambda: not self._unfinished(), 20 * MINUTE)
        assert not self._unfinished()
        for _ in range(2):
            self._tick_until(lambda: False, 13 * HOUR, max_ticks=1)
        assert not self._unfinished()
        assert not self.deliveries(Delivery.state == DeliveryState.SCHEDULED)
        self.check_all()

    def _unfinished(self) -> list[Delivery]:
        """Return the deliveries in progress, and those that wait although their account works."""
        with self.town.read() as session:
            query = select(Account.id).where(Account.state == AccountState.CONNECTED)
            free = set(session.scalars(query))
        return [
            delivery
            for delivery in self.deliveries(
                Delivery.state.in_((*IN_PROGRESS, DeliveryState.SCHEDULED))
            )
            if delivery.state in IN_PROGRESS or delivery.account_id in free
        ]

    def _read_all_comments(self) -> None:
        """Check I4: all comments that the city can see are read in the end."""
        for platform in self.town.platforms.values():
            platform.lag = timedelta(0)
        self._tick_until(lambda: not self._unread_comments(), 6 * HOUR)
        assert not self._unread_comments()
        self.check_all()

    def _unread_comments(self) -> list[tuple[str, str]]:
        self._check_both_accounts()
        with self.town.read() as session:
            rows = _pairs(session, select(Comment.account_id, Comment.platform_id))
            query = select(ReceiptRow.account_id, ReceiptRow.platform_id).where(
                ReceiptRow.action == DeliveryAction.PUBLISH, ReceiptRow.gone_at.is_(None)
            )
            receipts = _pairs(session, query)
        return [
            (name, number)
            for name, number in self.citizen_comments
            if self._is_readable(name, number, receipts)
            and (self.town.accounts[name], number) not in rows
        ]

    def _is_readable(self, name: str, number: str, receipts: set[tuple[int, str]]) -> bool:
        """Return whether a live comment mentions the city on X, or is under a post of the city."""
        is_public = self.ledger(name).find(number)
        if is_public is None:
            return False
        is_mention = is_public.root_id == number
        return (
            name == "x" if is_mention else (self.town.accounts[name], is_public.root_id) in receipts
        )

    def _compare_with_ledgers(self) -> None:
        """Check I1 again: each post of the account has a receipt, or is held for a person.

        A receipt with an unknown id, recorded by a person, may belong to any post.
        """
        with self.town.read() as session:
            receipts = _pairs(session, select(ReceiptRow.account_id, ReceiptRow.platform_id))
        held_accounts = [
            delivery.account_id
            for delivery in self.deliveries(Delivery.state == DeliveryState.HELD)
        ]
        for name in BOTH:
            account_id = self.town.accounts[name]
            created = [line for line in self.ledger(name).entries if line.kind is ActionKind.MAKE]
            unrecorded = [
                line for line in created if (account_id, line.platform_id) not in receipts
            ]
            with_unknown_id = [
                receipt
                for receipt in receipts
                if receipt[0] == account_id and has_unknown_id(receipt[1])
            ]
            assert len(unrecorded) <= held_accounts.count(account_id) + len(with_unknown_id), (
                unrecorded
            )
        self.counts["drained"] += 1

    def _tick_until(
        self, is_over: Callable[[], bool], span: timedelta, *, max_ticks: int = MAX_TICKS
    ) -> None:
        for _ in range(max_ticks):
            if is_over():
                return
            self.pass_time(span)
            self.tick()

    def _check_both_accounts(self) -> None:
        """Let the admin check both accounts again."""
        for name in BOTH:
            self.check(name)

    @invariant()
    def check_all(self) -> None:
        """Check I1 to I5 after each step."""
        self.check_new_entries()
        self.check_receipts()
        self.check_duplicates()
        self.check_states()
        self.check_comments()
        self.check_answers()
        self.check_tasks()
        self.check_submissions()


def has_unknown_id(platform_id: str) -> bool:
    """Return whether the receipt was recorded without the platform's id."""
    return platform_id.startswith(corrections.UNKNOWN_ID)


def _pairs(session: Session, query: Select[int, str]) -> set[tuple[int, str]]:
    return {(account_id, number) for account_id, number in session.execute(query)}
