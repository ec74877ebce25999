"""Texts of one post that leave within an hour move together and keep their distances."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.scheduling import bulk_reschedule
from publisher.scheduling.bulk_reschedule import PlanChanged
from publisher.scheduling.entries import entries
from publisher.scheduling.planned_moves import Move, Shift, ToMoment
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE


def staggered(town: City, *, later: timedelta = 20 * MINUTE) -> list[int]:
    """Schedule a post on X in an hour and on Facebook `later`; return its texts."""
    post_id = town.approved(on=["x", "facebook"])
    town.schedule(post_id, HOUR, only=0)
    town.schedule(post_id, HOUR + later, only=1)
    return town.variants(post_id)


def move(town: City, variant_ids: list[int], how: Move) -> None:
    with town.write() as session:
        bulk_reschedule.move_all(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_ids=variant_ids,
            how=how,
            expected=None,
        )


def refused_codes(town: City, variant_ids: list[int], how: Move) -> list[list[str]]:
    with town.read() as session:
        steps = bulk_reschedule.plan(
            session, actor=town.actor("clerk"), now=town.now, variant_ids=variant_ids, how=how
        )
        return [[problem.code for problem in step.problems] for step in steps]


def times_from_now(town: City) -> list[timedelta]:
    return [town.delivery(delivery_id).due_at - town.now for delivery_id in (1, 2)]


@pytest.mark.parametrize(("how", "first"), [(Shift(DAY), DAY + HOUR), (None, 3 * HOUR)])
def test_texts_of_a_post_keep_their_distance(
    town: City, how: Move | None, first: timedelta
) -> None:
    texts = staggered(town)
    move(town, texts, how or ToMoment(town.now + 3 * HOUR))
    assert times_from_now(town) == [first, first + 20 * MINUTE]


def test_texts_more_than_an_hour_apart_go_to_one_moment_each(town: City) -> None:
    texts = staggered(town, later=2 * HOUR)
    move(town, texts, ToMoment(town.now + 5 * HOUR))
    assert times_from_now(town) == [5 * HOUR, 5 * HOUR]


def test_if_one_text_cannot_move_its_post_stays_and_each_row_says_why(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x", "facebook"], not_after=town.now + 4 * HOUR)
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, HOUR, only=0)
    town.schedule(post_id, HOUR + 20 * MINUTE, only=1)
    texts, how = town.variants(post_id), ToMoment(town.now + 3 * HOUR + 50 * MINUTE)
    (other,) = town.schedule(town.approved("road"), 2 * HOUR)
    all_texts = [*texts, town.delivery(other).variant_id]
    assert refused_codes(town, texts, how) == [["stays_with_another"], ["after_window"]]
    assert refused_codes(town, all_texts, Shift(2 * HOUR + 50 * MINUTE)) == [
        ["stays_with_another"],
        ["after_window"],
        [],
    ]
    with pytest.raises(PlanChanged):
        move(town, texts, how)
    assert times_from_now(town) == [HOUR, HOUR + 20 * MINUTE]


def test_a_clash_of_one_text_keeps_its_whole_post(town: City) -> None:
    texts = staggered(town)
    town.schedule(town.approved("road", on=["facebook"]), 3 * HOUR + 20 * MINUTE)
    how = ToMoment(town.now + 3 * HOUR)
    assert refused_codes(town, texts, how) == [["stays_with_another"], ["clash"]]


def test_an_entry_spans_at_most_an_hour(town: City) -> None:
    minutes = [0, 40, 60, 61, 100, 130]
    grouped = entries(minutes, lambda minute: (town.now + minute * MINUTE, 1))
    assert grouped == [[0, 40, 60], [61, 100], [130]]
