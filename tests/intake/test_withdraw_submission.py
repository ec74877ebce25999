"""A department withdraws its submission from a joint post: notifications and cancellations."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.drafting import collaboration, diff
from publisher.intake import close
from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.models.posts import Decision, Post
from publisher.models.submissions import Submission
from publisher.review import decide, gate_adapter
from publisher.scheduling.schedule import OnItsWay, newest_revision, schedule
from publisher.states import DeliveryState, SubmissionState
from tests.support.city_people import DAY, NOON, CityPeople, add_appointment, verbs
from tests.support.post_steps import (
    approve,
    details,
    handed_in,
    notified,
    save,
    send,
    started,
    variants_of,
)

KIND = "submission_withdrawn"


def joint(
    session: Session, city: CityPeople, *, departments: Sequence[str] = ("road",)
) -> tuple[int, Submission]:
    """A draft of the water department that joins a submission of the road department."""
    post_id = started(session, city)
    other = handed_in(session, city.departments["road"], city.actor("road_officer"))
    collaboration.join_submission(
        session, actor=city.actor("clerk"), now=NOON, post_id=post_id, number=other.number
    )
    save(session, city, post_id, asked_departments=departments)
    return post_id, other


def approved(
    session: Session, city: CityPeople, *, departments: Sequence[str] = ("road",)
) -> tuple[int, Submission]:
    """The same post, approved by both departments and scheduled by the lead."""
    post_id, other = joint(session, city, departments=departments)
    send(session, city, post_id)
    approve(session, post_id, by=city.actor("first"))
    if departments:
        approve(session, post_id, by=city.actor("road_officer"))
    for variant in variants_of(session, post_id):
        schedule(
            session,
            actor=city.actor("lead"),
            now=NOON,
            variant_id=variant.id,
            due_at=NOON + DAY,
            despite_clash=True,
        )
    session.expire_all()
    return post_id, other


def withdraw(session: Session, submission: Submission, by: Actor) -> None:
    close.withdraw(session, actor=by, now=NOON, submission_id=submission.id, reason="काम पुढे ढकलले.")
    session.expire_all()


def states(session: Session, post_id: int) -> set[DeliveryState]:
    return set(session.scalars(select(Delivery.state).where(Delivery.post_id == post_id)))


def put(session: Session, post_id: int, state: DeliveryState, *, most: int = 9) -> None:
    query = select(Delivery).where(Delivery.post_id == post_id).order_by(Delivery.id).limit(most)
    for delivery in session.scalars(query):
        delivery.state = state
    session.flush()


def approving_departments(session: Session, post_id: int) -> list[int]:
    revision = newest_revision(session.get_one(Post, post_id))
    return [
        standing_approval.department_id for standing_approval in decide.standing_approvals(revision)
    ]


def people(*actors: Actor) -> list[int | None]:
    return [actor.person_id for actor in actors]


def test_its_approval_counts_no_longer_and_nothing_leaves(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    post = session.get_one(Post, post_id)
    assert (post.state, other.state) == (PostState.IN_REVIEW, SubmissionState.WITHDRAWN)
    assert approving_departments(session, post_id) == [city.departments["water"]]
    assert states(session, post_id) == {DeliveryState.CANCELLED}
    fallen = session.scalars(select(Decision).where(Decision.withdrawn_at.is_not(None))).one()
    assert fallen.withdrawn_by_id == city.actor("road_head").person_id
    revision = newest_revision(post)
    post.state = PostState.APPROVED
    session.flush()
    verdict = gate.judge(gate_adapter.load_case(session, revision.id, now=NOON), now=NOON)
    assert verdict.refusal is gate.Refusal.APPROVAL_MISSING


def test_the_clerk_the_scheduler_the_owner_and_the_approver_are_told(
    session: Session, city: CityPeople
) -> None:
    _, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    expected = people(
        city.actor("clerk"), city.actor("lead"), city.actor("first"), city.actor("road_officer")
    )
    assert notified(session, KIND) == expected
    body = session.scalars(select(Notice.body).where(Notice.kind == KIND)).first() or ""
    for text in (other.number, "पथ विभाग", "काम पुढे ढकलले.", "आता ग्राह्य नाही"):
        assert text in body


def test_it_stands_in_the_history_of_the_post(session: Session, city: CityPeople) -> None:
    post_id, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    assert verbs(session, "posts", post_id)[-2:] == ["withdraw_approval", "withdraw_submission"]
    assert details(session, post_id, "withdraw_submission") == [
        {"number": other.number, "approval": True, "from": city.departments["road"]}
    ]


def test_a_member_who_may_not_approve_takes_it_out_as_well(
    session: Session, city: CityPeople
) -> None:
    """Any member may withdraw the submission, and the department's approval ends with it."""
    member = add_appointment(session, Role.MEMBER, city.departments["road"])
    post_id, other = approved(session, city)
    withdraw(session, other, by=member)
    assert session.get_one(Post, post_id).state is PostState.IN_REVIEW


def test_who_withdraws_it_is_not_told_of_it(session: Session, city: CityPeople) -> None:
    _, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_officer"))
    assert city.actor("road_officer").person_id not in notified(session, KIND)


def test_a_department_that_is_only_named_stops_nothing(session: Session, city: CityPeople) -> None:
    post_id, other = approved(session, city, departments=())
    withdraw(session, other, by=city.actor("road_officer"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED
    assert states(session, post_id) == {DeliveryState.SCHEDULED}
    assert notified(session, KIND) == people(
        city.actor("clerk"), city.actor("lead"), city.actor("first")
    )
    body = session.scalars(select(Notice.body).where(Notice.kind == KIND)).first() or ""
    assert "कोणतीही मान्यता रद्द झालेली नाही" in body
    assert details(session, post_id, "withdraw_submission")[0]["approval"] is False


def test_withdrawal_after_publishing_is_refused_and_changes_nothing(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city)
    put(session, post_id, DeliveryState.PUBLISHED)
    with pytest.raises(OnItsWay) as gone:
        withdraw(session, other, by=city.actor("road_officer"))
    assert gone.value.values == {"state": "published"}
    assert other.state is SubmissionState.DRAFTED
    assert approving_departments(session, post_id) == [
        city.departments["water"],
        city.departments["road"],
    ]
    assert notified(session, KIND) == []


def test_what_has_left_in_part_is_stopped_for_the_rest(session: Session, city: CityPeople) -> None:
    post_id, other = approved(session, city)
    put(session, post_id, DeliveryState.SENDING, most=1)
    withdraw(session, other, by=city.actor("road_officer"))
    assert states(session, post_id) == {DeliveryState.SENDING, DeliveryState.CANCELLED}
    assert session.get_one(Post, post_id).state is PostState.IN_REVIEW


def test_a_department_only_named_withdraws_though_the_post_is_live(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city, departments=())
    put(session, post_id, DeliveryState.PUBLISHED)
    withdraw(session, other, by=city.actor("road_officer"))
    assert other.state is SubmissionState.WITHDRAWN
    assert notified(session, KIND) == people(city.actor("clerk"), city.actor("first"))


def test_an_approval_given_before_the_others_falls_too(session: Session, city: CityPeople) -> None:
    post_id, other = joint(session, city)
    send(session, city, post_id)
    approve(session, post_id, by=city.actor("road_officer"))
    withdraw(session, other, by=city.actor("road_head"))
    assert (session.get_one(Post, post_id).state, approving_departments(session, post_id)) == (
        PostState.IN_REVIEW,
        [],
    )


def test_the_department_can_approve_again_and_the_post_goes_on(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    approve(session, post_id, by=city.actor("road_officer"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_of_a_draft_without_a_revision_the_clerk_who_began_it_is_told(
    session: Session, city: CityPeople
) -> None:
    post_id = started(session, city)
    other = handed_in(session, city.departments["road"], city.actor("road_officer"))
    collaboration.join_submission(
        session, actor=city.actor("lead"), now=NOON, post_id=post_id, number=other.number
    )
    withdraw(session, other, by=city.actor("road_officer"))
    assert notified(session, KIND) == people(city.actor("clerk"), city.actor("first"))
    assert session.get_one(Post, post_id).state is PostState.DRAFT


def test_the_owner_withdraws_its_part_and_the_others_approval_remains(
    session: Session, city: CityPeople
) -> None:
    post_id, _ = approved(session, city)
    own = session.get_one(Post, post_id).submissions[0]
    withdraw(session, own, by=city.actor("head"))
    assert session.get_one(Post, post_id).state is PostState.IN_REVIEW
    assert approving_departments(session, post_id) == [city.departments["road"]]
    assert notified(session, KIND) == people(
        city.actor("clerk"), city.actor("lead"), city.actor("first")
    )


def test_withdrawing_the_last_submission_withdraws_the_owners_post(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    withdraw(session, session.get_one(Post, post_id).submissions[0], by=city.actor("head"))
    assert session.get_one(Post, post_id).state is PostState.WITHDRAWN


def test_what_another_department_owns_is_not_withdrawn_with_the_last_one(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city)
    withdraw(session, session.get_one(Post, post_id).submissions[0], by=city.actor("head"))
    withdraw(session, other, by=city.actor("road_head"))
    assert session.get_one(Post, post_id).state is PostState.IN_REVIEW
    assert approving_departments(session, post_id) == []


def test_a_new_revision_without_it_goes_on(session: Session, city: CityPeople) -> None:
    """The department is still named, since the withdrawn submission stays in the post's history."""
    post_id, other = approved(session, city)
    withdraw(session, other, by=city.actor("road_head"))
    revision = save(session, city, post_id)
    assert {department.department_id: department.asked for department in revision.departments} == {
        city.departments["water"]: True,
        city.departments["road"]: False,
    }
    send(session, city, post_id)
    approve(session, post_id, by=city.actor("first"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED
    assert diff.changes(*session.get_one(Post, post_id).revisions) != []
