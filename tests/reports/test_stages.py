"""Every delivery state and stage of a submission is in the lists built from them."""

from __future__ import annotations

from publisher.reports.next_step import STATE_ORDER
from publisher.reports.progress import PRESSING, Stage, stage_of_delivery
from publisher.reports.submission_filters import HOLDS, LEFT
from publisher.states import FINAL, DeliveryState


def test_every_state_but_the_final_ones_has_a_next_step() -> None:
    assert sorted(STATE_ORDER) == sorted(set(DeliveryState) - set(FINAL))


def test_every_unfinished_delivery_leaves_open_work() -> None:
    counted = {state for state in DeliveryState if stage_of_delivery(state) in PRESSING}
    assert counted == set(DeliveryState) - set(FINAL)


def test_every_stage_with_open_work_is_shown_in_one_view() -> None:
    assert sorted(stage for stages in LEFT.values() for stage in stages) == sorted(PRESSING)


def test_every_stage_with_open_work_has_a_holder() -> None:
    assert {stage for stages in HOLDS.values() for stage in stages} == set(PRESSING)


def test_every_stage_of_a_delivery_is_open_work_or_live() -> None:
    stages = {stage_of_delivery(state) for state in DeliveryState}
    assert stages <= {*PRESSING, Stage.LIVE, None}
