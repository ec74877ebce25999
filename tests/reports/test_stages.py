"""Every delivery state and stage of a submission is in the lists built from them."""

from __future__ import annotations

from publisher.reports.next_step import OF_DELIVERY
from publisher.reports.progress import PRESSING, STAGE_OF_DELIVERY, Stage
from publisher.reports.submission_filters import HOLDS, LEFT
from publisher.reports.timeline_steps import DELETION_STEPS, TEXT_STEPS
from publisher.states import FINAL, DeliveryState


def test_every_state_but_the_final_ones_has_a_next_step() -> None:
    assert sorted(OF_DELIVERY) == sorted(set(DeliveryState) - set(FINAL))


def test_every_unfinished_delivery_leaves_open_work() -> None:
    counted = {state for state in DeliveryState if STAGE_OF_DELIVERY.get(state) in PRESSING}
    assert counted == set(DeliveryState) - set(FINAL)


def test_every_stage_with_open_work_is_shown_in_one_view() -> None:
    assert sorted(stage for stages in LEFT.values() for stage in stages) == sorted(PRESSING)


def test_every_stage_with_open_work_has_a_holder() -> None:
    assert {stage for stages in HOLDS.values() for stage in stages} == set(PRESSING)


def test_every_stage_of_a_delivery_is_open_work_or_live() -> None:
    assert set(STAGE_OF_DELIVERY) == set(DeliveryState) - {DeliveryState.CANCELLED}
    assert set(STAGE_OF_DELIVERY.values()) <= {*PRESSING, Stage.LIVE}


def test_every_state_that_shows_of_a_text_and_of_a_deletion_is_a_step() -> None:
    told = set(DeliveryState) - {
        DeliveryState.SCHEDULED,
        DeliveryState.CLAIMED,
        DeliveryState.SENDING,
    }
    assert set(TEXT_STEPS) == set(DELETION_STEPS) == told
