"""Stops and freezes are checked at the claim, and again right before sending."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.delivery import attempt, claim, dispatch
from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.submissions import SubmissionKind
from publisher.scheduling import holds
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.support.claims import claim_values


def _stop(town: City) -> int:
    with town.write() as session:
        stop = Stop(at=town.now, reason="चाचणी", person_id=town.people["lead"])
        session.add(stop)
        session.flush()
        return stop.id


def _release(town: City, stop_id: int) -> None:
    with town.write() as session:
        session.get_one(Stop, stop_id).released_at = town.now


def _freeze(town: City, **what: object) -> None:
    with town.write() as session:
        session.add(
            Freeze(
                from_at=town.now - HOUR,
                until_at=town.now + HOUR,
                reason="आचारसंहिता",
                at=town.now,
                person_id=town.people["lead"],
                appointment_id=town.appointments["lead"],
                **what,
            )
        )


def test_nothing_is_claimed_during_a_stop_and_all_after_its_release(town: City) -> None:
    (delivery_id,) = town.due()
    stop_id = _stop(town)
    assert town.tick_dispatch() == 0
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED
    _release(town, stop_id)
    assert town.tick_dispatch() == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_stop_after_the_claim_holds_the_claimed_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    _stop(town)
    attempt.attempt_and_store(town.context, payload)
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED
    assert town.delivery(delivery_id).sending_at is None
    assert town.platform("x").published == []


def test_a_delivery_stopped_past_its_late_limit_is_missed_with_the_reason(town: City) -> None:
    (delivery_id,) = town.due()
    _stop(town)
    town.tick_dispatch(HOUR + MINUTE)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason["code"]) == (DeliveryState.MISSED, "late_stopped")


@pytest.mark.parametrize("touched", [{}, {"account_id": "x"}, {"department_id": "water"}])
def test_a_freeze_holds_the_deliveries_that_it_applies_to(
    town: City, touched: dict[str, str]
) -> None:
    (delivery_id,) = town.due()
    _freeze(town, **_keys(town, touched))
    assert town.tick_dispatch() == 0
    town.clock.move(30 * MINUTE)
    parcel_free = town.delivery(delivery_id)
    assert parcel_free.state is DeliveryState.SCHEDULED
    town.tick_dispatch(31 * MINUTE)
    delivery = town.delivery(delivery_id)
    # The freeze is over after an hour, and so is the late limit: exactly then it may still go.
    assert delivery.state in (DeliveryState.MISSED, DeliveryState.PUBLISHED)


@pytest.mark.parametrize("touched", [{"account_id": "facebook"}, {"department_id": "road"}])
def test_a_freeze_does_not_hold_deliveries_that_it_does_not_apply_to(
    town: City, touched: dict[str, str]
) -> None:
    town.due()
    _freeze(town, **_keys(town, touched))
    assert town.tick_dispatch() == 1


def test_a_freeze_of_a_submission_kind_holds_only_posts_of_that_kind(town: City) -> None:
    town.due()
    _freeze(town, kind=SubmissionKind.SCHEME.value)
    assert town.tick_dispatch() == 1
    town.due()
    _freeze(town, kind=SubmissionKind.PUBLIC_NOTICE.value)
    assert town.tick_dispatch() == 0


def test_a_freeze_after_the_claim_holds_the_claimed_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    _freeze(town)
    attempt.attempt_and_store(town.context, payload)
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED
    assert town.platform("x").published == []


def test_an_urgent_delivery_is_held_by_a_stop_but_not_by_a_freeze(town: City) -> None:
    (delivery_id,) = town.due()
    with town.write() as session:
        session.get_one(Delivery, delivery_id).urgent = True
    _freeze(town)
    stop_id = _stop(town)
    assert town.tick_dispatch() == 0
    _release(town, stop_id)
    assert town.tick_dispatch() == 1


def test_a_reply_to_a_citizen_is_not_frozen(town: City) -> None:
    (live,) = town.live()
    comment = town.comment(under=live)
    _freeze(town)
    town.answer(comment)
    assert town.tick_dispatch() == 1
    assert len(town.platform("x").published) == 2


@pytest.mark.twin
@pytest.mark.parametrize("action", list(DeliveryAction))
def test_holds_in_python_and_in_sql_agree_for_every_action(
    town: City, action: DeliveryAction
) -> None:
    (delivery_id,) = town.due()
    with town.write() as session:
        session.get_one(Delivery, delivery_id).action = action
    for brake in (None, _freeze, _stop):
        if brake is not None:
            brake(town)
        with town.write() as session:
            delivery = session.get_one(Delivery, delivery_id)
            active = holds.active_holds(session, now=town.now)
            holding = active.holds(holds.facts_of(delivery))
            due = claim.candidate_ids(session, claim_values(town))
        assert (holding is None) == (due == [delivery_id])


def _keys(town: City, touched: dict[str, str]) -> dict[str, int]:
    ids = {"account_id": town.accounts, "department_id": town.departments}
    return {name: ids[name][code] for name, code in touched.items()}


def test_an_attempt_that_could_outlast_its_lease_is_not_begun(town: City) -> None:
    (delivery_id,) = town.due()
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    pace = town.context.delivery_settings
    town.clock.move(timedelta(seconds=pace.lease - pace.send_deadline + 1))
    attempt.attempt_and_store(town.context, payload)
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED
    assert town.platform("x").published == []
