"""Who has to approve, who may decide, and who is notified."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import FourEyesRequired, WrongRole, WrongState
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.i18n.dates import short_date_and_time
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post, Revision
from publisher.review import gate_adapter, withdraw
from publisher.review.decide import approve, reject, return_post, send_for_review
from publisher.scheduling import schedule
from publisher.validation import Invalid, NotFound
from tests.support import post_steps
from tests.support.city_people import DAY, NOON, CityPeople, add_appointment, verbs
from tests.support.post_steps import in_review, notified
from tests.support.tables import each


def end(session: Session, actor: Actor, at: datetime = NOON) -> None:
    session.get_one(Appointment, actor.appointment_id).until_at = at
    session.flush()


def disable(session: Session, actor: Actor) -> None:
    session.get_one(Person, actor.person_id).disabled_at = NOON
    session.flush()


def state(session: Session, post_id: int) -> PostState:
    return session.get_one(Post, post_id).state


def save_revision_as(session: Session, city: CityPeople, post_id: int, actor: Actor) -> Revision:
    """Save the next revision, written by this person under an appointment at the cell."""
    it = city.departments["information-technology"]
    at_cell = add_appointment(session, Role.CELL, it, person_id=actor.person_id)
    return post_steps.save(session, city, post_id, by=at_cell)


def return_it(session: Session, post_id: int, actor: Actor, reason: str = "वेळ बदला") -> None:
    newest = session.get_one(Post, post_id).newest
    return_post(
        session, actor=actor, now=NOON, post_id=post_id, seen_revision=newest, reason=reason
    )


def test_both_officers_are_asked_and_nobody_else(session: Session, city: CityPeople) -> None:
    in_review(session, city)
    assert notified(session, "review_asked") == [
        city.actor("first").person_id,
        city.actor("second").person_id,
    ]
    assert notified(session, "review_blocked") == []


def test_officers_are_asked_to_decide_before_their_head_may(
    session: Session, city: CityPeople
) -> None:
    add_appointment(session, Role.HEAD, city.departments["water"])
    post_id = in_review(session, city)
    decides_at = session.get_one(Post, post_id).revisions[-1].head_decides_at
    assert decides_at is not None
    notice = session.scalars(select(Notice).where(Notice.kind == "review_asked")).first()
    assert notice is not None
    deadline = short_date_and_time(decides_at, "mr", now=NOON).replace("\N{NO-BREAK SPACE}", " ")
    assert deadline in notice.subject


def test_an_officer_without_a_rank_is_asked_after_those_who_have_one(
    session: Session, city: CityPeople
) -> None:
    health = city.departments["health"]
    later = add_appointment(session, Role.OFFICER, health)
    first = add_appointment(session, Role.OFFICER, health, rank=1)
    in_review(session, city, "health")
    assert notified(session, "review_asked") == [first.person_id, later.person_id]


def test_an_officer_who_wrote_it_is_not_asked_and_cannot_approve(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.started(session, city)
    save_revision_as(session, city, post_id, city.actor("first"))
    post_steps.send(session, city, post_id)
    assert notified(session, "review_asked") == [city.actor("second").person_id]
    with pytest.raises(FourEyesRequired):
        post_steps.approve(session, post_id, by=city.actor("first"))
    post_steps.approve(session, post_id, by=city.actor("second"))


def test_an_officer_who_wrote_only_an_older_revision_can_approve(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.started(session, city)
    save_revision_as(session, city, post_id, city.actor("first"))
    post_steps.save(session, city, post_id)
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("first"))
    assert state(session, post_id) is PostState.APPROVED


def test_whoever_wrote_it_may_still_return_it(session: Session, city: CityPeople) -> None:
    post_id = post_steps.started(session, city)
    save_revision_as(session, city, post_id, city.actor("first"))
    post_steps.send(session, city, post_id)
    return_it(session, post_id, city.actor("first"))
    assert state(session, post_id) is PostState.DRAFT


def test_the_head_is_asked_where_no_officer_is_named(session: Session, city: CityPeople) -> None:
    post_id = in_review(session, city, "health")
    assert notified(session, "review_asked") == [city.actor("health_head").person_id]
    post_steps.approve(session, post_id, by=city.actor("health_head"))
    assert state(session, post_id) is PostState.APPROVED


def end_both(session: Session, city: CityPeople) -> None:
    end(session, city.actor("first"))
    end(session, city.actor("second"), NOON - DAY)


def disable_both(session: Session, city: CityPeople) -> None:
    disable(session, city.actor("first"))
    disable(session, city.actor("second"))


def end_and_disable(session: Session, city: CityPeople) -> None:
    end(session, city.actor("first"))
    disable(session, city.actor("second"))


def postpone(session: Session, city: CityPeople) -> None:
    for officer in (city.actor("first"), city.actor("second")):
        session.get_one(Appointment, officer.appointment_id).from_at = NOON + DAY
    session.flush()


@pytest.mark.parametrize("gone", [end_both, disable_both, end_and_disable, postpone])
def test_the_head_approves_where_no_officer_can_any_more(
    session: Session, city: CityPeople, gone: object
) -> None:
    assert callable(gone)
    gone(session, city)
    post_id = in_review(session, city)
    assert notified(session, "review_asked") == [city.actor("head").person_id]
    post_steps.approve(session, post_id, by=city.actor("head"))
    assert state(session, post_id) is PostState.APPROVED


def test_the_head_approves_where_the_only_officer_wrote_it(
    session: Session, city: CityPeople
) -> None:
    end(session, city.actor("second"))
    post_id = post_steps.started(session, city)
    save_revision_as(session, city, post_id, city.actor("first"))
    post_steps.send(session, city, post_id)
    assert notified(session, "review_asked") == [city.actor("head").person_id]
    post_steps.approve(session, post_id, by=city.actor("head"))


@pytest.mark.parametrize("who", ["clerk", "lead", "admin", "road_head", "health_head"])
def test_nobody_else_approves_where_no_officer_can(
    session: Session, city: CityPeople, who: str
) -> None:
    end_both(session, city)
    post_id = in_review(session, city)
    with pytest.raises(WrongRole):
        post_steps.approve(session, post_id, by=city.actor(who))


def test_the_head_steps_back_once_an_officer_is_named(session: Session, city: CityPeople) -> None:
    post_id = in_review(session, city, "health")
    named = add_appointment(session, Role.OFFICER, city.departments["health"], rank=1)
    with pytest.raises(WrongRole):
        post_steps.approve(session, post_id, by=city.actor("health_head"))
    post_steps.approve(session, post_id, by=named)


def test_where_nobody_is_named_the_post_is_visibly_blocked(
    session: Session, city: CityPeople
) -> None:
    post_id = in_review(session, city, "garden")
    assert notified(session, "review_asked") == []
    assert notified(session, "review_blocked") == [
        city.actor("lead").person_id,
        city.actor("admin").person_id,
    ]
    assert post_steps.details(session, post_id, "blocked") == [
        {"why": "nobody_named", "department": city.departments["garden"]}
    ]
    assert state(session, post_id) is PostState.IN_REVIEW
    for actor in (
        city.actor("lead"),
        city.actor("clerk"),
        city.actor("admin"),
        city.actor("first"),
        city.actor("health_head"),
    ):
        with pytest.raises(WrongRole):
            post_steps.approve(session, post_id, by=actor)


def test_where_all_who_could_wrote_it_the_post_is_visibly_blocked(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.started(session, city, "health")
    save_revision_as(session, city, post_id, city.actor("health_head"))
    post_steps.send(session, city, post_id)
    assert [detail["why"] for detail in post_steps.details(session, post_id, "blocked")] == [
        "all_wrote_it"
    ]
    with pytest.raises((WrongRole, FourEyesRequired)):
        post_steps.approve(session, post_id, by=city.actor("health_head"))


def test_one_person_under_two_appointments_does_not_make_four_eyes(
    session: Session, city: CityPeople
) -> None:
    """The only officer wrote it, and is also the head."""
    post_id = post_steps.started(session, city, "garden")
    garden = city.departments["garden"]
    officer = add_appointment(session, Role.OFFICER, garden, rank=1)
    head = add_appointment(session, Role.HEAD, garden, person_id=officer.person_id)
    save_revision_as(session, city, post_id, officer)
    post_steps.send(session, city, post_id)
    for actor in (officer, head):
        with pytest.raises((FourEyesRequired, WrongRole)):
            post_steps.approve(session, post_id, by=actor)
    assert [detail["why"] for detail in post_steps.details(session, post_id, "blocked")] == [
        "all_wrote_it"
    ]


def test_a_blocked_joint_post_names_the_department_that_has_nobody(
    session: Session, city: CityPeople
) -> None:
    post_id = in_review(session, city, asked_departments=["garden"])
    garden = city.departments["garden"]
    assert post_steps.details(session, post_id, "blocked") == [
        {"why": "nobody_named", "department": garden}
    ]
    letters = [notice.body for notice in session.query(Notice).filter_by(kind="review_blocked")]
    assert len(letters) == 2
    assert all("उद्यान विभाग" in letter and "पाणीपुरवठा विभाग" not in letter for letter in letters)
    assert notified(session, "review_asked") == [
        city.actor("first").person_id,
        city.actor("second").person_id,
    ]


@pytest.mark.parametrize("act", ["approve", "return", "reject", "withdraw_approval"])
def test_whoever_left_office_this_morning_decides_nothing(
    session: Session, city: CityPeople, act: str
) -> None:
    """The page was opened before the appointment ended."""
    post_id = in_review(session, city)
    if act == "withdraw_approval":
        post_steps.approve(session, post_id, by=city.actor("second"))
    end(session, city.actor("first"))
    with pytest.raises(WrongRole):
        decide(session, act, post_id, city.actor("first"))
    disabled_post = in_review(session, city)
    if act == "withdraw_approval":
        post_steps.approve(session, disabled_post, by=city.actor("second"))
    session.get_one(Appointment, city.actor("first").appointment_id).until_at = None
    disable(session, city.actor("first"))
    with pytest.raises(WrongRole):
        decide(session, act, disabled_post, city.actor("first"))


def decide(session: Session, act: str, post_id: int, actor: Actor) -> None:
    match act:
        case "approve":
            post_steps.approve(session, post_id, by=actor)
        case "return":
            return_it(session, post_id, actor)
        case "reject":
            reject(session, actor=actor, now=NOON, post_id=post_id, seen_revision=1, reason="नको")
        case _:
            withdraw.withdraw_approval(
                session, actor=actor, now=NOON, post_id=post_id, seen_revision=1
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
    session: Session, city: CityPeople, claim: dict[str, object]
) -> None:
    post_id = in_review(session, city)
    water = {"department_id": city.departments["water"]}
    claimed = replace(city.actor("clerk"), **{**water, **claim})  # type: ignore[arg-type]  # forged on purpose
    with pytest.raises(WrongRole):
        post_steps.approve(session, post_id, by=claimed)


def test_the_author_hears_what_became_of_it(session: Session, city: CityPeople) -> None:
    clerk = city.actor("clerk").person_id
    post_id = in_review(session, city)
    return_it(session, post_id, city.actor("first"), "तारीख चुकली आहे")
    assert notified(session, "returned") == [clerk]
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("second"))
    assert notified(session, "approved") == [clerk]
    withdraw.withdraw_approval(
        session,
        actor=city.actor("first"),
        now=NOON,
        post_id=post_id,
        seen_revision=1,
        reason="थांबा",
    )
    assert notified(session, "approval_withdrawn") == [clerk]
    reject(
        session,
        actor=city.actor("first"),
        now=NOON,
        post_id=post_id,
        seen_revision=1,
        reason="लागू नाही",
    )
    assert notified(session, "rejected") == [clerk]
    assert verbs(session, "posts", post_id) == [
        "draft",
        "save",
        "send_for_review",
        "return",
        "send_for_review",
        "approve",
        "withdraw_approval",
        "reject",
    ]


@each("reason", ["", "  \n ", "अ\x00ब", "अ\u202eब", "क" * 2_001])
@each("use", [return_post, reject])
def test_a_return_and_a_rejection_need_words_that_can_be_read(
    session: Session, city: CityPeople, use: object, reason: str
) -> None:
    assert callable(use)
    post_id = in_review(session, city)
    with pytest.raises(Invalid) as invalid:
        use(
            session,
            actor=city.actor("first"),
            now=NOON,
            post_id=post_id,
            seen_revision=1,
            reason=reason,
        )
    assert [field for field, _ in invalid.value.codes] == ["reason"]
    assert state(session, post_id) is PostState.IN_REVIEW


def test_there_is_nothing_to_decide_about_what_nobody_saved(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.started(session, city)
    with pytest.raises(WrongState):
        send_for_review(
            session, actor=city.actor("clerk"), now=NOON, post_id=post_id, seen_revision=0
        )
    with pytest.raises(WrongState):
        post_steps.approve(session, post_id, by=city.actor("first"))
    with pytest.raises(WrongState):
        withdraw.withdraw_approval(
            session, actor=city.actor("first"), now=NOON, post_id=post_id, seen_revision=0
        )


@pytest.mark.parametrize("post_id", [0, -1, 10**12])
def test_a_post_that_does_not_exist_is_missing(
    session: Session, city: CityPeople, post_id: int
) -> None:
    with pytest.raises(NotFound):
        send_for_review(
            session, actor=city.actor("clerk"), now=NOON, post_id=post_id, seen_revision=1
        )
    with pytest.raises(NotFound):
        approve(session, actor=city.actor("first"), now=NOON, post_id=post_id, seen_revision=1)
    with pytest.raises(NotFound):
        withdraw.withdraw_post(
            session, actor=city.actor("lead"), now=NOON, post_id=post_id, reason="नको"
        )


def test_an_approval_by_an_officer_whose_appointment_ended_does_not_count(
    session: Session, city: CityPeople
) -> None:
    """The gate refuses the post, and another officer may approve it."""
    post_id = post_steps.approved(session, city)
    end(session, city.actor("first"), NOON + DAY)
    revision = schedule.newest_revision(session.get_one(Post, post_id))
    assert gate_adapter.load_case(session, revision.id, now=NOON).approvals[0].in_force
    assert not gate_adapter.load_case(session, revision.id, now=NOON + DAY).approvals[0].in_force
