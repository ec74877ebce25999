"""The digest of approved revisions, and rows that were changed in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import FourEyesRequired, NotApproved, StaleRevision, WrongRole, WrongState
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.posts import DecisionKind, Post, Rendition, Revision
from publisher.review import decide, gate_adapter, withdraw
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from publisher.validation import Invalid
from tests.support import post_steps
from tests.support.city_people import DAY, HOUR, NOON, CityPeople, add_appointment, verbs

TICK = timedelta(microseconds=1)


def newest(session: Session, post_id: int) -> Revision:
    return schedule.newest_revision(session.get_one(Post, post_id))


def judged(session: Session, post_id: int, now: datetime = NOON) -> gate.Verdict:
    session.expire_all()
    return gate.judge(
        gate_adapter.load_case(session, newest(session, post_id).id, now=now), now=now
    )


def saved(
    session: Session,
    city: CityPeople,
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> int:
    post_id = post_steps.started(session, city)
    post_steps.save(session, city, post_id, not_before=not_before, not_after=not_after)
    return post_id


# The window is set with the revision


def test_a_revision_without_an_end_is_good_for_thirty_days_from_review(
    session: Session, city: CityPeople
) -> None:
    post_id = saved(session, city)
    post_steps.send(session, city, post_id, now=NOON + HOUR)
    assert newest(session, post_id).not_after == NOON + HOUR + 30 * DAY


def test_sent_again_the_same_revision_keeps_its_window_and_its_digest(
    session: Session, city: CityPeople
) -> None:
    post_id = saved(session, city)
    post_steps.send(session, city, post_id)
    first = newest(session, post_id).digest
    decide.return_post(
        session,
        actor=city.actor("first"),
        now=NOON,
        post_id=post_id,
        seen_revision=1,
        reason="पुन्हा",
    )
    post_steps.send(session, city, post_id, now=NOON + DAY)
    assert newest(session, post_id).digest == first
    assert newest(session, post_id).not_after == NOON + 30 * DAY


@pytest.mark.parametrize("at", [NOON + HOUR, NOON + HOUR + TICK])
def test_what_is_over_is_not_sent_for_review(
    session: Session, city: CityPeople, at: datetime
) -> None:
    post_id = saved(session, city, not_after=NOON + HOUR)
    with pytest.raises(Invalid) as invalid:
        post_steps.send(session, city, post_id, now=at)
    assert invalid.value.codes == [("not_after", "past")]


@pytest.mark.parametrize("not_before", [NOON + 30 * DAY, NOON + 40 * DAY])
def test_a_window_in_which_nothing_can_leave_is_not_sent_for_review(
    session: Session, city: CityPeople, not_before: datetime
) -> None:
    """The window's end is set when it is sent, so it cannot be checked at the save."""
    post_id = saved(session, city, not_before=not_before)
    with pytest.raises(Invalid) as invalid:
        post_steps.send(session, city, post_id)
    assert invalid.value.codes == [("not_after", "before_not_before")]


# Only a draft is sent


def test_sending_an_approved_post_for_review_keeps_its_approval(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.approved(session, city)
    post_steps.schedule(session, city, post_id)
    with pytest.raises(WrongState):
        post_steps.send(session, city, post_id, now=NOON + HOUR)
    assert newest(session, post_id).sent_for_review_at == NOON
    assert judged(session, post_id).allowed


# What was seen


@pytest.mark.parametrize("seen_revision", [0, 1, 3, -1])
@pytest.mark.parametrize("act", ["approve", "return", "reject", "withdraw", "send", "save"])
def test_whoever_looked_at_another_revision_is_told_both_numbers(
    session: Session, city: CityPeople, act: str, seen_revision: int
) -> None:
    post_id = saved(session, city)
    post_steps.save(session, city, post_id)
    post_steps.send(session, city, post_id)
    with pytest.raises(StaleRevision) as stale:
        act_on(session, city, act, post_id, seen_revision)
    assert stale.value.values == {"seen": seen_revision, "newest": 2}


def act_on(session: Session, city: CityPeople, act: str, post_id: int, seen_revision: int) -> None:
    officer, at = city.actor("first"), NOON
    match act:
        case "approve":
            decide.approve(
                session, actor=officer, now=at, post_id=post_id, seen_revision=seen_revision
            )
        case "return":
            decide.return_post(
                session,
                actor=officer,
                now=at,
                post_id=post_id,
                seen_revision=seen_revision,
                reason="बदला",
            )
        case "reject":
            decide.reject(
                session,
                actor=officer,
                now=at,
                post_id=post_id,
                seen_revision=seen_revision,
                reason="नको",
            )
        case "withdraw":
            withdraw.withdraw_approval(
                session, actor=officer, now=at, post_id=post_id, seen_revision=seen_revision
            )
        case "send":
            decide.send_for_review(
                session,
                actor=city.actor("clerk"),
                now=at,
                post_id=post_id,
                seen_revision=seen_revision,
            )
        case _:
            post_steps.save(session, city, post_id, seen_revision=seen_revision)


# Behind the back

TAMPERED = [
    "UPDATE variants SET text = 'उद्या पाणी येईल' WHERE position = 0",
    "UPDATE variants SET link = 'https://elsewhere.example/'",
    "UPDATE variants SET target = '900' WHERE position = 1",
    "UPDATE variants SET language = 'en' WHERE position = 1",
    (
        "UPDATE variants SET account_id = (SELECT min(id) FROM accounts), language = 'hi'"
        " WHERE position = 1"
    ),
    "UPDATE variants SET position = 1 - position",
    "UPDATE revisions SET not_after = '2027-12-31 00:00:00+00:00'",
    "UPDATE revisions SET not_before = '2026-01-01 00:00:00+00:00'",
    "UPDATE posts SET department_id = (SELECT id FROM departments WHERE code = 'road')",
    "UPDATE posts SET kind = 'reply'",
    "UPDATE renditions SET alt_text = 'दुसरे चित्र'",
    "UPDATE renditions SET sha256 = source_sha256",
    "DELETE FROM renditions",
    (
        "INSERT INTO revision_departments (revision_id, department_id, asked)"
        " SELECT r.id, d.id, TRUE FROM revisions r, departments d WHERE d.code = 'road'"
    ),
]


def with_picture(session: Session, city: CityPeople) -> int:
    post_id = saved(session, city)
    session.add(
        Rendition(
            variant=newest(session, post_id).variants[0],
            position=0,
            sha256="a" * 64,
            source_sha256="b" * 64,
            mime="image/jpeg",
            width=10,
            height=10,
            alt_text="नळ",
        )
    )
    session.flush()
    post_steps.send(session, city, post_id)
    return post_id


def tamper(session: Session, statement: str) -> None:
    if session.get_bind().dialect.name == "sqlite":
        statement = statement.replace("+00:00'", ".000000'")
    assert session.connection().exec_driver_sql(statement).rowcount > 0
    session.expire_all()


@pytest.mark.parametrize("statement", TAMPERED)
@pytest.mark.usefixtures("changeable_rows")
def test_what_was_changed_before_the_approval_is_not_approved(
    session: Session, city: CityPeople, statement: str
) -> None:
    post_id = with_picture(session, city)
    tamper(session, statement)
    approver = (
        city.actor("road_officer") if "posts SET department" in statement else city.actor("first")
    )
    is_lock_query = "department_id" in statement and "posts SET" in statement
    with pytest.raises((NotApproved, WrongRole)) as refused:
        post_steps.approve(session, post_id, by=approver)
    if not is_lock_query:
        assert refused.value.values == {"reason": gate.Refusal.CHANGED}
    assert session.get_one(Post, post_id).state is PostState.IN_REVIEW


@pytest.mark.parametrize("statement", TAMPERED)
@pytest.mark.usefixtures("changeable_rows")
def test_what_was_changed_after_the_approval_does_not_leave(
    session: Session, city: CityPeople, statement: str
) -> None:
    post_id = with_picture(session, city)
    post_steps.approve(session, post_id, by=city.actor("first"))
    assert judged(session, post_id).allowed
    tamper(session, statement)
    assert judged(session, post_id).refusal is gate.Refusal.CHANGED


@pytest.mark.usefixtures("changeable_rows")
def test_a_new_digest_beside_the_old_approval_opens_nothing(
    session: Session, city: CityPeople
) -> None:
    """The text is changed, and the revision's digest with it."""
    post_id = post_steps.approved(session, city)
    newest(session, post_id).variants[0].text = "उद्या पाणी येईल"
    decide.fix(session, newest(session, post_id), now=NOON)
    session.flush()
    assert judged(session, post_id).refusal is gate.Refusal.APPROVAL_MISSING


FORGED = [
    "UPDATE decisions SET kind = 'returned'",
    "UPDATE decisions SET withdrawn_at = at",
    "UPDATE decisions SET digest = ''",
    "UPDATE decisions SET department_id = (SELECT id FROM departments WHERE code = 'road')",
    "UPDATE decisions SET person_id = (SELECT min(author_id) FROM revisions)",
    "UPDATE decisions SET kind = 'own_hand', person_id = (SELECT min(author_id) FROM revisions)",
    "DELETE FROM decisions",
]


@pytest.mark.parametrize("statement", FORGED)
@pytest.mark.usefixtures("changeable_rows")
def test_a_decision_that_does_not_fit_opens_nothing(
    session: Session, city: CityPeople, statement: str
) -> None:
    post_id = post_steps.approved(session, city)
    tamper(session, statement)
    assert judged(session, post_id).refusal is gate.Refusal.APPROVAL_MISSING


def test_a_state_alone_opens_nothing(session: Session, city: CityPeople) -> None:
    post_id = post_steps.in_review(session, city)
    tamper(session, "UPDATE posts SET state = 'approved'")
    assert judged(session, post_id).refusal is gate.Refusal.APPROVAL_MISSING


# The own hand approves replies, and only by the hand that wrote them


def own_hand(session: Session, actor: Actor, post_id: int) -> None:
    post = session.get_one(Post, post_id)
    revision = schedule.newest_revision(post)
    decide.approve_by_own_hand(session, actor=actor, now=NOON, post=post, revision=revision)


def test_an_officers_own_reply_is_approved_by_the_officers_hand(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.reply_post(session, city, "water", by=city.actor("first"))
    own_hand(session, city.actor("first"), post_id)
    assert judged(session, post_id).allowed
    decided = newest(session, post_id).decisions
    assert [(decision.kind, decision.person_id) for decision in decided] == [
        (DecisionKind.OWN_HAND, city.actor("first").person_id)
    ]
    assert verbs(session, "posts", post_id) == ["save", "send_for_review", "approve"]


def test_nobody_lends_a_hand_to_a_reply_that_another_wrote(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.reply_post(session, city, "water", by=city.actor("clerk"))
    for actor in (city.actor("first"), city.actor("second"), city.actor("head")):
        with pytest.raises(WrongRole):
            own_hand(session, actor, post_id)


def test_the_cell_approves_no_reply_not_even_of_its_own_department(
    session: Session, city: CityPeople
) -> None:
    for actor in (city.actor("clerk"), city.actor("lead")):
        post_id = post_steps.reply_post(session, city, "information-technology", by=actor)
        with pytest.raises(WrongRole):
            own_hand(session, actor, post_id)


def test_no_hand_approves_another_departments_reply_or_a_post(
    session: Session, city: CityPeople
) -> None:
    foreign = post_steps.reply_post(session, city, "road", by=city.actor("first"))
    with pytest.raises(WrongRole):
        own_hand(session, city.actor("first"), foreign)
    post_id = saved(session, city)
    newest(session, post_id).author_id = city.actor("first").person_id or 0
    with pytest.raises(WrongRole):
        own_hand(session, city.actor("first"), post_id)


def test_an_own_hand_ends_with_the_appointment(session: Session, city: CityPeople) -> None:
    post_id = post_steps.reply_post(session, city, "water", by=city.actor("first"))
    session.connection().execute(
        text("UPDATE appointments SET until_at = from_at WHERE id = :id"),
        {"id": city.actor("first").appointment_id},
    )
    session.expire_all()
    with pytest.raises(WrongRole):
        own_hand(session, city.actor("first"), post_id)


def test_four_eyes_lets_an_officer_approve_a_reply_written_at_the_cell(
    session: Session, city: CityPeople
) -> None:
    """The same person wrote it at the cell, and approves it as the officer."""
    it = city.departments["information-technology"]
    at_cell = add_appointment(session, Role.CELL, it, person_id=city.actor("first").person_id)
    post_id = post_steps.reply_post(session, city, "water", by=at_cell)
    newest(session, post_id).not_after = NOON + DAY
    decide.fix(session, newest(session, post_id), now=NOON)
    session.get_one(Post, post_id).state = PostState.IN_REVIEW
    session.flush()
    post_steps.approve(session, post_id, by=city.actor("first"))
    assert judged(session, post_id).allowed


def test_a_reply_whose_approval_was_taken_back_leaves_by_the_next_one(
    session: Session, city: CityPeople
) -> None:
    """Its delivery is the same row again, since a variant has only one."""
    post_id = post_steps.reply_post(session, city, "water", by=city.actor("clerk"))
    decide.fix(session, newest(session, post_id), now=NOON)
    session.get_one(Post, post_id).state = PostState.IN_REVIEW
    session.flush()
    post_steps.approve(session, post_id, by=city.actor("first"))
    withdraw.withdraw_approval(
        session, actor=city.actor("second"), now=NOON, post_id=post_id, seen_revision=1
    )
    stopped = session.query(Delivery).one()
    assert stopped.state is DeliveryState.CANCELLED
    post_steps.approve(session, post_id, by=city.actor("second"), now=NOON + HOUR)
    again = session.query(Delivery).one()
    assert (again.id, again.state) == (stopped.id, DeliveryState.SCHEDULED)
    assert again.due_at == NOON + HOUR


def test_a_post_is_not_four_eyed_by_calling_it_a_reply(session: Session, city: CityPeople) -> None:
    post_id = saved(session, city)
    it = city.departments["information-technology"]
    at_cell = add_appointment(session, Role.CELL, it, person_id=city.actor("first").person_id)
    post_steps.save(session, city, post_id, by=at_cell)
    post_steps.send(session, city, post_id)
    with pytest.raises(FourEyesRequired):
        post_steps.approve(session, post_id, by=city.actor("first"))
    tamper(session, "UPDATE posts SET kind = 'reply'")
    with pytest.raises(NotApproved):
        post_steps.approve(session, post_id, by=city.actor("first"))
