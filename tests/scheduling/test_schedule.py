"""Scheduling variants: times, limits, clashes, and deliveries that cannot be moved any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.errors import FreshSignInRequired, NotApproved, WrongRole, WrongState
from approvals.gate import Refusal
from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Post, Variant
from publisher.scheduling import constraints, post_schedule
from publisher.scheduling import schedule as scheduling_schedule
from publisher.scheduling.schedule import OnItsWay
from publisher.states import DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support import post_steps
from tests.support.city_people import DAY, HOUR, MINUTE, NOON, CityPeople, verbs_of

TICK = timedelta(microseconds=1)
FROM, UNTIL = NOON + HOUR, NOON + 5 * DAY


@pytest.fixture
def post_id(session: Session, city: CityPeople) -> int:
    """An approved post with a window from one hour to five days from now."""
    post_row = post_steps.started(session, city)
    post_steps.save(session, city, post_row, not_before=FROM, not_after=UNTIL)
    post_steps.send(session, city, post_row)
    post_steps.approve(session, post_row, by=city.actor("first"))
    return post_row


def variant(session: Session, post_id: int, index: int = 0) -> Variant:
    return post_steps.variants_of(session, post_id)[index]


def schedule(
    session: Session,
    city: CityPeople,
    variant_id: int,
    at: datetime = NOON + DAY,
    *,
    limit: int = 60,
    despite: bool = False,
    now: datetime = NOON,
) -> Delivery:
    delivery = scheduling_schedule.schedule(
        session,
        actor=city.actor("clerk"),
        now=now,
        variant_id=variant_id,
        due_at=at,
        late_limit=limit,
        despite_clash=despite,
    )
    session.flush()
    return delivery


def codes(session: Session, city: CityPeople, variant_id: int, **arguments: object) -> list[str]:
    """Return the errors of this time, after checking that nothing was scheduled."""
    with pytest.raises(Invalid) as invalid:
        schedule(session, city, variant_id, **arguments)  # type: ignore[arg-type]  # as above
    assert session.scalars(select(Delivery).where(Delivery.variant_id == variant_id)).all() == []
    return [f"{field} {code}" for field, code in invalid.value.codes]


# Times


@pytest.mark.parametrize("at", [FROM, FROM + TICK, NOON + DAY, UNTIL])
def test_a_time_inside_the_window_is_taken(
    session: Session, city: CityPeople, post_id: int, at: datetime
) -> None:
    delivery = schedule(session, city, variant(session, post_id).id, at)
    assert (delivery.state, delivery.due_at, delivery.late_limit) == (
        DeliveryState.SCHEDULED,
        at,
        60,
    )
    assert (delivery.post_id, delivery.account_id) == (post_id, city.accounts["x"])
    assert delivery.scheduled_by_id == city.actor("clerk").person_id
    assert verbs_of(session, delivery) == ["schedule"]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON - MINUTE - TICK, "due_at past"),
        (NOON - 9 * DAY, "due_at past"),
        (FROM - TICK, "due_at before_window"),
        (UNTIL + TICK, "due_at after_window"),
    ],
)
def test_a_time_outside_is_said_at_once(
    session: Session, city: CityPeople, post_id: int, at: datetime, code: str
) -> None:
    assert codes(session, city, variant(session, post_id).id, at=at) == [code]


def test_a_minute_may_pass_while_one_types(session: Session, city: CityPeople) -> None:
    post_id = post_steps.approved(session, city)
    delivery = schedule(session, city, variant(session, post_id).id, NOON - MINUTE)
    assert (delivery.state, delivery.due_at) == (DeliveryState.SCHEDULED, NOON - MINUTE)


@pytest.mark.parametrize("limit", [0, -1, 24 * 60 + 1])
def test_a_late_limit_is_between_a_minute_and_a_day(
    session: Session, city: CityPeople, post_id: int, limit: int
) -> None:
    assert codes(session, city, variant(session, post_id).id, limit=limit) == ["late_limit limit"]


@pytest.mark.parametrize("limit", [1, 24 * 60])
def test_the_edges_of_the_late_limit_are_taken(
    session: Session, city: CityPeople, post_id: int, limit: int
) -> None:
    assert schedule(session, city, variant(session, post_id).id, limit=limit).late_limit == limit


def test_everything_wrong_is_said_together(
    session: Session, city: CityPeople, post_id: int
) -> None:
    errors = codes(session, city, variant(session, post_id).id, at=NOON - DAY, limit=0)
    assert errors == ["due_at past", "late_limit limit"]


@pytest.mark.parametrize(
    ("due_at", "limit", "latest"),
    [
        (NOON + DAY, 60, NOON + DAY + HOUR),
        (UNTIL - 10 * MINUTE, 60, UNTIL),
        (UNTIL, 1, UNTIL),
    ],
)
def test_the_late_limit_never_passes_the_window(
    session: Session, city: CityPeople, post_id: int, due_at: datetime, limit: int, latest: datetime
) -> None:
    delivery = schedule(session, city, variant(session, post_id).id, due_at, limit=limit)
    assert constraints.latest_moment(delivery) == latest


# Clashes


@pytest.mark.twin
@pytest.mark.parametrize(
    ("apart", "clashes"),
    [
        (timedelta(0), True),
        (10 * MINUTE - TICK, True),
        (-10 * MINUTE + TICK, True),
        (10 * MINUTE, False),
        (-10 * MINUTE, False),
    ],
)
def test_another_post_within_ten_minutes_on_the_account_is_said(
    session: Session, city: CityPeople, post_id: int, apart: timedelta, clashes: bool
) -> None:
    other = post_steps.approved(session, city)
    schedule(session, city, variant(session, other).id, NOON + DAY)
    mine = variant(session, post_id).id
    if not clashes:
        schedule(session, city, mine, NOON + DAY + apart)
        return
    assert codes(session, city, mine, at=NOON + DAY + apart) == ["due_at clash"]
    schedule(session, city, mine, NOON + DAY + apart, despite=True)


def test_another_account_does_not_clash(session: Session, city: CityPeople, post_id: int) -> None:
    first = schedule(session, city, variant(session, post_id, 0).id)
    second = schedule(session, city, variant(session, post_id, 1).id)
    assert first.account_id != second.account_id
    assert first.due_at == second.due_at == NOON + DAY


@pytest.mark.parametrize("state", DeliveryState)
def test_only_what_leaves_or_left_clashes(
    session: Session, city: CityPeople, post_id: int, state: DeliveryState
) -> None:
    other = post_steps.approved(session, city)
    delivery = schedule(session, city, variant(session, other).id)
    delivery.state = state
    session.flush()
    mine = variant(session, post_id).id
    if state.value in ("missed", "failed", "cancelled"):
        schedule(session, city, mine)
    else:
        assert codes(session, city, mine) == ["due_at clash"]


def test_a_delivery_does_not_clash_with_itself(
    session: Session, city: CityPeople, post_id: int
) -> None:
    mine = variant(session, post_id).id
    first = schedule(session, city, mine)
    assert schedule(session, city, mine, NOON + DAY + MINUTE) is first
    assert first.due_at == NOON + DAY + MINUTE


# Only what is approved


@pytest.mark.parametrize(
    "state", [post_state for post_state in PostState if post_state is not PostState.APPROVED]
)
def test_what_is_not_approved_gets_no_time(
    session: Session, city: CityPeople, post_id: int, state: PostState
) -> None:
    session.get_one(Post, post_id).state = state
    session.flush()
    with pytest.raises(WrongState) as wrong:
        schedule(session, city, variant(session, post_id).id)
    assert wrong.value.values == {"state": state, "to": DeliveryState.SCHEDULED}


def test_an_older_revision_gets_no_time_though_the_post_is_approved(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.approved(session, city)
    old = variant(session, post_id).id
    post_steps.save(session, city, post_id)
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("first"))
    with pytest.raises(NotApproved) as refused:
        schedule(session, city, old)
    assert refused.value.values == {"reason": Refusal.NOT_NEWEST}


def test_a_cancelled_delivery_of_an_older_revision_is_not_brought_back(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.approved(session, city)
    old = post_steps.schedule(session, city, post_id)[0]
    post_steps.save(session, city, post_id)
    with pytest.raises(WrongState):
        restore_revision(session, city, old)
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("first"))
    with pytest.raises(NotApproved):
        restore_revision(session, city, old)
    assert old.state is DeliveryState.CANCELLED


def restore_revision(session: Session, city: CityPeople, delivery: Delivery) -> None:
    schedule(session, city, delivery.variant_id, NOON + HOUR)


def test_what_does_not_exist_is_missing(session: Session, city: CityPeople) -> None:
    with pytest.raises(NotFound):
        schedule(session, city, 10**9)
    with pytest.raises(NotFound):
        scheduling_schedule.cancel(session, actor=city.actor("clerk"), now=NOON, delivery_id=10**9)


# Moving and cancelling, from every state

GONE = {"sending", "published", "unconfirmed", "held"}
CAN_CANCEL = {"scheduled", "claimed"}
STUCK = {"failed", "missed"}


@pytest.mark.parametrize("state", DeliveryState)
def test_a_new_time_from_each_state(
    session: Session, city: CityPeople, post_id: int, state: DeliveryState
) -> None:
    delivery = schedule(session, city, variant(session, post_id).id, limit=90)
    delivery.state, delivery.not_before, delivery.reason, delivery.looks = (
        state,
        NOON,
        {"code": "late"},
        3,
    )
    session.flush()

    def again() -> None:
        scheduling_schedule.schedule(
            session,
            actor=city.actor("lead"),
            now=NOON,
            variant_id=delivery.variant_id,
            due_at=NOON + 2 * DAY,
        )

    if state.value in GONE:
        with pytest.raises(OnItsWay) as gone:
            again()
        assert gone.value.values == {"state": state}
        assert (delivery.state, delivery.due_at) == (state, NOON + DAY)
        return
    again()
    session.flush()
    session.expire(delivery)
    delivery = scheduling_schedule.get_delivery(session, delivery.id)
    assert (delivery.state, delivery.due_at) == (DeliveryState.SCHEDULED, NOON + 2 * DAY)
    assert delivery.not_before is None
    assert (delivery.reason, delivery.looks, delivery.late_limit) == ({}, 0, 60)
    assert verbs_of(session, delivery) == ["schedule", "reschedule"]


@pytest.mark.parametrize("state", DeliveryState)
def test_cancelling_from_each_state(
    session: Session, city: CityPeople, post_id: int, state: DeliveryState
) -> None:
    delivery = schedule(session, city, variant(session, post_id).id)
    delivery.state = state
    session.flush()

    def cancel() -> None:
        scheduling_schedule.cancel(
            session, actor=city.actor("first"), now=NOON, delivery_id=delivery.id
        )

    if state.value in CAN_CANCEL | STUCK:
        cancel()
        assert delivery.state is DeliveryState.CANCELLED
        assert verbs_of(session, delivery) == ["schedule", "cancel"]
        return
    with pytest.raises(OnItsWay if state.value in GONE else WrongState):
        cancel()
    assert delivery.state is state


def test_an_officer_cancels_only_the_own_departments(
    session: Session, city: CityPeople, post_id: int
) -> None:
    delivery = schedule(session, city, variant(session, post_id).id)
    for actor in (city.actor("road_officer"), city.actor("road_head"), city.actor("admin")):
        with pytest.raises(WrongRole):
            scheduling_schedule.cancel(session, actor=actor, now=NOON, delivery_id=delivery.id)
    scheduling_schedule.cancel(session, actor=city.actor("head"), now=NOON, delivery_id=delivery.id)


def test_a_variant_has_one_delivery_whatever_comes(
    session: Session, city: CityPeople, post_id: int
) -> None:
    mine = variant(session, post_id)
    first = schedule(session, city, mine.id)
    scheduling_schedule.cancel(session, actor=city.actor("clerk"), now=NOON, delivery_id=first.id)
    assert schedule(session, city, mine.id, NOON + 2 * DAY) is first
    with pytest.raises(IntegrityError):
        scheduling_schedule.add_delivery(
            session,
            actor=city.actor("clerk"),
            now=NOON,
            variant=mine,
            due_at=NOON + DAY,
            late_limit=60,
        )


# A new revision


@pytest.mark.parametrize("state", DeliveryState)
def test_a_new_revision_cancels_what_has_not_left(
    session: Session, city: CityPeople, state: DeliveryState
) -> None:
    post_id = post_steps.approved(session, city)
    deliveries = post_steps.schedule(session, city, post_id, state=state)
    post_steps.save(session, city, post_id)
    session.expire_all()
    after = DeliveryState.CANCELLED if state.value in CAN_CANCEL else state
    assert [delivery.state for delivery in deliveries] == [after, after]
    assert session.get_one(Post, post_id).state is PostState.DRAFT
    if state.value in CAN_CANCEL:
        why = select(Event.details).where(Event.subject == "deliveries", Event.verb == "cancel")
        assert session.scalars(why).all() == [{"why": "new_revision"}] * 2


# Publish now


def now_ids(session: Session, post_id: int) -> list[int]:
    return [variant_row.id for variant_row in post_steps.variants_of(session, post_id)]


@pytest.mark.parametrize("age", [10 * MINUTE + TICK, None])
def test_publishing_now_asks_for_a_fresh_sign_in(
    session: Session, city: CityPeople, age: timedelta | None
) -> None:
    post_id = post_steps.approved(session, city)
    proved = None if age is None else NOON - age
    tired = replace(city.actor("clerk"), signed_in_at=proved)
    with pytest.raises(FreshSignInRequired):
        post_schedule.publish_now(
            session, actor=tired, now=NOON, variant_ids=now_ids(session, post_id)
        )
    assert session.scalars(select(Delivery)).all() == []


def test_publishing_now_makes_everything_due_despite_a_clash(
    session: Session, city: CityPeople
) -> None:
    other = post_steps.approved(session, city)
    schedule(session, city, variant(session, other).id, NOON + MINUTE)
    post_id = post_steps.approved(session, city)
    post_steps.schedule(session, city, post_id, at=NOON + DAY)
    deliveries = post_schedule.publish_now(
        session, actor=city.actor("lead"), now=NOON, variant_ids=now_ids(session, post_id)
    )
    assert [(delivery.state, delivery.due_at) for delivery in deliveries] == [
        (DeliveryState.SCHEDULED, NOON)
    ] * 2


def test_publishing_now_keeps_to_the_window(
    session: Session, city: CityPeople, post_id: int
) -> None:
    for at, code in ((NOON, "before_window"), (UNTIL + TICK, "after_window")):
        fresh = replace(city.actor("clerk"), signed_in_at=at)
        with pytest.raises(Invalid) as invalid:
            post_schedule.publish_now(
                session, actor=fresh, now=at, variant_ids=now_ids(session, post_id)
            )
        assert invalid.value.codes == [("due_at", code)]


def test_publishing_now_does_not_publish_what_is_not_approved(
    session: Session, city: CityPeople
) -> None:
    post_id = post_steps.in_review(session, city)
    with pytest.raises(WrongState):
        post_schedule.publish_now(
            session, actor=city.actor("lead"), now=NOON, variant_ids=now_ids(session, post_id)
        )


@pytest.mark.parametrize("who", ["first", "head", "admin", "road_officer"])
def test_only_the_cell_publishes_now(session: Session, city: CityPeople, who: str) -> None:
    post_id = post_steps.approved(session, city)
    with pytest.raises(WrongRole):
        post_schedule.publish_now(
            session,
            actor=city.actor(who),
            now=NOON,
            variant_ids=now_ids(session, post_id),
        )
