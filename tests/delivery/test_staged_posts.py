"""Staged posts are created unpublished, then published by id; the second step may be repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.delivery import claim as claiming
from publisher.delivery import dispatch, orphan_cleanup, outcomes, sending
from publisher.delivery.attempt import _prepare
from publisher.delivery.outcomes import Outcome
from publisher.delivery.rate_limits import daily_cap
from publisher.delivery.worker_context import Claim
from publisher.models.controls import Stop
from publisher.models.deliveries import Account, Attempt, Delivery
from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import PreparedPost, Receipt
from publisher.review import withdraw
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.support.memory_platform.platform import MemoryPlatform


@pytest.fixture
def facebook(town: City) -> MemoryPlatform:
    """Return Facebook's page, which supports two steps."""
    platform = MemoryPlatform(now=town.clock, name="facebook", two_steps=True, can_edit=True)
    town.platforms[town.accounts["facebook"]] = platform
    with town.write() as session:
        session.get_one(Account, town.accounts["facebook"]).two_steps = True
    return platform


def test_a_post_is_created_unpublished_and_then_published_by_its_id(
    town: City, facebook: MemoryPlatform
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    town.tick_dispatch()
    delivery = town.delivery(delivery_id)
    assert delivery.state is DeliveryState.PUBLISHED
    assert delivery.staged_id == town.platform_id(delivery_id)
    assert len(facebook.published) == 1
    assert facebook.staged == []


def test_the_staged_id_is_stored_before_the_post_is_public(
    town: City, facebook: MemoryPlatform
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    town.tick_dispatch()
    delivery = town.delivery(delivery_id)
    assert delivery.state is DeliveryState.UNCONFIRMED
    assert [post.platform_id for post in facebook.staged] == [delivery.staged_id]


@pytest.mark.parametrize("is_done", [True, False])
def test_a_staged_post_of_unknown_outcome_is_published_exactly_once(
    town: City, facebook: MemoryPlatform, *, is_done: bool
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(OutcomeUnknown("reset"), on="release", after_keeping=is_done)
    town.tick_dispatch()
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    town.tick_reconcile(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert len(facebook.published) == 1
    assert ("release_again" in town.verbs("deliveries", delivery_id)) is not is_done


@pytest.mark.parametrize("cap", [None, 1])
def test_a_staged_post_of_a_dead_clock_is_published_by_the_next(
    town: City, facebook: MemoryPlatform, cap: int | None
) -> None:
    """Its lease has ended, and its attempt is not counted a second time."""
    with town.write() as session:
        session.get_one(Account, town.accounts["facebook"]).daily_cap = cap
    (delivery_id,) = town.due(on=["facebook"])
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    deadline = Deadline.after(9.0, lambda: 0.0)
    _, ready = _prepare(town.context, facebook, payload, deadline)
    sending.start(town.context, ready)
    town.clock.move(3 * MINUTE)
    with town.write() as session:
        dispatch.sweep(session, now=town.now, delivery_settings=town.context.delivery_settings)
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    town.tick_reconcile(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert "release_again" in town.verbs("deliveries", delivery_id)
    assert len(facebook.published) == 1


def attempts_of(town: City) -> list[tuple[str, str, str, bool]]:
    """Return each attempt's action, outcome and response, and whether it has ended."""
    with town.read() as session:
        attempts = session.scalars(select(Attempt).order_by(Attempt.id)).all()
    assert {attempt.clock for attempt in attempts} == {"clock-1"}
    assert [attempt.fence for attempt in attempts] == [1, *range(-1, -len(attempts), -1)]
    return [
        (attempt.asked, attempt.outcome, attempt.answer, attempt.ended_at is not None)
        for attempt in attempts
    ]


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [(OutcomeUnknown("reset"), "unknown"), (TryLater(None, "limit"), "later")],
)
def test_each_retried_release_is_an_attempt_and_the_post_appears_once(
    town: City, facebook: MemoryPlatform, problem: PlatformError, outcome: str
) -> None:
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    facebook.fail_next(problem, on="release")
    (delivery_id,) = town.live(on=["facebook"])
    town.tick_reconcile(MINUTE)
    town.tick_reconcile(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    (first, again, last) = attempts_of(town)
    assert first == ("publish", "unknown", "reset", True)
    assert again == ("release", outcome, problem.detail, True)
    assert (last[:2], last[3]) == (("release", "published"), True)
    with town.read() as session:
        assert daily_cap.count_daily_publications(session, town.accounts["facebook"], town.now) == 1


def test_a_delivery_whose_release_is_refused_repeatedly_is_held(
    town: City, facebook: MemoryPlatform
) -> None:
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    for _ in town.context.delivery_settings.looks:
        facebook.fail_next(Refused(RefusalCode.INVALID, "no such thing"), on="release")
    (delivery_id,) = town.live(on=["facebook"])
    for _ in range(5):
        town.tick_reconcile(5 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.HELD
    refused = ("release", "refused", "no such thing", True)
    assert attempts_of(town)[1:] == [refused] * len(town.context.delivery_settings.looks)


class _DyingPlatform(MemoryPlatform):
    """Lets the clock die while it waits for the response to `release`."""

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Publish the post, then raise, so that the response is lost."""
        super().release(staged_id, deadline=deadline)
        raise KeyboardInterrupt


def test_the_release_attempt_of_a_dead_clock_is_ended(town: City, facebook: MemoryPlatform) -> None:
    dying = _DyingPlatform(now=town.clock, name="facebook", two_steps=True)
    town.platforms[town.accounts["facebook"]] = dying
    dying.fail_next(OutcomeUnknown("reset"), on="release")
    (delivery_id,) = town.live(on=["facebook"])
    with pytest.raises(KeyboardInterrupt):
        town.tick_reconcile(MINUTE)
    assert attempts_of(town)[1] == ("release", "", "", False)
    town.tick_reconcile(HOUR)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert attempts_of(town)[1] == ("release", "lease_ended", "", True)
    assert len(attempts_of(town)) == 2


def test_a_late_first_receipt_counts_after_a_retried_release(
    town: City, facebook: MemoryPlatform
) -> None:
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    (delivery_id,) = town.live(on=["facebook"])
    town.tick_reconcile(MINUTE)
    with town.read() as session:
        (parcel,) = claiming.load_payloads(session, [Claim(delivery_id, 1)])
    late = Receipt(parcel.staged_id, "", town.now, "late")
    outcomes.store(town.context, [Outcome(parcel, late)])
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert [attempt[1] for attempt in attempts_of(town)] == ["published", "unknown"]


def test_a_staged_post_that_may_no_longer_be_sent_is_held(
    town: City, facebook: MemoryPlatform
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    town.tick_dispatch()
    with town.write() as session:
        session.add(Stop(at=town.now, reason="चाचणी", person_id=town.people["lead"]))
    for _ in town.context.delivery_settings.looks:
        town.tick_reconcile(16 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.HELD
    assert facebook.published == []


def test_an_approver_who_left_stops_the_release_too(town: City, facebook: MemoryPlatform) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(OutcomeUnknown("reset"), on="release")
    town.tick_dispatch()
    town.disable("first")
    for _ in town.context.delivery_settings.looks:
        town.tick_reconcile(16 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.HELD
    assert facebook.published == []


class _LongIdPlatform(MemoryPlatform):
    """Creates staged posts with an id that is too long for a row."""

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Return the id in full length."""
        return super().stage(prepared, deadline=deadline) + "9" * 121


def test_an_invalid_staged_id_fails_the_delivery_before_publication(
    town: City, facebook: MemoryPlatform
) -> None:
    long_ids = _LongIdPlatform(now=town.clock, name="facebook", two_steps=True)
    town.platforms[town.accounts["facebook"]] = long_ids
    (delivery_id,) = town.due(on=["facebook"])
    town.tick_dispatch()
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, {"code": "invalid"})
    assert long_ids.published == facebook.published == []


def test_the_next_attempt_uses_the_post_that_is_staged_already(
    town: City, facebook: MemoryPlatform
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(TryLater(None, "limit"), on="release")
    town.tick_dispatch()
    town.tick_dispatch(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert len(facebook.posts) == 1


def test_an_orphaned_staged_post_is_deleted(town: City, facebook: MemoryPlatform) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    _prepare(town.context, facebook, payload, Deadline.after(9.0, lambda: 0.0))
    assert len(facebook.staged) == 1
    with town.write() as session:
        withdraw.withdraw_post(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=session.get_one(Delivery, delivery_id).post_id,
            reason="रद्द",
        )
    assert orphan_cleanup.tick_orphan_cleanup(town.context) == 0  # it rests for an hour
    town.clock.move(HOUR + MINUTE)
    assert orphan_cleanup.tick_orphan_cleanup(town.context, is_stopping=lambda: True) == 0
    assert len(facebook.staged) == 1
    assert orphan_cleanup.tick_orphan_cleanup(town.context) == 1
    assert facebook.staged == []
    assert town.delivery(delivery_id).staged_id == ""
    assert orphan_cleanup.tick_orphan_cleanup(town.context) == 0
    with town.read() as session:
        attempt = session.scalars(select(Attempt)).one()
    assert attempt.tidied_at == town.now


def test_a_published_post_is_not_deleted_as_an_orphan(town: City, facebook: MemoryPlatform) -> None:
    town.live(on=["facebook"])
    town.clock.move(timedelta(days=2))
    assert orphan_cleanup.tick_orphan_cleanup(town.context) == 0
    assert len(facebook.published) == 1


def test_an_account_whose_release_is_refused_then_publishes_in_one_step(
    town: City, facebook: MemoryPlatform
) -> None:
    (delivery_id,) = town.due(on=["facebook"])
    facebook.fail_next(Refused(RefusalCode.INVALID, "no such parameter"), on="release")
    town.tick_dispatch()
    assert town.delivery(delivery_id).state is DeliveryState.FAILED
    with town.read() as session:
        assert not session.get_one(Account, town.accounts["facebook"]).two_steps
    with town.write() as session:
        schedule.schedule(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_id=town.delivery(delivery_id).variant_id,
            due_at=town.now,
        )
    town.tick_dispatch()
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert len(facebook.published) == 1
