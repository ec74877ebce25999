"""What an officer has decided, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Actor, Role
from publisher.models.people import Appointment
from publisher.models.posts import DecisionKind, Post
from publisher.review import decide, history, withdraw
from publisher.review.history import Outcome, PastDecision
from publisher.states import DeliveryState
from tests.support.board import (
    BOTH,
    DAY,
    NOW,
    Board,
    Shared,
    appoint,
    approve,
    approved,
    in_review,
    save,
    schedule,
    send,
    sharing,
    started,
    undone,
)


@pytest.fixture(scope="module", params=BOTH)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    with sharing(request, tmp_path_factory) as found:
        yield found


@pytest.fixture
def session(shared: Shared) -> Iterator[Session]:
    with undone(shared.database) as opened:
        yield opened


@pytest.fixture
def board(shared: Shared) -> Board:
    return shared.board


def rows(session: Session, actor: Actor, **more: object) -> list[PastDecision]:
    return list(history.decisions_by(session, actor=actor, **more).rows)  # type: ignore[arg-type]  # a test's own


def only(session: Session, actor: Actor) -> PastDecision:
    (row,) = rows(session, actor)
    return row


def refuse(session: Session, post_id: int, act: str, actor: Actor) -> None:
    use = {"return": decide.return_post, "reject": decide.reject}[act]
    newest = session.get_one(Post, post_id).newest
    use(session, actor=actor, now=NOW, post_id=post_id, seen_revision=newest, reason="वेळ बदला")


def test_an_approval_waits_for_a_time_and_then_shows_its_deliveries(
    session: Session, board: Board
) -> None:
    post_id = approved(session, board)
    assert only(session, board.usha).became is Outcome.WAITS_FOR_A_TIME
    schedule(session, board, post_id)
    session.expire_all()
    row = only(session, board.usha)
    assert row.became is Outcome.DELIVERIES
    assert [one.state for one in row.deliveries] == [DeliveryState.SCHEDULED] * 2


def test_an_approval_that_was_taken_back_no_longer_counts(session: Session, board: Board) -> None:
    post_id = approved(session, board)
    withdraw.withdraw_approval(
        session, actor=board.datta, now=NOW, post_id=post_id, seen_revision=1
    )
    row = only(session, board.usha)
    assert (row.became, row.decision.withdrawn_at) == (Outcome.WITHDRAWN_APPROVAL, NOW)


def test_a_newer_revision_a_withdrawn_post_and_another_department_are_told(
    session: Session, board: Board
) -> None:
    newer, gone = approved(session, board), approved(session, board)
    joint = in_review(session, board, asked=("water", "roads"))
    approve(session, joint, by=board.usha)
    save(session, board, newer)
    withdraw.withdraw_post(session, actor=board.usha, now=NOW, post_id=gone, reason="नको")
    session.expire_all()
    became = {row.post.id: row.became for row in rows(session, board.usha)}
    assert became == {
        newer: Outcome.NEWER_REVISION,
        gone: Outcome.POST_WITHDRAWN,
        joint: Outcome.WAITS_FOR_OTHERS,
    }


def test_a_return_is_with_the_cell_until_there_is_a_newer_revision(
    session: Session, board: Board
) -> None:
    post_id = in_review(session, board)
    refuse(session, post_id, "return", board.usha)
    row = only(session, board.usha)
    assert (row.decision.kind, row.became) == (DecisionKind.RETURNED, Outcome.WITH_THE_CELL)
    save(session, board, post_id)
    session.expire_all()
    assert only(session, board.usha).became is Outcome.NEWER_REVISION


def test_a_rejected_post_says_so(session: Session, board: Board) -> None:
    refuse(session, in_review(session, board), "reject", board.usha)
    assert only(session, board.usha).became is Outcome.REJECTED


def test_one_sees_ones_own_decisions_under_every_appointment_and_nobody_elses(
    session: Session, board: Board
) -> None:
    approve(session, in_review(session, board), by=board.datta)
    approved(session, board)
    parks = board.departments["parks"]
    also = appoint(session, Role.OFFICER, parks, person_id=board.usha.person_id)
    approve(session, in_review(session, board, "parks"), by=also)
    under = [row.decision.appointment_id for row in rows(session, board.usha)]
    assert under == [also.appointment_id, board.usha.appointment_id]
    assert [row.is_in_sight for row in rows(session, board.usha)] == [False, True]
    assert len(rows(session, also)) == 2
    with pytest.raises(WrongRole):
        history.decisions_by(session, actor=CLOCK)


def test_the_list_is_paged_by_place_without_a_gap_or_a_repeat(
    session: Session, board: Board
) -> None:
    for _one in range(5):
        approved(session, board)
    for minute in (1, 2):
        post_id = in_review(session, board)
        approve(session, post_id, by=board.usha, now=NOW + timedelta(minutes=minute))
    everything = [row.decision.id for row in rows(session, board.usha)]
    found, place = [], None
    while True:
        page = history.decisions_by(session, actor=board.usha, before=place, limit=2)
        found += [row.decision.id for row in page.rows]
        if (place := page.following) is None:
            break
    assert (found, len(found)) == (everything, 7)


def test_a_month_is_the_citys_month(session: Session, board: Board) -> None:
    midnight = datetime.fromisoformat("2026-12-01T00:00:00+05:30")
    for at in (midnight - timedelta(seconds=1), midnight):
        post_id = started(session, board)
        save(session, board, post_id, not_after=NOW + 30 * DAY)
        send(session, board, post_id)
        approve(session, post_id, by=board.usha, now=at)
    november, december = date(2026, 11, 30), date(2026, 12, 5)
    assert [row.decision.at for row in rows(session, board.usha, month=december)] == [midnight]
    assert len(rows(session, board.usha, month=november)) == 1
    months = history.months_of(session, actor=board.usha, now=midnight + 40 * DAY)
    assert months == [date(2027, 1, 1), date(2026, 12, 1), date(2026, 11, 1)]
    assert history.months_of(session, actor=board.datta, now=NOW) == []


def test_what_was_decided_before_is_found_until_it_is_taken_back(
    session: Session, board: Board
) -> None:
    post_id = approved(session, board)
    done = history.decision_on(session, actor=board.usha, post_id=post_id, seen_revision=1)
    assert done is not None
    assert done.kind is DecisionKind.APPROVED
    for actor, seen in ((board.datta, 1), (board.usha, 2)):
        assert (
            history.decision_on(session, actor=actor, post_id=post_id, seen_revision=seen) is None
        )
    withdraw.withdraw_approval(session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=1)
    assert history.decision_on(session, actor=board.usha, post_id=post_id, seen_revision=1) is None


def test_an_ended_appointment_is_still_named(session: Session, board: Board) -> None:
    approved(session, board)
    session.get_one(Appointment, board.usha.appointment_id).until_at = NOW
    parks = board.departments["parks"]
    now_in_parks = appoint(session, Role.OFFICER, parks, person_id=board.usha.person_id)
    row = only(session, now_in_parks)
    assert (row.decision.appointment_id, row.is_in_sight) == (board.usha.appointment_id, False)
