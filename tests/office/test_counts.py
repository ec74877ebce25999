from __future__ import annotations

import random

import pytest

from publisher.office.reporting import (
    BoardKind,
    View,
    counts,
    decisions,
    view_counts,
    views_for,
    waiting_for,
)
from publisher.office.reporting.board import DECIDERS
from publisher.office.reporting.counts import COMMENTS, SUBMISSIONS
from tests.office import scenes
from tests.support.city import City, statements

REPEATABLE = (
    scenes.received,
    scenes.begun,
    scenes.drafted,
    scenes.in_review,
    scenes.in_review_elsewhere,
    scenes.in_review_with_a_head_alone,
    scenes.in_review_with_nobody,
    scenes.in_review_by_two_departments,
    scenes.returned,
    scenes.rejected,
    scenes.approved,
    scenes.scheduled,
    scenes.half_scheduled,
    scenes.live,
    scenes.missed,
    scenes.failed,
    scenes.unconfirmed,
    scenes.held,
    scenes.unrouted,
    scenes.routed,
)


@pytest.mark.parametrize("seed", range(3))
def test_each_count_is_the_length_of_the_list_it_stands_for(town: City, seed: int) -> None:
    chance = random.Random(seed)
    for happens in chance.choices(REPEATABLE, k=12):
        happens(town)
    for name in town.roles:
        _check(town, name)


def _check(town: City, name: str) -> None:
    actor = town.actor(name)
    with town.read() as session:
        found = counts(session, actor=actor, now=town.now)
        today = waiting_for(session, actor=actor, now=town.now)
        assert found.today == len(today)
        assert found.submissions == sum(one.kind in SUBMISSIONS for one in today)
        assert found.comments == sum(one.kind in COMMENTS for one in today)
        if actor.role in DECIDERS:
            board = decisions(session, actor=actor, now=town.now)
            decided = [one for one in board if one.kind is not BoardKind.UNCONFIRMED]
            assert found.decisions == len(decided)
        else:
            assert found.decisions == 0


def test_the_comments_tab_counts_what_its_first_view_holds_unanswered(town: City) -> None:
    scenes.unrouted(town)
    scenes.routed(town)
    for name in ("first", "clerk"):
        actor = town.actor(name)
        with town.read() as session:
            views = view_counts(session, actor=actor, now=town.now)
            assert counts(session, actor=actor, now=town.now).comments == 1
            assert views[views_for(actor)[0]] == 1
    assert views_for(town.actor("first"))[0] is View.MINE


def test_all_counts_cost_one_query(town: City) -> None:
    scenes.received(town)
    for name in town.roles:
        with town.read() as session, statements(town.database) as seen:
            counts(session, actor=town.actor(name), now=town.now)
        assert len(seen) <= 1
