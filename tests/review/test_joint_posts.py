"""Posts that several departments have to approve, and approvals that no longer count."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import Overtaken, WrongRole
from approvals.states import PostState
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Revision
from publisher.review import decide, gate_adapter, withdraw
from publisher.scheduling import schedule
from tests.support import board as desk
from tests.support.board import DAY, HOUR, NOW, Board, Shared


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


@pytest.fixture
def joint(session: Session, board: Board) -> int:
    """A post of the water department that roads and health have to approve too."""
    return desk.in_review(session, board, asked=["roads", "health"])


def state(session: Session, post_id: int) -> PostState:
    return session.get_one(Post, post_id).state


def revision_of(session: Session, post_id: int) -> Revision:
    return schedule.newest_revision(session.get_one(Post, post_id))


def standing(session: Session, post_id: int) -> list[int]:
    found = decide.standing_approvals(revision_of(session, post_id))
    return [one.department_id for one in found]


def refusal(session: Session, post_id: int) -> gate.Refusal | None:
    return gate.judge(gate_adapter.case_of(revision_of(session, post_id), now=NOW), now=NOW).refusal


def approve_all(session: Session, board: Board, post_id: int) -> None:
    for actor in (board.usha, board.roads_officer, board.health_head):
        desk.approve(session, post_id, by=actor)


def test_every_asked_department_is_told(session: Session, board: Board, joint: int) -> None:
    asked = (board.usha, board.datta, board.roads_officer, board.health_head)
    told = desk.told(session, "review_asked")
    assert len(told) == 4
    assert set(told) == {one.person_id for one in asked}


def test_it_is_approved_only_when_each_asked_department_has(
    session: Session, board: Board, joint: int
) -> None:
    desk.approve(session, joint, by=board.roads_officer)
    assert (state(session, joint), refusal(session, joint)) == (
        PostState.IN_REVIEW,
        gate.Refusal.NOT_IN_STATE_APPROVED,
    )
    desk.approve(session, joint, by=board.usha)
    assert state(session, joint) is PostState.IN_REVIEW
    assert desk.told(session, "approved") == []
    desk.approve(session, joint, by=board.health_head)
    assert (state(session, joint), refusal(session, joint)) == (PostState.APPROVED, None)
    assert desk.told(session, "approved") == [board.clerk.person_id]
    assert desk.events(session, joint)[-3:] == ["approve"] * 3


def test_a_department_that_was_not_asked_cannot_decide(session: Session, board: Board) -> None:
    post_id = desk.in_review(session, board)
    with pytest.raises(WrongRole):
        desk.approve(session, post_id, by=board.roads_officer)
    joint = desk.in_review(session, board, asked=["health"])
    for actor in (board.roads_officer, board.roads_head):
        with pytest.raises(WrongRole):
            desk.approve(session, joint, by=actor)


@pytest.mark.parametrize("who", ["usha", "datta"])
def test_a_department_approves_once(session: Session, board: Board, joint: int, who: str) -> None:
    desk.approve(session, joint, by=board.usha)
    with pytest.raises(Overtaken):
        desk.approve(session, joint, by=getattr(board, who))
    assert standing(session, joint) == [board.departments["water"]]


@pytest.mark.parametrize("use", [decide.return_post, decide.reject])
def test_one_no_takes_every_approval_with_it(
    session: Session, board: Board, joint: int, use: object
) -> None:
    assert callable(use)
    desk.approve(session, joint, by=board.usha)
    desk.approve(session, joint, by=board.health_head)
    use(
        session,
        actor=board.roads_officer,
        now=NOW,
        post_id=joint,
        seen_revision=1,
        reason="रस्ता चुकीचा",
    )
    assert standing(session, joint) == []
    withdrawn = session.query(Decision).filter_by(kind="approved").all()
    assert [one.withdrawn_by_id for one in withdrawn] == [board.roads_officer.person_id] * 2


def test_after_a_return_each_department_approves_anew(
    session: Session, board: Board, joint: int
) -> None:
    desk.approve(session, joint, by=board.usha)
    decide.return_post(
        session,
        actor=board.roads_officer,
        now=NOW,
        post_id=joint,
        seen_revision=1,
        reason="पुन्हा पहा",
    )
    desk.send(session, board, joint)
    desk.approve(session, joint, by=board.roads_officer)
    desk.approve(session, joint, by=board.health_head)
    assert state(session, joint) is PostState.IN_REVIEW
    desk.approve(session, joint, by=board.datta)
    assert (state(session, joint), refusal(session, joint)) == (PostState.APPROVED, None)


def test_a_department_that_returned_it_is_waited_for_once_it_is_sent_again(
    session: Session, board: Board, joint: int
) -> None:
    revision, roads = revision_of(session, joint), board.departments["roads"]
    decide.return_post(
        session,
        actor=board.roads_officer,
        now=NOW,
        post_id=joint,
        seen_revision=1,
        reason="दुरुस्त करावे",
    )
    session.expire(revision)
    (one,) = [x for x in gate_adapter.standings(revision, now=NOW) if x.department.id == roads]
    assert one.decision is not None
    decide.send_for_review(
        session, actor=board.clerk, now=NOW + HOUR, post_id=joint, seen_revision=1
    )
    session.expire(revision)
    assert all(x.is_missing for x in gate_adapter.standings(revision, now=NOW + HOUR))


def test_one_department_takes_back_its_own_approval_and_the_others_stand(
    session: Session, board: Board, joint: int
) -> None:
    approve_all(session, board, joint)
    deliveries = desk.schedule(session, board, joint)
    stopped = withdraw.withdraw_approval(
        session, actor=board.roads_officer, now=NOW, post_id=joint, seen_revision=1
    )
    assert stopped == deliveries
    assert state(session, joint) is PostState.IN_REVIEW
    assert standing(session, joint) == [board.departments["water"], board.departments["health"]]
    desk.approve(session, joint, by=board.roads_officer)
    assert state(session, joint) is PostState.APPROVED


def test_an_approval_given_before_the_others_can_be_taken_back(
    session: Session, board: Board, joint: int
) -> None:
    desk.approve(session, joint, by=board.usha)
    withdraw.withdraw_approval(session, actor=board.datta, now=NOW, post_id=joint, seen_revision=1)
    assert (state(session, joint), standing(session, joint)) == (PostState.IN_REVIEW, [])
    approve_all(session, board, joint)
    assert state(session, joint) is PostState.APPROVED


def leave(session: Session, appointment_id: int | None) -> None:
    session.get_one(Appointment, appointment_id).until_at = NOW + HOUR


def disable(session: Session, appointment_id: int | None) -> None:
    held = session.get_one(Appointment, appointment_id)
    session.get_one(Person, held.person_id).disabled_at = NOW


@pytest.mark.parametrize("gone", [leave, disable])
def test_an_approval_whose_giver_left_office_gives_way_to_the_next(
    session: Session, board: Board, joint: int, gone: object
) -> None:
    assert callable(gone)
    desk.approve(session, joint, by=board.usha)
    gone(session, board.usha.appointment_id)
    session.flush()
    later = NOW + DAY
    desk.approve(session, joint, by=board.roads_officer, now=later)
    desk.approve(session, joint, by=board.health_head, now=later)
    assert state(session, joint) is PostState.IN_REVIEW
    desk.approve(session, joint, by=board.datta, now=later)
    assert state(session, joint) is PostState.APPROVED
    case = gate_adapter.case_of(revision_of(session, joint), now=later)
    assert gate.judge(case, now=later).allowed
    assert len(standing(session, joint)) == 3


def test_a_post_whose_approver_left_is_approved_again_by_way_of_a_withdrawal(
    session: Session, board: Board
) -> None:
    post_id = desk.approved(session, board)
    leave(session, board.usha.appointment_id)
    session.flush()
    later = NOW + DAY
    revision = revision_of(session, post_id)
    case = gate_adapter.case_of(revision, now=later)
    assert gate.judge(case, now=later).refusal is gate.Refusal.APPROVAL_MISSING
    withdraw.withdraw_approval(
        session, actor=board.datta, now=later, post_id=post_id, seen_revision=1
    )
    desk.approve(session, post_id, by=board.datta, now=later)
    session.expire_all()
    assert gate.judge(gate_adapter.case_of(revision, now=later), now=later).allowed


def test_a_new_revision_leaves_no_approval_of_the_old_one_alive(
    session: Session, board: Board, joint: int
) -> None:
    desk.approve(session, joint, by=board.usha)
    desk.save(session, board, joint, asked=["roads", "health"])
    desk.send(session, board, joint)
    desk.approve(session, joint, by=board.roads_officer)
    desk.approve(session, joint, by=board.health_head)
    assert state(session, joint) is PostState.IN_REVIEW
    old = session.get_one(Post, joint).revisions[0]
    verdict = gate.judge(gate_adapter.case_of(old, now=NOW), now=NOW)
    assert verdict.refusal is gate.Refusal.NOT_NEWEST
