"""An officer's past decisions, and the state of each post."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Actor, Role
from publisher.models.people import Appointment
from publisher.models.posts import DecisionKind, Post
from publisher.review import decide, history, withdraw
from publisher.review.history import DecisionOutcome, PastDecision
from publisher.states import DeliveryState
from tests.support.city_people import DAY, NOON, CityPeople, add_appointment
from tests.support.post_steps import approve, approved, in_review, save, schedule, send, started


def rows(session: Session, actor: Actor, **more: object) -> list[PastDecision]:
    return list(history.list_decisions(session, actor=actor, **more).rows)  # type: ignore[arg-type]  # a test's own


def only(session: Session, actor: Actor) -> PastDecision:
    (row,) = rows(session, actor)
    return row


def refuse(session: Session, post_id: int, act: str, actor: Actor) -> None:
    use = {"return": decide.return_post, "reject": decide.reject}[act]
    newest = session.get_one(Post, post_id).newest
    use(session, actor=actor, now=NOON, post_id=post_id, seen_revision=newest, reason="वेळ बदला")


def test_an_approval_waits_for_a_time_and_then_shows_its_deliveries(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    assert only(session, city.actor("first")).became is DecisionOutcome.WAITS_FOR_A_TIME
    schedule(session, city, post_id)
    session.expire_all()
    row = only(session, city.actor("first"))
    assert row.became is DecisionOutcome.DELIVERIES
    assert [delivery.state for delivery in row.deliveries] == [DeliveryState.SCHEDULED] * 2


def test_an_approval_that_was_taken_back_no_longer_counts(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    withdraw.withdraw_approval(
        session, actor=city.actor("second"), now=NOON, post_id=post_id, seen_revision=1
    )
    row = only(session, city.actor("first"))
    assert (row.became, row.decision.withdrawn_at) == (DecisionOutcome.WITHDRAWN_APPROVAL, NOON)


def test_a_newer_revision_a_withdrawn_post_and_another_department_are_told(
    session: Session, city: CityPeople
) -> None:
    newer, gone = approved(session, city), approved(session, city)
    joint = in_review(session, city, asked_departments=("water", "road"))
    approve(session, joint, by=city.actor("first"))
    save(session, city, newer)
    withdraw.withdraw_post(session, actor=city.actor("first"), now=NOON, post_id=gone, reason="नको")
    session.expire_all()
    became = {row.post.id: row.became for row in rows(session, city.actor("first"))}
    assert became == {
        newer: DecisionOutcome.NEWER_REVISION,
        gone: DecisionOutcome.POST_WITHDRAWN,
        joint: DecisionOutcome.WAITS_FOR_OTHERS,
    }


def test_a_return_is_with_the_cell_until_there_is_a_newer_revision(
    session: Session, city: CityPeople
) -> None:
    post_id = in_review(session, city)
    refuse(session, post_id, "return", city.actor("first"))
    row = only(session, city.actor("first"))
    assert (row.decision.kind, row.became) == (DecisionKind.RETURNED, DecisionOutcome.WITH_THE_CELL)
    save(session, city, post_id)
    session.expire_all()
    assert only(session, city.actor("first")).became is DecisionOutcome.NEWER_REVISION


def test_a_rejected_post_says_so(session: Session, city: CityPeople) -> None:
    refuse(session, in_review(session, city), "reject", city.actor("first"))
    assert only(session, city.actor("first")).became is DecisionOutcome.REJECTED


def test_people_see_only_their_own_decisions_under_every_appointment(
    session: Session, city: CityPeople
) -> None:
    approve(session, in_review(session, city), by=city.actor("second"))
    approved(session, city)
    garden = city.departments["garden"]
    also = add_appointment(session, Role.OFFICER, garden, person_id=city.actor("first").person_id)
    approve(session, in_review(session, city, "garden"), by=also)
    under = [row.decision.appointment_id for row in rows(session, city.actor("first"))]
    assert under == [also.appointment_id, city.actor("first").appointment_id]
    assert [row.is_in_sight for row in rows(session, city.actor("first"))] == [False, True]
    assert len(rows(session, also)) == 2
    with pytest.raises(WrongRole):
        history.list_decisions(session, actor=CLOCK)


@pytest.mark.twin
def test_the_list_is_paged_by_place_without_a_gap_or_a_repeat(
    session: Session, city: CityPeople
) -> None:
    for _ in range(5):
        approved(session, city)
    for minute in (1, 2):
        post_id = in_review(session, city)
        approve(session, post_id, by=city.actor("first"), now=NOON + timedelta(minutes=minute))
    everything = [row.decision.id for row in rows(session, city.actor("first"))]
    decision_ids, cursor = [], None
    while True:
        page = history.list_decisions(session, actor=city.actor("first"), before=cursor, limit=2)
        decision_ids += [row.decision.id for row in page.rows]
        if (cursor := page.following) is None:
            break
    assert (decision_ids, len(decision_ids)) == (everything, 7)


@pytest.mark.twin
def test_a_month_is_the_citys_month(session: Session, city: CityPeople) -> None:
    midnight = datetime.fromisoformat("2026-12-01T00:00:00+05:30")
    for at in (midnight - timedelta(seconds=1), midnight):
        post_id = started(session, city)
        save(session, city, post_id, not_after=NOON + 30 * DAY)
        send(session, city, post_id)
        approve(session, post_id, by=city.actor("first"), now=at)
    november, december = date(2026, 11, 30), date(2026, 12, 5)
    assert [row.decision.at for row in rows(session, city.actor("first"), month=december)] == [
        midnight
    ]
    assert len(rows(session, city.actor("first"), month=november)) == 1
    months = history.list_months(session, actor=city.actor("first"), now=midnight + 40 * DAY)
    assert months == [date(2027, 1, 1), date(2026, 12, 1), date(2026, 11, 1)]
    assert history.list_months(session, actor=city.actor("second"), now=NOON) == []


def test_what_was_decided_before_is_found_until_it_is_taken_back(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    done = history.find_decision(
        session, actor=city.actor("first"), post_id=post_id, seen_revision=1
    )
    assert done is not None
    assert done.kind is DecisionKind.APPROVED
    for actor, revision_number in ((city.actor("second"), 1), (city.actor("first"), 2)):
        assert (
            history.find_decision(
                session, actor=actor, post_id=post_id, seen_revision=revision_number
            )
            is None
        )
    withdraw.withdraw_approval(
        session, actor=city.actor("first"), now=NOON, post_id=post_id, seen_revision=1
    )
    assert (
        history.find_decision(session, actor=city.actor("first"), post_id=post_id, seen_revision=1)
        is None
    )


def test_an_ended_appointment_is_still_named(session: Session, city: CityPeople) -> None:
    approved(session, city)
    session.get_one(Appointment, city.actor("first").appointment_id).until_at = NOON
    garden = city.departments["garden"]
    now_in_parks = add_appointment(
        session, Role.OFFICER, garden, person_id=city.actor("first").person_id
    )
    row = only(session, now_in_parks)
    assert (row.decision.appointment_id, row.is_in_sight) == (
        city.actor("first").appointment_id,
        False,
    )
