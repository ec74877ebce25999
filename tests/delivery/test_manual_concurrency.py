"""A person records a post published by hand while a clock is about to send it: one of them wins.

On SQLite the second waits for the file, on PostgreSQL for the rows that the first has locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.errors import WrongState
from publisher.delivery import dispatch, manual, outcomes, sending, staged_posts
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.claim import claim as delivery_claim
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.delivery.outcomes import Outcome
from publisher.models.deliveries import Account, ReceiptOrigin, ReceiptRow
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.scheduling.schedule import OnItsWay
from publisher.states import DeliveryState
from tests.delivery.test_manual import post
from tests.support.city import PACE, City
from tests.support.claims import delivery_state, receipt_for
from tests.support.lock_conflicts import run_into_locks

pytestmark = pytest.mark.both


def check_link(town: City, delivery_id: int) -> tuple[ManualPost, LinkedPost]:
    """Publish a delivery by hand, check the link and read the post back."""
    link = post(town, delivery_id)
    with town.read() as session:
        pasted = manual.look_at_link(
            session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id, link=link
        )
    return pasted, manual.read_back(town.platform("x"), pasted)


def store_manual_post(
    town: City, manual_post: ManualPost, linked_post: LinkedPost
) -> DeliveryState:
    """Store the post published by hand, and return the delivery's state."""
    with town.write() as session:
        return manual.publish_by_hand(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            manual_post=manual_post,
            linked_post=linked_post,
        ).state


def claim(town: City) -> list[DeliveryPayload]:
    return delivery_claim(town.context, account_id=town.accounts["x"], most=5)


def has_read_the_delivery(sql: str) -> bool:
    """Return whether this statement follows the lock on the post and the delivery."""
    return "FROM stops" in sql


def has_claimed(sql: str) -> bool:
    return sql.startswith("INSERT INTO attempts")


def proofs(town: City) -> list[ReceiptOrigin]:
    with town.read() as session:
        return list(session.scalars(select(ReceiptRow.origin)))


def test_a_clock_cannot_claim_a_delivery_while_a_person_publishes_it(town: City) -> None:
    (delivery_id,) = town.due()
    pasted, read_back = check_link(town, delivery_id)
    claimed: list[DeliveryPayload] = []
    run_into_locks(
        town,
        lambda: store_manual_post(town, pasted, read_back),
        lambda: claimed.extend(claim(town)),
        pauses_at=has_read_the_delivery,
    )
    assert claimed == claim(town) == []
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert proofs(town) == [ReceiptOrigin.BY_HAND]
    assert len(town.platform("x").published) == 1, "what the person posted, and nothing else"


def test_a_manual_post_is_refused_if_a_clock_claims_the_delivery_first(town: City) -> None:
    (delivery_id,) = town.due()
    pasted, read_back = check_link(town, delivery_id)
    claimed: list[DeliveryPayload] = []
    run_into_locks(
        town,
        lambda: claimed.extend(claim(town)),
        lambda: _expect_on_its_way(town, pasted, read_back),
        pauses_at=has_claimed,
    )
    assert [payload.claim.delivery_id for payload in claimed] == [delivery_id]
    assert town.delivery(delivery_id).state is DeliveryState.CLAIMED
    assert proofs(town) == []


def _expect_on_its_way(town: City, manual_post: ManualPost, linked_post: LinkedPost) -> None:
    with pytest.raises(OnItsWay):
        store_manual_post(town, manual_post, linked_post)


def claimed_by_clock(town: City) -> tuple[DeliveryPayload, ManualPost, LinkedPost]:
    """Let a clock claim a delivery after a person checked its link; the account has a cap."""
    (delivery_id,) = town.due()
    pasted, read_back = check_link(town, delivery_id)
    with town.write() as session:
        session.get_one(Account, town.accounts["x"]).daily_cap = 10
    (payload,) = claim(town)
    return payload, pasted, read_back


def test_a_manual_post_is_refused_while_a_clock_commits_sending(town: City) -> None:
    payload, pasted, read_back = claimed_by_clock(town)
    run_into_locks(
        town,
        lambda: sending.start(town.context, payload),
        lambda: _expect_on_its_way(town, pasted, read_back),
        pauses_at=lambda sql: "FROM allowances" in sql,
    )
    assert delivery_state(town, payload) is DeliveryState.SENDING


def test_a_refused_manual_post_does_not_stop_the_clock_that_has_the_claim(
    town: City,
) -> None:
    payload, pasted, read_back = claimed_by_clock(town)
    read: list[str] = []

    def has_locked(sql: str) -> bool:
        if "FROM deliveries" in sql and "WHERE deliveries.id" in sql:
            read.append(sql)
        return len(read) == 2  # as it stood, and now locked

    run_into_locks(
        town,
        lambda: _expect_on_its_way(town, pasted, read_back),
        lambda: sending.start(town.context, payload),
        pauses_at=has_locked,
    )
    assert delivery_state(town, payload) is DeliveryState.SENDING
    assert proofs(town) == []


def test_a_manual_post_and_a_retried_release_never_deadlock(town: City) -> None:
    """Both lock the post before the delivery."""
    (delivery_id,) = town.due()
    (payload,) = claim(town)
    sending.start(town.context, payload)
    outcomes.store(town.context, [Outcome(payload, OutcomeUnknown("reset"))])
    pasted, read_back = check_link(town, delivery_id)
    staged = replace(payload, staged_id="1_2")

    def is_locking(sql: str) -> bool:
        return town.database.is_sqlite or "FOR NO KEY UPDATE" in sql

    run_into_locks(
        town,
        lambda: store_manual_post(town, pasted, read_back),
        lambda: staged_posts.release_again(town.context, town.platform("x"), staged),
        pauses_at=lambda sql: "FROM posts" in sql and is_locking(sql),
    )
    assert delivery_state(town, payload) is DeliveryState.PUBLISHED


def with_late_response(town: City) -> tuple[Outcome, ManualPost, LinkedPost]:
    """Let a clock's response be late, and a person check a link meanwhile."""
    (delivery_id,) = town.due()
    (payload,) = claim(town)
    sending.start(town.context, payload)
    town.clock.move(timedelta(seconds=PACE.lease + 1))
    dispatch.run_maintenance(town.context)
    assert delivery_state(town, payload) is DeliveryState.UNCONFIRMED
    pasted, read_back = check_link(town, delivery_id)
    return Outcome(payload, receipt_for(int(read_back.platform_id), town)), pasted, read_back


def test_a_receipt_adds_nothing_if_a_person_stores_the_post_first(town: City) -> None:
    done, pasted, read_back = with_late_response(town)
    run_into_locks(
        town,
        lambda: store_manual_post(town, pasted, read_back),
        lambda: outcomes.store(town.context, [done]),
        pauses_at=has_read_the_delivery,
    )
    assert delivery_state(town, done.payload) is DeliveryState.PUBLISHED
    assert proofs(town) == [ReceiptOrigin.BY_HAND]


def test_a_manual_post_is_refused_if_the_receipt_is_stored_first(town: City) -> None:
    done, pasted, read_back = with_late_response(town)

    def is_refused() -> None:
        with pytest.raises(WrongState) as caught:
            store_manual_post(town, pasted, read_back)
        assert caught.value.values["state"] is DeliveryState.PUBLISHED

    run_into_locks(
        town,
        lambda: outcomes.store(town.context, [done]),
        is_refused,
        pauses_at=lambda sql: sql.startswith("INSERT INTO receipts"),
    )
    assert delivery_state(town, done.payload) is DeliveryState.PUBLISHED
    assert proofs(town) == [ReceiptOrigin.ANSWER]
