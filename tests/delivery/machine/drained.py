"""I7, in the teardown: the backlog drains without a hand, what is held aside."""

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
from tests.delivery.machine.answered import Answered
from tests.delivery.machine.ledger import Deed
from tests.delivery.machine.scene import BOTH
from tests.support.city_people import HOUR, MINUTE

UNDER_WAY = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
MOST_TICKS = 60
"""More than one story plans faults."""


class Drained(Answered):
    """What is left of a story comes to its end."""

    def teardown(self) -> None:
        """The brakes end, nobody lifts a hand for a day, and all has come to its end."""
        try:
            self._end_brakes()
            self._drain()
            self._read_the_rest()
            self._compare()
        finally:
            super().teardown()

    def _end_brakes(self) -> None:
        """What a restore has to look for is found first: nobody releases its stop before."""
        self._wait(lambda: not self._is_in_doubt(), 20 * MINUTE)
        assert not self._is_in_doubt()
        self.end_brakes()

    def _is_in_doubt(self) -> bool:
        self._check_accounts()
        with self.town.read() as session:
            restores = restore_state.open_restores(session)
            if restores is None:
                return False
            unsought = select(Delivery.id).where(restore_state.not_reconciled(restores))
            return bool(session.scalars(unsought).all())

    def _drain(self) -> None:
        """Within hours nothing is under way; within a day nothing waits any more."""
        self._wait(lambda: not self._under_way(), 20 * MINUTE)
        assert not self._under_way()
        for _ in range(2):
            self._wait(lambda: False, 13 * HOUR, most=1)
        assert not self._under_way()
        assert not self.deliveries(Delivery.state == DeliveryState.SCHEDULED)
        self.the_promises_hold()

    def _under_way(self) -> list[Delivery]:
        """What is being sent or looked for, and what waits though its account is free."""
        with self.town.read() as session:
            query = select(Account.id).where(Account.state == AccountState.CONNECTED)
            free = set(session.scalars(query))
        return [
            delivery
            for delivery in self.deliveries(
                Delivery.state.in_((*UNDER_WAY, DeliveryState.SCHEDULED))
            )
            if delivery.state in UNDER_WAY or delivery.account_id in free
        ]

    def _read_the_rest(self) -> None:
        """I4: whatever citizens said where the city listens has been read by now."""
        for platform in self.town.platforms.values():
            platform.lag = timedelta(0)
        self._wait(lambda: not self._unread(), 6 * HOUR)
        assert not self._unread()
        self.the_promises_hold()

    def _unread(self) -> list[tuple[str, str]]:
        self._check_accounts()
        with self.town.read() as session:
            rows = _pairs(session, select(Comment.account_id, Comment.platform_id))
            query = select(ReceiptRow.account_id, ReceiptRow.platform_id).where(
                ReceiptRow.action == DeliveryAction.PUBLISH, ReceiptRow.gone_at.is_(None)
            )
            heard = _pairs(session, query)
        return [
            (name, number)
            for name, number in self.said
            if self._is_heard(name, number, heard)
            and (self.town.accounts[name], number) not in rows
        ]

    def _is_heard(self, name: str, number: str, heard: set[tuple[int, str]]) -> bool:
        """It stands, and names us on X or stands under what the house knows to be its own."""
        is_public = self.ledger(name).stands(number)
        if is_public is None:
            return False
        is_mention = is_public.root_id == number
        return name == "x" if is_mention else (self.town.accounts[name], is_public.root_id) in heard

    def _compare(self) -> None:
        """I1 once more: what the account made is a receipt here, or held for a person.

        A receipt without a number, on a person's word, stands for one that is not known.
        """
        with self.town.read() as session:
            receipts = _pairs(session, select(ReceiptRow.account_id, ReceiptRow.platform_id))
        held_accounts = [
            delivery.account_id
            for delivery in self.deliveries(Delivery.state == DeliveryState.HELD)
        ]
        for name in BOTH:
            account_id = self.town.accounts[name]
            created = [line for line in self.ledger(name).lines if line.deed is Deed.MAKE]
            unknown = [line for line in created if (account_id, line.platform_id) not in receipts]
            unnamed = [
                receipt
                for receipt in receipts
                if receipt[0] == account_id and is_unnamed(receipt[1])
            ]
            assert len(unknown) <= held_accounts.count(account_id) + len(unnamed), unknown
        self.came["drained"] += 1

    def _wait(
        self, is_over: Callable[[], bool], span: timedelta, *, most: int = MOST_TICKS
    ) -> None:
        for _ in range(most):
            if is_over():
                return
            self.pass_time(span)
            self.tick()

    def _check_accounts(self) -> None:
        """The admin finds that what paused works again."""
        for name in BOTH:
            self.check(name)

    @invariant()
    def the_promises_hold(self) -> None:
        """I1 to I5, after each step."""
        self.judge_what_was_done()
        self.whatever_the_house_holds_for_done_was_done()
        self.nothing_is_done_twice()
        self.whatever_was_accepted_is_final_or_waits_with_a_reason()
        self.every_comment_has_one_row_somebody_and_a_deadline()
        self.every_answer_has_its_words()


def is_unnamed(platform_id: str) -> bool:
    """Whether it stands for a number that nobody has told."""
    return platform_id.startswith(corrections.UNKNOWN_ID)


def _pairs(session: Session, query: Select[int, str]) -> set[tuple[int, str]]:
    return {(account_id, number) for account_id, number in session.execute(query)}
