"""Four eyes after a restoring: nobody approves own words that somebody else brought back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import FourEyesRequired
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.drafting import save
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.review import decide, gate_adapter
from publisher.scheduling import schedule
from tests.support import board as desk
from tests.support.board import NOW, Board, Shared


@pytest.fixture(scope="module", params=desk.BOTH)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    with desk.sharing(request, tmp_path_factory) as found:
        yield found


@pytest.fixture
def session(shared: Shared) -> Iterator[Session]:
    with desk.undone(shared.database) as opened:
        yield opened


@pytest.fixture
def board(shared: Shared) -> Board:
    return shared.board


def at_the_cell(session: Session, board: Board, officer: Actor) -> Actor:
    """The officer's second appointment."""
    it = board.departments["information-technology"]
    return desk.appoint(session, Role.CELL, it, person_id=officer.person_id)


def restore(session: Session, post_id: int, number: int, *, by: Actor) -> Revision:
    seen = session.get_one(Post, post_id).newest
    found = save.restore(
        session, actor=by, now=NOW, post_id=post_id, seen_revision=seen, number=number, note=""
    )
    session.expire_all()
    return found


@pytest.fixture
def post_id(session: Session, board: Board) -> int:
    """The first revision is the officer's, written at the cell; the second a clerk's."""
    post_id = desk.started(session, board)
    desk.save(session, board, post_id, by=at_the_cell(session, board, board.usha))
    desk.save(session, board, post_id, text="दुसरा मजकूर")
    return post_id


def test_who_wrote_the_words_that_were_brought_back_does_not_approve_them(
    session: Session, board: Board, post_id: int
) -> None:
    restored = restore(session, post_id, 1, by=board.clerk)
    assert restored.author_id == board.clerk.person_id
    desk.send(session, board, post_id)
    assert desk.told(session, "review_asked") == [board.datta.person_id]
    with pytest.raises(FourEyesRequired):
        desk.approve(session, post_id, by=board.usha)
    desk.approve(session, post_id, by=board.datta)
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_who_brings_words_of_others_back_does_not_approve_them_either(
    session: Session, board: Board, post_id: int
) -> None:
    restore(session, post_id, 2, by=at_the_cell(session, board, board.datta))
    desk.send(session, board, post_id)
    with pytest.raises(FourEyesRequired):
        desk.approve(session, post_id, by=board.datta)
    desk.approve(session, post_id, by=board.usha)
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_what_was_brought_back_twice_binds_all_on_the_way(
    session: Session, board: Board, post_id: int
) -> None:
    """The first officer wrote it, the second brought it back, and a clerk that again."""
    restore(session, post_id, 1, by=at_the_cell(session, board, board.datta))
    desk.save(session, board, post_id, text="चौथा मजकूर")
    last = restore(session, post_id, 3, by=board.clerk)
    people = {one.person_id for one in (board.usha, board.datta, board.clerk)}
    assert gate_adapter.bound_authors(last) == people
    desk.send(session, board, post_id)
    for officer in (board.usha, board.datta):
        with pytest.raises(FourEyesRequired):
            desk.approve(session, post_id, by=officer)
    assert desk.told(session, "review_asked") == [board.water_head.person_id]
    desk.approve(session, post_id, by=board.water_head)
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_what_somebody_else_writes_anew_binds_that_one_alone(
    session: Session, board: Board, post_id: int
) -> None:
    restore(session, post_id, 1, by=board.clerk)
    newest = desk.save(session, board, post_id, text="नवा मजकूर")
    assert gate_adapter.bound_authors(newest) == {board.clerk.person_id}


def test_the_gate_does_not_count_an_approval_of_own_words_that_was_stored_all_the_same(
    session: Session, board: Board, post_id: int
) -> None:
    restore(session, post_id, 1, by=board.clerk)
    desk.send(session, board, post_id)
    revision = schedule.newest_revision(session.get_one(Post, post_id))
    session.add(
        Decision(
            revision=revision,
            department_id=board.departments["water"],
            kind=DecisionKind.APPROVED,
            person_id=board.usha.person_id or 0,
            appointment_id=board.usha.appointment_id or 0,
            at=NOW,
            digest=revision.digest,
        )
    )
    revision.post.state = PostState.APPROVED
    session.flush()
    verdict = gate.judge(gate_adapter.case_of(revision, now=NOW), now=NOW)
    assert verdict.refusal is gate.Refusal.APPROVAL_MISSING


def test_a_revision_brought_back_is_returned_by_its_author_as_any_other(
    session: Session, board: Board, post_id: int
) -> None:
    """Four eyes keeps from approving, and from nothing else."""
    restore(session, post_id, 1, by=board.clerk)
    desk.send(session, board, post_id)
    decide.return_post(
        session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=3, reason="जुना मजकूर आहे."
    )
    assert session.get_one(Post, post_id).state is PostState.DRAFT
