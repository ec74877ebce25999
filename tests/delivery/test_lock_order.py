"""Two clocks lock the same rows in the same order; this matters on PostgreSQL alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from publisher.database.session import Database
from publisher.delivery import dispatch, outcomes
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.failures import Ending, Failure
from publisher.delivery.monitoring import poll
from publisher.delivery.outcomes import Outcome
from publisher.emergency import template_approval
from publisher.models.deliveries import Account, Attempt, Delivery
from publisher.models.monitoring import Watch
from publisher.models.posts import Post
from publisher.operations.departments import open_items
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Allowance as Told
from publisher.platforms.base.types import Receipt
from publisher.review import withdraw
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from tests.support import emergency_steps
from tests.support.city import PACE, City, city
from tests.support.city_people import NOON
from tests.support.claims import (
    IN_15_MINUTES,
    claim_due,
    delivery_state,
    receipt_for,
    record_allowance,
    remaining_allowance,
    start_sending,
    try_start,
)
from tests.support.lock_conflicts import PATIENCE, after_each_statement, run_into_locks

RECEIPT = Receipt("1", "https://platform.example/1", NOON, "")
TOLD = (Told("publish.15min", 100, 3, IN_15_MINUTES),)


@pytest.fixture
def postgres_town(postgres_url: str, tmp_path: Path) -> Iterator[City]:
    """Build the city on PostgreSQL."""
    database = Database(postgres_url)
    yield city(database, tmp_path)
    database.dispose()


def test_a_lease_refusal_and_the_sweeper_do_not_deadlock(
    postgres_town: City,
) -> None:
    """The sweeper locks the delivery, and continues when the other transaction waits."""
    record_allowance(postgres_town, 5)
    (only,) = claim_due(postgres_town)
    postgres_town.clock.move(timedelta(seconds=PACE.lease + 1))
    run_into_locks(
        postgres_town,
        lambda: dispatch.run_maintenance(postgres_town.context),
        lambda: try_start(postgres_town, only),
        pauses_at=lambda sql: "FROM deliveries" in sql and "leased_until <" in sql,
    )
    assert delivery_state(postgres_town, only) is DeliveryState.SCHEDULED
    assert remaining_allowance(postgres_town) == 5


FAILURES: dict[str, Failure] = {
    "refused": Refused(RefusalCode.INVALID),
    "later": TryLater(IN_15_MINUTES, ""),
    "credentials": CredentialsExpired(),
    "unknown": OutcomeUnknown(),
}
ENDINGS: dict[str, Ending] = {**FAILURES, "published": RECEIPT}


@pytest.mark.parametrize("outcome", FAILURES)
def test_the_outcome_of_a_late_attempt_and_the_sweeper_do_not_deadlock(
    postgres_town: City, outcome: str
) -> None:
    """The sweeper locks the delivery, and continues when the other transaction waits."""
    record_allowance(postgres_town, 5)
    (only,) = start_sending(postgres_town)
    postgres_town.clock.move(timedelta(seconds=PACE.lease + 1))
    run_into_locks(
        postgres_town,
        lambda: dispatch.run_maintenance(postgres_town.context),
        lambda: outcomes.store(postgres_town.context, [Outcome(only, FAILURES[outcome], TOLD)]),
        pauses_at=lambda sql: "FROM deliveries" in sql and "leased_until <" in sql,
    )
    assert delivery_state(postgres_town, only) is DeliveryState.UNCONFIRMED
    with postgres_town.read() as session:
        assert session.scalars(select(Attempt.outcome)).all() == [outcome]


def test_an_overtaken_attempt_is_ended_once_by_either_clock(
    postgres_town: City,
) -> None:
    """The other transaction locks the delivery, and has read that its attempt is not ended."""
    record_allowance(postgres_town, 5)
    (only,) = claim_due(postgres_town)
    locked: list[str] = []

    def has_read(sql: str) -> bool:
        if "FROM deliveries" in sql and "WHERE deliveries.id" in sql:
            locked.append(sql)
        return bool(locked) and "FROM attempts" in sql

    with postgres_town.write() as session:
        schedule.cancel(
            session,
            actor=postgres_town.actor("clerk"),
            now=postgres_town.now,
            delivery_id=only.claim.delivery_id,
        )
    postgres_town.clock.move(timedelta(seconds=PACE.lease + 1))
    run_into_locks(
        postgres_town,
        lambda: dispatch.tick_overtaken(postgres_town.context),
        lambda: try_start(postgres_town, only),
        pauses_at=has_read,
    )
    assert remaining_allowance(postgres_town) == 5


@pytest.mark.parametrize("outcome", ["later", "credentials"])
def test_receipts_and_changes_of_their_account_do_not_deadlock(
    postgres_town: City, outcome: str
) -> None:
    """The account is locked before its limits, also when a receipt is stored."""
    record_allowance(postgres_town, 5)
    published, other = start_sending(postgres_town, 2)
    done = [Outcome(published, receipt_for(1, postgres_town), TOLD)]
    run_into_locks(
        postgres_town,
        lambda: outcomes.store(postgres_town.context, done),
        lambda: outcomes.store(postgres_town.context, [Outcome(other, FAILURES[outcome], TOLD)]),
        pauses_at=lambda sql: sql.startswith("INSERT INTO receipts"),
    )
    assert delivery_state(postgres_town, published) is DeliveryState.PUBLISHED
    assert delivery_state(postgres_town, other) is DeliveryState.SCHEDULED


@pytest.mark.parametrize("outcome", ENDINGS)
def test_outcomes_of_two_attempts_under_a_cap_do_not_deadlock(
    postgres_town: City, outcome: str
) -> None:
    """`sending` is counted under the cap while the older attempt's clock resumes late."""
    record_allowance(postgres_town, 5)
    (older,) = start_sending(postgres_town)
    postgres_town.clock.move(timedelta(seconds=PACE.lease + 1))
    dispatch.run_maintenance(postgres_town.context)
    _send_again(postgres_town, older, cap=10)
    (newer,) = claim(postgres_town.context, account_id=postgres_town.accounts["x"], most=1)
    assert newer.claim.fence > older.claim.fence
    began: list[bool] = []
    run_into_locks(
        postgres_town,
        lambda: began.append(try_start(postgres_town, newer)),
        lambda: outcomes.store(postgres_town.context, [Outcome(older, ENDINGS[outcome], TOLD)]),
        pauses_at=lambda sql: "FROM allowances" in sql and "FOR UPDATE" in sql,
    )
    assert began == [True]
    assert delivery_state(postgres_town, newer) is DeliveryState.SENDING


def _send_again(town: City, payload: DeliveryPayload, *, cap: int) -> None:
    """Send the delivery again as a person, and give its account a daily cap."""
    with town.write() as session:
        session.get_one(Account, town.accounts["x"]).daily_cap = cap
        delivery = session.get_one(Delivery, payload.claim.delivery_id)
        delivery.state, delivery.due_at = DeliveryState.SCHEDULED, town.now


@pytest.mark.parametrize("outcome", ["refused", "later", "credentials"])
def test_an_outcome_and_a_withdrawn_approval_do_not_deadlock(
    postgres_town: City, outcome: str
) -> None:
    """A second change of a delivery locks its post, which withdrawing locks first."""
    record_allowance(postgres_town, 5)
    (only,) = claim_due(postgres_town)
    changed: list[str] = []

    def has_changed_it(sql: str) -> bool:
        if sql.startswith("UPDATE deliveries"):
            changed.append(sql)
        return len(changed) == 1

    run_into_locks(
        postgres_town,
        lambda: outcomes.store(postgres_town.context, [Outcome(only, FAILURES[outcome], TOLD)]),
        lambda: _withdraw(postgres_town, only),
        pauses_at=has_changed_it,
    )
    assert changed
    assert delivery_state(postgres_town, only) in (DeliveryState.CANCELLED, DeliveryState.FAILED)


def test_an_emergency_outcome_and_its_withdrawn_template_do_not_deadlock(
    postgres_town: City,
) -> None:
    template_id = emergency_steps.prepare_template(postgres_town)
    emergency_steps.publish(postgres_town, template_id)
    (only, *_others) = claim(postgres_town.context, account_id=postgres_town.accounts["x"], most=5)
    changed: list[str] = []

    def has_changed_it(sql: str) -> bool:
        if sql.startswith("UPDATE deliveries"):
            changed.append(sql)
        return len(changed) == 1

    def take_back() -> None:
        with postgres_town.write() as session:
            template_approval.withdraw(
                session,
                actor=postgres_town.actor("first"),
                now=postgres_town.now,
                template_id=template_id,
                seen_revision=1,
                reason="मजकूर चुकीचा आहे.",
            )

    run_into_locks(
        postgres_town,
        lambda: outcomes.store(postgres_town.context, [Outcome(only, FAILURES["later"], TOLD)]),
        take_back,
        pauses_at=has_changed_it,
    )
    assert delivery_state(postgres_town, only) is DeliveryState.CANCELLED


def _withdraw(town: City, payload: DeliveryPayload) -> None:
    with town.write() as session:
        withdraw.withdraw_approval(
            session,
            actor=town.actor("first"),
            now=town.now,
            post_id=town.delivery(payload.claim.delivery_id).post_id,
            seen_revision=1,
            reason="वेळ बदलली.",
        )


def test_two_groups_of_receipts_learn_of_accounts_in_one_order(postgres_town: City) -> None:
    ones, others = start_sending(postgres_town, 2), start_sending(postgres_town, 2, "facebook")
    limits = (Told("publish.15min", 100, 50, IN_15_MINUTES),)
    answers = [
        Outcome(payload, receipt_for(n, postgres_town), limits)
        for n, payload in enumerate((*ones, *others))
    ]
    groups = [[answers[0], answers[2]], [answers[3], answers[1]]]
    waiting, both = threading.local(), threading.Barrier(2)

    def wait_for_the_other(statement: str) -> None:
        if statement.startswith("INSERT INTO allowances") and not getattr(waiting, "once", False):
            waiting.once = True
            with suppress(
                threading.BrokenBarrierError
            ):  # with one lock order the other transaction cannot get here
                both.wait(0.5)

    with (
        after_each_statement(postgres_town.database, wait_for_the_other),
        ThreadPoolExecutor(2) as clocks,
    ):
        storing = [clocks.submit(outcomes.store, postgres_town.context, group) for group in groups]
        for future in storing:
            future.result(timeout=PATIENCE)
    assert {delivery_state(postgres_town, completion.payload) for completion in answers} == {
        DeliveryState.PUBLISHED
    }


def test_who_only_names_a_post_does_not_wait_for_a_merge_of_departments(
    postgres_town: City,
) -> None:
    """A clock that changes a delivery twice does not wait; a change of the post would."""
    post_id = postgres_town.approved()
    named = select(Post.id).where(Post.id == post_id)
    with postgres_town.write() as session:
        open_items.lock_work(session, session.get_one(Post, post_id).department_id)
        with postgres_town.write() as clock:
            clock.scalars(named.with_for_update(read=True, key_share=True, nowait=True)).one()
        with pytest.raises(OperationalError), postgres_town.write() as clock:
            clock.scalars(named.with_for_update(nowait=True)).one()


def test_two_clocks_that_find_the_same_new_posts_open_one_watch_each(postgres_town: City) -> None:
    posts = postgres_town.live()

    def find() -> None:
        with postgres_town.write() as session:
            poll.open_watches(session, now=postgres_town.now)

    run_into_locks(
        postgres_town, find, find, pauses_at=lambda sql: sql.startswith("INSERT INTO watches")
    )
    with postgres_town.read() as session:
        assert len(session.scalars(select(Watch)).all()) == len(posts)
