"""Who is asked, who may decide, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from approvals.errors import FourEyesRequired, WrongRole, WrongState
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post, Revision
from publisher.review import gate_adapter, withdraw
from publisher.review.decide import approve, reject, return_post, send_for_review
from publisher.scheduling import schedule
from publisher.validation import Invalid, NotFound
from tests.support import board as desk
from tests.support.board import DAY, NOW, Board, Shared, appoint, in_review, told


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


def end(session: Session, actor: Actor, at: datetime = NOW) -> None:
    session.get_one(Appointment, actor.appointment_id).until_at = at
    session.flush()


def disable(session: Session, actor: Actor) -> None:
    session.get_one(Person, actor.person_id).disabled_at = NOW
    session.flush()


def state(session: Session, post_id: int) -> PostState:
    return session.get_one(Post, post_id).state


def wrote(session: Session, board: Board, post_id: int, actor: Actor) -> Revision:
    """The next revision, written by this person under an appointment at the cell."""
    it = board.departments["information-technology"]
    at_cell = appoint(session, Role.CELL, it, person_id=actor.person_id)
    return desk.save(session, board, post_id, by=at_cell)


def return_it(session: Session, post_id: int, actor: Actor, reason: str = "वेळ बदला") -> None:
    newest = session.get_one(Post, post_id).newest
    return_post(session, actor=actor, now=NOW, post_id=post_id, seen_revision=newest, reason=reason)


def test_both_officers_are_asked_and_nobody_else(session: Session, board: Board) -> None:
    in_review(session, board)
    assert told(session, "review_asked") == [board.usha.person_id, board.datta.person_id]
    assert told(session, "review_blocked") == []


def test_an_officer_without_a_rank_is_asked_after_those_who_have_one(
    session: Session, board: Board
) -> None:
    health = board.departments["health"]
    later = appoint(session, Role.OFFICER, health)
    first = appoint(session, Role.OFFICER, health, rank=1)
    in_review(session, board, "health")
    assert told(session, "review_asked") == [first.person_id, later.person_id]


def test_an_officer_who_wrote_it_is_not_asked_and_cannot_approve(
    session: Session, board: Board
) -> None:
    post_id = desk.started(session, board)
    wrote(session, board, post_id, board.usha)
    desk.send(session, board, post_id)
    assert told(session, "review_asked") == [board.datta.person_id]
    with pytest.raises(FourEyesRequired):
        desk.approve(session, post_id, by=board.usha)
    desk.approve(session, post_id, by=board.datta)


def test_an_officer_who_wrote_only_an_older_revision_can_approve(
    session: Session, board: Board
) -> None:
    post_id = desk.started(session, board)
    wrote(session, board, post_id, board.usha)
    desk.save(session, board, post_id)
    desk.send(session, board, post_id)
    desk.approve(session, post_id, by=board.usha)
    assert state(session, post_id) is PostState.APPROVED


def test_whoever_wrote_it_may_still_return_it(session: Session, board: Board) -> None:
    post_id = desk.started(session, board)
    wrote(session, board, post_id, board.usha)
    desk.send(session, board, post_id)
    return_it(session, post_id, board.usha)
    assert state(session, post_id) is PostState.DRAFT


def test_the_head_is_asked_where_no_officer_is_named(session: Session, board: Board) -> None:
    post_id = in_review(session, board, "health")
    assert told(session, "review_asked") == [board.health_head.person_id]
    desk.approve(session, post_id, by=board.health_head)
    assert state(session, post_id) is PostState.APPROVED


def end_both(session: Session, board: Board) -> None:
    end(session, board.usha)
    end(session, board.datta, NOW - DAY)


def disable_both(session: Session, board: Board) -> None:
    disable(session, board.usha)
    disable(session, board.datta)


def end_and_disable(session: Session, board: Board) -> None:
    end(session, board.usha)
    disable(session, board.datta)


def put_off(session: Session, board: Board) -> None:
    for officer in (board.usha, board.datta):
        session.get_one(Appointment, officer.appointment_id).from_at = NOW + DAY
    session.flush()


@pytest.mark.parametrize("gone", [end_both, disable_both, end_and_disable, put_off])
def test_the_head_approves_where_no_officer_can_any_more(
    session: Session, board: Board, gone: object
) -> None:
    assert callable(gone)
    gone(session, board)
    post_id = in_review(session, board)
    assert told(session, "review_asked") == [board.water_head.person_id]
    desk.approve(session, post_id, by=board.water_head)
    assert state(session, post_id) is PostState.APPROVED


def test_the_head_approves_where_the_only_officer_wrote_it(session: Session, board: Board) -> None:
    end(session, board.datta)
    post_id = desk.started(session, board)
    wrote(session, board, post_id, board.usha)
    desk.send(session, board, post_id)
    assert told(session, "review_asked") == [board.water_head.person_id]
    desk.approve(session, post_id, by=board.water_head)


@pytest.mark.parametrize("who", ["clerk", "lead", "admin", "roads_head", "health_head"])
def test_nobody_else_approves_where_no_officer_can(
    session: Session, board: Board, who: str
) -> None:
    end_both(session, board)
    post_id = in_review(session, board)
    with pytest.raises(WrongRole):
        desk.approve(session, post_id, by=getattr(board, who))


def test_the_head_steps_back_once_an_officer_is_named(session: Session, board: Board) -> None:
    post_id = in_review(session, board, "health")
    named = appoint(session, Role.OFFICER, board.departments["health"], rank=1)
    with pytest.raises(WrongRole):
        desk.approve(session, post_id, by=board.health_head)
    desk.approve(session, post_id, by=named)


def test_where_nobody_is_named_the_post_is_visibly_blocked(session: Session, board: Board) -> None:
    post_id = in_review(session, board, "parks")
    assert told(session, "review_asked") == []
    assert told(session, "review_blocked") == [board.lead.person_id, board.admin.person_id]
    assert desk.details(session, post_id, "blocked") == [
        {"why": "nobody_named", "department": board.departments["parks"]}
    ]
    assert state(session, post_id) is PostState.IN_REVIEW
    for actor in (board.lead, board.clerk, board.admin, board.usha, board.health_head):
        with pytest.raises(WrongRole):
            desk.approve(session, post_id, by=actor)


def test_where_all_who_could_wrote_it_the_post_is_visibly_blocked(
    session: Session, board: Board
) -> None:
    post_id = desk.started(session, board, "health")
    wrote(session, board, post_id, board.health_head)
    desk.send(session, board, post_id)
    assert [one["why"] for one in desk.details(session, post_id, "blocked")] == ["all_wrote_it"]
    with pytest.raises((WrongRole, FourEyesRequired)):
        desk.approve(session, post_id, by=board.health_head)


def test_one_person_under_two_appointments_does_not_make_four_eyes(
    session: Session, board: Board
) -> None:
    """The only officer wrote it, and is the head as well."""
    post_id = desk.started(session, board, "parks")
    parks = board.departments["parks"]
    officer = appoint(session, Role.OFFICER, parks, rank=1)
    head = appoint(session, Role.HEAD, parks, person_id=officer.person_id)
    wrote(session, board, post_id, officer)
    desk.send(session, board, post_id)
    for actor in (officer, head):
        with pytest.raises((FourEyesRequired, WrongRole)):
            desk.approve(session, post_id, by=actor)
    assert [one["why"] for one in desk.details(session, post_id, "blocked")] == ["all_wrote_it"]


def test_a_blocked_joint_post_names_the_department_that_has_nobody(
    session: Session, board: Board
) -> None:
    post_id = in_review(session, board, asked=["parks"])
    parks = board.departments["parks"]
    assert desk.details(session, post_id, "blocked") == [
        {"why": "nobody_named", "department": parks}
    ]
    letters = [one.body for one in session.query(Notice).filter_by(kind="review_blocked")]
    assert len(letters) == 2
    assert all("विभाग parks" in letter and "विभाग water" not in letter for letter in letters)
    assert told(session, "review_asked") == [board.usha.person_id, board.datta.person_id]


@pytest.mark.parametrize("act", ["approve", "return", "reject", "withdraw_approval"])
def test_whoever_left_office_this_morning_decides_nothing(
    session: Session, board: Board, act: str
) -> None:
    """The page was opened in office; the actor of that page says so still."""
    post_id = in_review(session, board)
    if act == "withdraw_approval":
        desk.approve(session, post_id, by=board.datta)
    end(session, board.usha)
    with pytest.raises(WrongRole):
        decide(session, act, post_id, board.usha)
    disabled_post = in_review(session, board)
    if act == "withdraw_approval":
        desk.approve(session, disabled_post, by=board.datta)
    session.get_one(Appointment, board.usha.appointment_id).until_at = None
    disable(session, board.usha)
    with pytest.raises(WrongRole):
        decide(session, act, disabled_post, board.usha)


def decide(session: Session, act: str, post_id: int, actor: Actor) -> None:
    match act:
        case "approve":
            desk.approve(session, post_id, by=actor)
        case "return":
            return_it(session, post_id, actor)
        case "reject":
            reject(session, actor=actor, now=NOW, post_id=post_id, seen_revision=1, reason="नको")
        case _:
            withdraw.withdraw_approval(
                session, actor=actor, now=NOW, post_id=post_id, seen_revision=1
            )


@pytest.mark.parametrize(
    "claim",
    [
        {"role": Role.OFFICER},
        {"role": Role.OFFICER, "department_id": None},
        {"appointment_id": None, "role": Role.OFFICER},
        {"person_id": None, "role": Role.OFFICER},
    ],
)
def test_an_actor_that_claims_more_than_its_appointment_decides_nothing(
    session: Session, board: Board, claim: dict[str, object]
) -> None:
    post_id = in_review(session, board)
    water = {"department_id": board.departments["water"]}
    claimed = replace(board.clerk, **{**water, **claim})  # type: ignore[arg-type]  # forged on purpose
    with pytest.raises(WrongRole):
        desk.approve(session, post_id, by=claimed)


def test_the_author_hears_what_became_of_it(session: Session, board: Board) -> None:
    clerk = board.clerk.person_id
    post_id = in_review(session, board)
    return_it(session, post_id, board.usha, "तारीख चुकली आहे")
    assert told(session, "returned") == [clerk]
    desk.send(session, board, post_id)
    desk.approve(session, post_id, by=board.datta)
    assert told(session, "approved") == [clerk]
    withdraw.withdraw_approval(
        session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=1, reason="थांबा"
    )
    assert told(session, "approval_withdrawn") == [clerk]
    reject(session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=1, reason="लागू नाही")
    assert told(session, "rejected") == [clerk]
    assert desk.events(session, post_id) == [
        "draft",
        "save",
        "send_for_review",
        "return",
        "send_for_review",
        "approve",
        "withdraw_approval",
        "reject",
    ]


@pytest.mark.parametrize("reason", ["", "  \n ", "अ\x00ब", "अ\u202eब", "क" * 2_001])
@pytest.mark.parametrize("use", [return_post, reject])
def test_a_return_and_a_rejection_need_words_that_can_be_read(
    session: Session, board: Board, use: object, reason: str
) -> None:
    assert callable(use)
    post_id = in_review(session, board)
    with pytest.raises(Invalid) as invalid:
        use(session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=1, reason=reason)
    assert [field for field, _ in invalid.value.codes] == ["reason"]
    assert state(session, post_id) is PostState.IN_REVIEW


def test_there_is_nothing_to_decide_about_what_nobody_saved(session: Session, board: Board) -> None:
    post_id = desk.started(session, board)
    with pytest.raises(WrongState):
        send_for_review(session, actor=board.clerk, now=NOW, post_id=post_id, seen_revision=0)
    with pytest.raises(WrongState):
        desk.approve(session, post_id, by=board.usha)
    with pytest.raises(WrongState):
        withdraw.withdraw_approval(
            session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=0
        )


@pytest.mark.parametrize("post_id", [0, -1, 10**12])
def test_a_post_that_does_not_exist_is_missing(
    session: Session, board: Board, post_id: int
) -> None:
    with pytest.raises(NotFound):
        send_for_review(session, actor=board.clerk, now=NOW, post_id=post_id, seen_revision=1)
    with pytest.raises(NotFound):
        approve(session, actor=board.usha, now=NOW, post_id=post_id, seen_revision=1)
    with pytest.raises(NotFound):
        withdraw.withdraw_post(session, actor=board.lead, now=NOW, post_id=post_id, reason="नको")


def test_what_an_officer_cannot_see_out_of_office_is_no_approval_at_the_press(
    session: Session, board: Board
) -> None:
    """The approver left after approving: the gate lets nothing go, and another may approve."""
    post_id = desk.approved(session, board)
    end(session, board.usha, NOW + DAY)
    revision = schedule.newest_revision(session.get_one(Post, post_id))
    assert gate_adapter.case_of(revision, now=NOW).approvals[0].in_force
    assert not gate_adapter.case_of(revision, now=NOW + DAY).approvals[0].in_force
