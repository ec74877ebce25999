from __future__ import annotations

import random
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, scope_of
from publisher.models.people import Department
from publisher.people import confirmation, shared_addresses
from publisher.reports.decision_board import COUNTED_FOR, board
from publisher.reports.inbox_list import list_comments, list_views, view_counts
from publisher.reports.problems import problem_summary
from publisher.reports.submission_filters import SubmissionFilter
from publisher.reports.submission_list import list_submissions
from publisher.reports.tab_counts import Counts, overview_of
from publisher.reports.todo import list_waiting
from tests.support import city_controls, scenes
from tests.support.city import City, statements
from tests.support.city_people import appoint
from tests.support.mailed import message, receive_one

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
    scenes.stopped,
    scenes.left_out,
    scenes.live,
    scenes.missed,
    scenes.failed,
    scenes.unconfirmed,
    scenes.held,
    scenes.unrouted,
    scenes.routed,
    scenes.found_gone,
    scenes.found_changed,
)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.proof) for seed in (1, 2))]
)
def test_each_count_is_the_length_of_the_list_it_stands_for(town: City, seed: int) -> None:
    chance = random.Random(seed)
    for happens in chance.choices(REPEATABLE, k=12):
        happens(town)
    for name in town.roles:
        _check(town, name)


def _check(town: City, name: str) -> None:
    with town.read() as session:
        check(session, town.actor(name), town.now)


def check(session: Session, actor: Actor, now: datetime) -> Counts:
    """Check that each count equals the items of its tab's page; without a tab there is none."""
    tab_counts = overview_of(session, actor=actor, now=now).counts
    assert tab_counts.today == len(list_waiting(session, actor=actor, now=now))
    assert tab_counts.submissions == _submissions(session, actor, now)
    assert tab_counts.comments == _comments(session, actor, now)
    assert tab_counts.decisions == _decisions(session, actor, now)
    return tab_counts


def _submissions(session: Session, actor: Actor, now: datetime) -> int:
    if scope_of(actor, Action.HAND_IN) is None:
        return 0
    listing = list_submissions(
        session, actor=actor, now=now, filters=SubmissionFilter(), limit=10_000
    )
    assert listing.total == len(listing.rows)
    return listing.total


def _comments(session: Session, actor: Actor, now: datetime) -> int:
    if scope_of(actor, Action.ANSWER) is None:
        return 0
    first = list_views(actor)[0]
    page = list_comments(session, actor=actor, view=first, limit=10_000)
    assert view_counts(session, actor=actor)[first] == len(page.rows)
    return len(page.rows)


def _decisions(session: Session, actor: Actor, now: datetime) -> int:
    """Return the number that the board shows for items that need a person."""
    if actor.role not in COUNTED_FOR:
        return 0
    page = board(session, actor=actor, now=now)
    assert page.total == len(page.lines)
    return page.total + problem_summary(session, actor=actor).number


def test_a_comment_with_a_pending_reply_waits_for_nobody(town: City) -> None:
    scenes.unrouted(town)
    scenes.routed(town)
    town.answer(2)
    with town.read() as session:
        assert check(session, town.actor("clerk"), town.now).comments == 1
        tab_counts = check(session, town.actor("first"), town.now)
        assert (tab_counts.comments, tab_counts.today) == (0, 0)
    town.tick_dispatch()
    town.note_answers()
    with town.read() as session:
        assert check(session, town.actor("first"), town.now).comments == 0


def test_paused_accounts_and_failed_mails_count_among_the_decisions(town: City) -> None:
    scenes.in_review(town)
    scenes.paused(town)
    for _mail in range(2):
        town.in_review()
        city_controls.fail_mail(town)
    expected = {"lead": 2, "admin": 2, "clerk": 1, "first": 0}
    with town.read() as session:
        by_reader = {name: check(session, town.actor(name), town.now) for name in expected}
    assert {name: tab_counts.decisions for name, tab_counts in by_reader.items()} == expected


def test_the_submissions_tab_counts_what_is_still_open(town: City) -> None:
    for happens in (scenes.received, scenes.declined, scenes.live, scenes.half_scheduled):
        happens(town)
    with town.read() as session:
        for name in ("clerk", "member", "first"):
            assert check(session, town.actor(name), town.now).submissions == 2


@pytest.mark.twin
def test_all_counts_cost_a_few_short_statements(town: City) -> None:
    scenes.received(town)
    for name in town.roles:
        with town.read() as session, statements(town.database) as executed:
            overview_of(session, actor=town.actor(name), now=town.now)
        assert len(executed) <= 10


@pytest.mark.twin
def test_appointments_count_for_those_who_may_confirm_them(town: City) -> None:
    town.end("second")
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        appoint(session, water, Role.OFFICER, mail="a@pmc.example", actor=town.actor("lead"))
    counts = {}
    for name in town.roles:
        with town.read() as session:
            overview = overview_of(session, actor=town.actor(name), now=town.now)
            listed = confirmation.list_confirmable(session, town.actor(name), now=town.now)
        counts[name] = overview.counts.to_confirm
        assert counts[name] in (0, len(listed))
    assert [name for name, count in counts.items() if count] == ["admin", "head"]


@pytest.mark.twin
def test_a_shared_address_counts_for_those_who_may_confirm_it(town: City) -> None:
    with town.write() as session:
        ids = {name: town.departments[name] for name in ("water", "road")}
        by = {"water": town.actor("lead"), "road": town.actor("admin")}
        for name, department_id in ids.items():
            shared_addresses.add(
                session,
                actor=by[name],
                department_id=department_id,
                mail_text=f"{name}@pmc.example",
                now=town.now,
            )
    with town.read() as session:
        counts = {
            name: overview_of(session, actor=town.actor(name), now=town.now).counts.addresses
            for name in town.roles
        }
    assert {name for name, count in counts.items() if count} == {"admin", "lead", "head"}
    assert set(counts.values()) == {0, 1}


def test_a_mail_that_waits_counts_for_the_cell_alone(town: City) -> None:
    with town.database.transaction() as session:
        receive_one(session, town, message("stranger@elsewhere.example"))
    with town.read() as session:
        counts = {
            name: overview_of(session, actor=town.actor(name), now=town.now).counts.mails
            for name in ("clerk", "lead", "first", "head", "member", "auditor")
        }
    assert counts == {"clerk": 1, "lead": 1, "first": 0, "head": 0, "member": 0, "auditor": 0}
