"""When each variant leaves: times, limits, clashes, and what cannot be moved any more."""

from __future__ import annotations

from collections.abc import Iterator
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
from publisher.scheduling import constraints
from publisher.scheduling import schedule as scheduling_schedule
from publisher.scheduling.schedule import OnItsWay
from publisher.states import DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support import board as desk
from tests.support.board import DAY, HOUR, MINUTE, NOW, Board, Shared

TICK = timedelta(microseconds=1)
FROM, UNTIL = NOW + HOUR, NOW + 5 * DAY


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
def post_id(session: Session, board: Board) -> int:
    """An approved post with a window from one hour to five days after now."""
    made = desk.started(session, board)
    desk.save(session, board, made, not_before=FROM, not_after=UNTIL)
    desk.send(session, board, made)
    desk.approve(session, made, by=board.usha)
    return made


def variant(session: Session, post_id: int, place: int = 0) -> Variant:
    return desk.variants_of(session, post_id)[place]


def schedule(
    session: Session,
    board: Board,
    variant_id: int,
    at: datetime = NOW + DAY,
    *,
    limit: int = 60,
    despite: bool = False,
    now: datetime = NOW,
) -> Delivery:
    delivery = scheduling_schedule.schedule(
        session,
        actor=board.clerk,
        now=now,
        variant_id=variant_id,
        due_at=at,
        late_limit=limit,
        despite_clash=despite,
    )
    session.flush()
    return delivery


def codes(session: Session, board: Board, variant_id: int, **given: object) -> list[str]:
    """What is wrong with this time; nothing is scheduled then."""
    with pytest.raises(Invalid) as invalid:
        schedule(session, board, variant_id, **given)  # type: ignore[arg-type]  # as above
    assert session.scalars(select(Delivery).where(Delivery.variant_id == variant_id)).all() == []
    return [f"{field} {code}" for field, code in invalid.value.codes]


def verbs(session: Session, delivery: Delivery) -> list[str]:
    query = select(Event.verb).where(Event.subject == "deliveries", Event.subject_id == delivery.id)
    return list(session.scalars(query.order_by(Event.id)))


# Times


@pytest.mark.parametrize("at", [FROM, FROM + TICK, NOW + DAY, UNTIL])
def test_a_time_inside_the_window_is_taken(
    session: Session, board: Board, post_id: int, at: datetime
) -> None:
    found = schedule(session, board, variant(session, post_id).id, at)
    assert (found.state, found.due_at, found.late_limit) == (DeliveryState.SCHEDULED, at, 60)
    assert (found.post_id, found.account_id) == (post_id, board.x)
    assert found.scheduled_by_id == board.clerk.person_id
    assert verbs(session, found) == ["schedule"]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW - MINUTE - TICK, "due_at past"),
        (NOW - 9 * DAY, "due_at past"),
        (FROM - TICK, "due_at before_window"),
        (UNTIL + TICK, "due_at after_window"),
    ],
)
def test_a_time_outside_is_said_at_once(
    session: Session, board: Board, post_id: int, at: datetime, code: str
) -> None:
    assert codes(session, board, variant(session, post_id).id, at=at) == [code]


def test_a_minute_may_pass_while_one_types(session: Session, board: Board) -> None:
    post_id = desk.approved(session, board)
    schedule(session, board, variant(session, post_id).id, NOW - MINUTE)


@pytest.mark.parametrize("limit", [0, -1, 24 * 60 + 1])
def test_a_late_limit_is_between_a_minute_and_a_day(
    session: Session, board: Board, post_id: int, limit: int
) -> None:
    assert codes(session, board, variant(session, post_id).id, limit=limit) == ["late_limit limit"]


@pytest.mark.parametrize("limit", [1, 24 * 60])
def test_the_edges_of_the_late_limit_are_taken(
    session: Session, board: Board, post_id: int, limit: int
) -> None:
    assert schedule(session, board, variant(session, post_id).id, limit=limit).late_limit == limit


def test_everything_wrong_is_said_together(session: Session, board: Board, post_id: int) -> None:
    found = codes(session, board, variant(session, post_id).id, at=NOW - DAY, limit=0)
    assert found == ["due_at past", "late_limit limit"]


@pytest.mark.parametrize(
    ("due_at", "limit", "latest"),
    [
        (NOW + DAY, 60, NOW + DAY + HOUR),
        (UNTIL - 10 * MINUTE, 60, UNTIL),
        (UNTIL, 1, UNTIL),
    ],
)
def test_the_late_limit_never_passes_the_window(
    session: Session, board: Board, post_id: int, due_at: datetime, limit: int, latest: datetime
) -> None:
    found = schedule(session, board, variant(session, post_id).id, due_at, limit=limit)
    assert constraints.latest_moment(found) == latest


# Clashes


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
    session: Session, board: Board, post_id: int, apart: timedelta, clashes: bool
) -> None:
    other = desk.approved(session, board)
    schedule(session, board, variant(session, other).id, NOW + DAY)
    mine = variant(session, post_id).id
    if not clashes:
        schedule(session, board, mine, NOW + DAY + apart)
        return
    assert codes(session, board, mine, at=NOW + DAY + apart) == ["due_at clash"]
    schedule(session, board, mine, NOW + DAY + apart, despite=True)


def test_another_account_does_not_clash(session: Session, board: Board, post_id: int) -> None:
    schedule(session, board, variant(session, post_id, 0).id)
    schedule(session, board, variant(session, post_id, 1).id)


@pytest.mark.parametrize("state", DeliveryState)
def test_only_what_leaves_or_left_clashes(
    session: Session, board: Board, post_id: int, state: DeliveryState
) -> None:
    other = desk.approved(session, board)
    found = schedule(session, board, variant(session, other).id)
    found.state = state
    session.flush()
    mine = variant(session, post_id).id
    if state.value in ("missed", "failed", "cancelled"):
        schedule(session, board, mine)
    else:
        assert codes(session, board, mine) == ["due_at clash"]


def test_a_delivery_does_not_clash_with_itself(
    session: Session, board: Board, post_id: int
) -> None:
    mine = variant(session, post_id).id
    schedule(session, board, mine)
    schedule(session, board, mine, NOW + DAY + MINUTE)


# Only what is approved


@pytest.mark.parametrize("state", [one for one in PostState if one is not PostState.APPROVED])
def test_what_is_not_approved_gets_no_time(
    session: Session, board: Board, post_id: int, state: PostState
) -> None:
    session.get_one(Post, post_id).state = state
    session.flush()
    with pytest.raises(WrongState) as wrong:
        schedule(session, board, variant(session, post_id).id)
    assert wrong.value.values == {"state": state, "to": DeliveryState.SCHEDULED}


def test_an_older_revision_gets_no_time_though_the_post_is_approved(
    session: Session, board: Board
) -> None:
    post_id = desk.approved(session, board)
    old = variant(session, post_id).id
    desk.save(session, board, post_id)
    desk.send(session, board, post_id)
    desk.approve(session, post_id, by=board.usha)
    with pytest.raises(NotApproved) as refused:
        schedule(session, board, old)
    assert refused.value.values == {"reason": Refusal.NOT_NEWEST}


def test_a_cancelled_delivery_of_an_older_revision_is_not_brought_back(
    session: Session, board: Board
) -> None:
    post_id = desk.approved(session, board)
    old = desk.schedule(session, board, post_id)[0]
    desk.save(session, board, post_id)
    with pytest.raises(WrongState):
        bring_back(session, board, old)
    desk.send(session, board, post_id)
    desk.approve(session, post_id, by=board.usha)
    with pytest.raises(NotApproved):
        bring_back(session, board, old)
    assert old.state is DeliveryState.CANCELLED


def bring_back(session: Session, board: Board, delivery: Delivery) -> None:
    scheduling_schedule.reschedule(
        session, actor=board.clerk, now=NOW, delivery_id=delivery.id, due_at=NOW + HOUR
    )


def test_what_does_not_exist_is_missing(session: Session, board: Board) -> None:
    with pytest.raises(NotFound):
        schedule(session, board, 10**9)
    with pytest.raises(NotFound):
        scheduling_schedule.cancel(session, actor=board.clerk, now=NOW, delivery_id=10**9)
    with pytest.raises(NotFound):
        scheduling_schedule.reschedule(
            session, actor=board.clerk, now=NOW, delivery_id=10**9, due_at=NOW + HOUR
        )


# Moving and cancelling, from every state

GONE = {"sending", "published", "unconfirmed", "held"}
CAN_CANCEL = {"scheduled", "claimed"}


@pytest.mark.parametrize("state", DeliveryState)
def test_a_new_time_from_each_state(
    session: Session, board: Board, post_id: int, state: DeliveryState
) -> None:
    found = schedule(session, board, variant(session, post_id).id, limit=90)
    found.state, found.not_before, found.reason, found.looks = state, NOW, {"code": "late"}, 3
    session.flush()

    def again() -> None:
        scheduling_schedule.reschedule(
            session, actor=board.lead, now=NOW, delivery_id=found.id, due_at=NOW + 2 * DAY
        )

    if state.value in GONE:
        with pytest.raises(OnItsWay) as gone:
            again()
        assert gone.value.values == {"state": state}
        assert (found.state, found.due_at) == (state, NOW + DAY)
        return
    again()
    session.flush()
    session.expire(found)
    found = scheduling_schedule.delivery_for(session, found.id)
    assert (found.state, found.due_at) == (DeliveryState.SCHEDULED, NOW + 2 * DAY)
    assert found.not_before is None
    assert (found.reason, found.looks, found.late_limit) == ({}, 0, 60)
    assert verbs(session, found) == ["schedule", "reschedule"]


@pytest.mark.parametrize("state", DeliveryState)
def test_cancelling_from_each_state(
    session: Session, board: Board, post_id: int, state: DeliveryState
) -> None:
    found = schedule(session, board, variant(session, post_id).id)
    found.state = state
    session.flush()

    def cancel() -> None:
        scheduling_schedule.cancel(session, actor=board.usha, now=NOW, delivery_id=found.id)

    if state.value in CAN_CANCEL:
        cancel()
        assert found.state is DeliveryState.CANCELLED
        assert verbs(session, found) == ["schedule", "cancel"]
        return
    with pytest.raises(OnItsWay if state.value in GONE else WrongState):
        cancel()
    assert found.state is state


def test_an_officer_cancels_only_the_own_departments(
    session: Session, board: Board, post_id: int
) -> None:
    found = schedule(session, board, variant(session, post_id).id)
    for actor in (board.roads_officer, board.roads_head, board.admin):
        with pytest.raises(WrongRole):
            scheduling_schedule.cancel(session, actor=actor, now=NOW, delivery_id=found.id)
    scheduling_schedule.cancel(session, actor=board.water_head, now=NOW, delivery_id=found.id)


def test_a_variant_has_one_delivery_whatever_comes(
    session: Session, board: Board, post_id: int
) -> None:
    mine = variant(session, post_id)
    first = schedule(session, board, mine.id)
    scheduling_schedule.cancel(session, actor=board.clerk, now=NOW, delivery_id=first.id)
    assert schedule(session, board, mine.id, NOW + 2 * DAY) is first
    with pytest.raises(IntegrityError):
        scheduling_schedule.add_delivery(
            session, actor=board.clerk, now=NOW, variant=mine, due_at=NOW + DAY, late_limit=60
        )


# A new revision


@pytest.mark.parametrize("state", DeliveryState)
def test_a_new_revision_cancels_what_has_not_left(
    session: Session, board: Board, state: DeliveryState
) -> None:
    post_id = desk.approved(session, board)
    found = desk.schedule(session, board, post_id, state=state)
    desk.save(session, board, post_id)
    session.expire_all()
    after = DeliveryState.CANCELLED if state.value in CAN_CANCEL else state
    assert [one.state for one in found] == [after, after]
    assert session.get_one(Post, post_id).state is PostState.DRAFT
    if state.value in CAN_CANCEL:
        why = select(Event.details).where(Event.subject == "deliveries", Event.verb == "cancel")
        assert session.scalars(why).all() == [{"why": "new_revision"}] * 2


# Publish now


def now_ids(session: Session, post_id: int) -> list[int]:
    return [one.id for one in desk.variants_of(session, post_id)]


@pytest.mark.parametrize("age", [10 * MINUTE + TICK, None])
def test_publishing_now_asks_for_a_fresh_sign_in(
    session: Session, board: Board, age: timedelta | None
) -> None:
    post_id = desk.approved(session, board)
    proved = None if age is None else NOW - age
    tired = replace(board.clerk, signed_in_at=proved)
    with pytest.raises(FreshSignInRequired):
        scheduling_schedule.publish_now(
            session, actor=tired, now=NOW, variant_ids=now_ids(session, post_id)
        )
    assert session.scalars(select(Delivery)).all() == []


def test_publishing_now_makes_everything_due_despite_a_clash(
    session: Session, board: Board
) -> None:
    other = desk.approved(session, board)
    schedule(session, board, variant(session, other).id, NOW + MINUTE)
    post_id = desk.approved(session, board)
    desk.schedule(session, board, post_id, at=NOW + DAY)
    found = scheduling_schedule.publish_now(
        session, actor=board.lead, now=NOW, variant_ids=now_ids(session, post_id)
    )
    assert [(one.state, one.due_at) for one in found] == [(DeliveryState.SCHEDULED, NOW)] * 2


def test_publishing_now_keeps_to_the_window(session: Session, board: Board, post_id: int) -> None:
    for at, code in ((NOW, "before_window"), (UNTIL + TICK, "after_window")):
        fresh = replace(board.clerk, signed_in_at=at)
        with pytest.raises(Invalid) as invalid:
            scheduling_schedule.publish_now(
                session, actor=fresh, now=at, variant_ids=now_ids(session, post_id)
            )
        assert invalid.value.codes == [("due_at", code)]


def test_publishing_now_does_not_publish_what_is_not_approved(
    session: Session, board: Board
) -> None:
    post_id = desk.in_review(session, board)
    with pytest.raises(WrongState):
        scheduling_schedule.publish_now(
            session, actor=board.lead, now=NOW, variant_ids=now_ids(session, post_id)
        )


@pytest.mark.parametrize("who", ["usha", "water_head", "admin", "roads_officer"])
def test_only_the_cell_publishes_now(session: Session, board: Board, who: str) -> None:
    post_id = desk.approved(session, board)
    with pytest.raises(WrongRole):
        scheduling_schedule.publish_now(
            session,
            actor=getattr(board, who),
            now=NOW,
            variant_ids=now_ids(session, post_id),
        )
