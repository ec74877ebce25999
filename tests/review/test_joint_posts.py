"""Posts that several departments have to approve, and approvals that no longer count."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import Overtaken, WrongRole
from approvals.states import PostState
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Revision
from publisher.review import decide, gate_adapter, withdraw
from publisher.review.department_reviews import department_reviews
from publisher.scheduling import schedule
from tests.support import post_steps
from tests.support.city_people import DAY, HOUR, NOON, CityPeople, verbs


@pytest.fixture
def joint(session: Session, city: CityPeople) -> int:
    """Return a post of the water department that road and health have to approve too."""
    return post_steps.in_review(session, city, asked_departments=["road", "health"])


def state(session: Session, post_id: int) -> PostState:
    return session.get_one(Post, post_id).state


def revision_of(session: Session, post_id: int) -> Revision:
    return schedule.newest_revision(session.get_one(Post, post_id))


def approvals_in_force(session: Session, post_id: int) -> list[int]:
    approvals = decide.standing_approvals(revision_of(session, post_id))
    return [standing_approval.department_id for standing_approval in approvals]


def refusal(session: Session, post_id: int) -> gate.Refusal | None:
    return gate.judge(
        gate_adapter.load_case(session, revision_of(session, post_id).id, now=NOON), now=NOON
    ).refusal


def approve_all(session: Session, city: CityPeople, post_id: int) -> None:
    for actor in (city.actor("first"), city.actor("road_officer"), city.actor("health_head")):
        post_steps.approve(session, post_id, by=actor)


def test_every_asked_department_is_told(session: Session, city: CityPeople, joint: int) -> None:
    reviewers = (
        city.actor("first"),
        city.actor("second"),
        city.actor("road_officer"),
        city.actor("health_head"),
    )
    notified = post_steps.notified(session, "review_asked")
    assert len(notified) == 4
    assert set(notified) == {actor.person_id for actor in reviewers}


def test_it_is_approved_only_when_each_asked_department_has(
    session: Session, city: CityPeople, joint: int
) -> None:
    post_steps.approve(session, joint, by=city.actor("road_officer"))
    assert (state(session, joint), refusal(session, joint)) == (
        PostState.IN_REVIEW,
        gate.Refusal.NOT_IN_STATE_APPROVED,
    )
    post_steps.approve(session, joint, by=city.actor("first"))
    assert state(session, joint) is PostState.IN_REVIEW
    assert post_steps.notified(session, "approved") == []
    post_steps.approve(session, joint, by=city.actor("health_head"))
    assert (state(session, joint), refusal(session, joint)) == (PostState.APPROVED, None)
    assert post_steps.notified(session, "approved") == [city.actor("clerk").person_id]
    assert verbs(session, "posts", joint)[-3:] == ["approve"] * 3


def test_a_department_that_was_not_asked_cannot_decide(session: Session, city: CityPeople) -> None:
    post_id = post_steps.in_review(session, city)
    with pytest.raises(WrongRole):
        post_steps.approve(session, post_id, by=city.actor("road_officer"))
    joint = post_steps.in_review(session, city, asked_departments=["health"])
    for actor in (city.actor("road_officer"), city.actor("road_head")):
        with pytest.raises(WrongRole):
            post_steps.approve(session, joint, by=actor)


@pytest.mark.parametrize("who", ["first", "second"])
def test_a_department_approves_once(
    session: Session, city: CityPeople, joint: int, who: str
) -> None:
    post_steps.approve(session, joint, by=city.actor("first"))
    with pytest.raises(Overtaken):
        post_steps.approve(session, joint, by=city.actor(who))
    assert approvals_in_force(session, joint) == [city.departments["water"]]


@pytest.mark.parametrize("use", [decide.return_post, decide.reject])
def test_one_no_takes_every_approval_with_it(
    session: Session, city: CityPeople, joint: int, use: object
) -> None:
    assert callable(use)
    post_steps.approve(session, joint, by=city.actor("first"))
    post_steps.approve(session, joint, by=city.actor("health_head"))
    use(
        session,
        actor=city.actor("road_officer"),
        now=NOON,
        post_id=joint,
        seen_revision=1,
        reason="रस्ता चुकीचा",
    )
    assert approvals_in_force(session, joint) == []
    withdrawn = session.query(Decision).filter_by(kind="approved").all()
    assert [decision.withdrawn_by_id for decision in withdrawn] == [
        city.actor("road_officer").person_id
    ] * 2


def test_after_a_return_each_department_approves_anew(
    session: Session, city: CityPeople, joint: int
) -> None:
    post_steps.approve(session, joint, by=city.actor("first"))
    decide.return_post(
        session,
        actor=city.actor("road_officer"),
        now=NOON,
        post_id=joint,
        seen_revision=1,
        reason="पुन्हा पहा",
    )
    post_steps.send(session, city, joint)
    post_steps.approve(session, joint, by=city.actor("road_officer"))
    post_steps.approve(session, joint, by=city.actor("health_head"))
    assert state(session, joint) is PostState.IN_REVIEW
    post_steps.approve(session, joint, by=city.actor("second"))
    assert (state(session, joint), refusal(session, joint)) == (PostState.APPROVED, None)


def test_a_department_that_returned_it_is_waited_for_once_it_is_sent_again(
    session: Session, city: CityPeople, joint: int
) -> None:
    revision, road = revision_of(session, joint), city.departments["road"]
    decide.return_post(
        session,
        actor=city.actor("road_officer"),
        now=NOON,
        post_id=joint,
        seen_revision=1,
        reason="दुरुस्त करावे",
    )
    session.expire(revision)
    (department_review,) = [
        x for x in department_reviews(revision, now=NOON) if x.department.id == road
    ]
    assert department_review.decision is not None
    decide.send_for_review(
        session, actor=city.actor("clerk"), now=NOON + HOUR, post_id=joint, seen_revision=1
    )
    session.expire(revision)
    assert all(x.is_pending for x in department_reviews(revision, now=NOON + HOUR))


def test_one_department_takes_back_its_own_approval_and_the_others_stand(
    session: Session, city: CityPeople, joint: int
) -> None:
    approve_all(session, city, joint)
    deliveries = post_steps.schedule(session, city, joint)
    stopped = withdraw.withdraw_approval(
        session, actor=city.actor("road_officer"), now=NOON, post_id=joint, seen_revision=1
    )
    assert stopped == deliveries
    assert state(session, joint) is PostState.IN_REVIEW
    assert approvals_in_force(session, joint) == [
        city.departments["water"],
        city.departments["health"],
    ]
    post_steps.approve(session, joint, by=city.actor("road_officer"))
    assert state(session, joint) is PostState.APPROVED


def test_an_approval_given_before_the_others_can_be_taken_back(
    session: Session, city: CityPeople, joint: int
) -> None:
    post_steps.approve(session, joint, by=city.actor("first"))
    withdraw.withdraw_approval(
        session, actor=city.actor("second"), now=NOON, post_id=joint, seen_revision=1
    )
    assert (state(session, joint), approvals_in_force(session, joint)) == (PostState.IN_REVIEW, [])
    approve_all(session, city, joint)
    assert state(session, joint) is PostState.APPROVED


def leave(session: Session, appointment_id: int | None) -> None:
    session.get_one(Appointment, appointment_id).until_at = NOON + HOUR


def disable(session: Session, appointment_id: int | None) -> None:
    appointment = session.get_one(Appointment, appointment_id)
    session.get_one(Person, appointment.person_id).disabled_at = NOON


@pytest.mark.parametrize("gone", [leave, disable])
def test_an_approval_whose_giver_left_office_gives_way_to_the_next(
    session: Session, city: CityPeople, joint: int, gone: object
) -> None:
    assert callable(gone)
    post_steps.approve(session, joint, by=city.actor("first"))
    gone(session, city.actor("first").appointment_id)
    session.flush()
    later = NOON + DAY
    post_steps.approve(session, joint, by=city.actor("road_officer"), now=later)
    post_steps.approve(session, joint, by=city.actor("health_head"), now=later)
    assert state(session, joint) is PostState.IN_REVIEW
    post_steps.approve(session, joint, by=city.actor("second"), now=later)
    assert state(session, joint) is PostState.APPROVED
    case = gate_adapter.load_case(session, revision_of(session, joint).id, now=later)
    assert gate.judge(case, now=later).allowed
    assert len(approvals_in_force(session, joint)) == 3


def test_a_post_whose_approver_left_is_approved_again_after_withdrawal(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.approved(session, city)
    leave(session, city.actor("first").appointment_id)
    session.flush()
    later = NOON + DAY
    revision = revision_of(session, post_id)
    case = gate_adapter.load_case(session, revision.id, now=later)
    assert gate.judge(case, now=later).refusal is gate.Refusal.APPROVAL_MISSING
    withdraw.withdraw_approval(
        session, actor=city.actor("second"), now=later, post_id=post_id, seen_revision=1
    )
    post_steps.approve(session, post_id, by=city.actor("second"), now=later)
    session.expire_all()
    assert gate.judge(gate_adapter.load_case(session, revision.id, now=later), now=later).allowed


def test_a_new_revision_leaves_no_approval_of_the_old_one_alive(
    session: Session, city: CityPeople, joint: int
) -> None:
    post_steps.approve(session, joint, by=city.actor("first"))
    post_steps.save(session, city, joint, asked_departments=["road", "health"])
    post_steps.send(session, city, joint)
    post_steps.approve(session, joint, by=city.actor("road_officer"))
    post_steps.approve(session, joint, by=city.actor("health_head"))
    assert state(session, joint) is PostState.IN_REVIEW
    old = session.get_one(Post, joint).revisions[0]
    verdict = gate.judge(gate_adapter.load_case(session, old.id, now=NOON), now=NOON)
    assert verdict.refusal is gate.Refusal.NOT_NEWEST
