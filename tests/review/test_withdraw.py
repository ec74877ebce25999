"""Withdrawing an approval or a post, if something can still be stopped."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import NotApproved, WrongState
from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.posts import Decision, Post
from publisher.review import gate_adapter, withdraw
from publisher.scheduling import schedule
from publisher.scheduling.schedule import OnItsWay
from publisher.states import DeliveryState
from publisher.validation import Invalid
from tests.support import post_steps
from tests.support.city_people import HOUR, NOON, CityPeople, verbs

GONE = ["sending", "published", "unconfirmed", "held"]
UNSENT = ["scheduled", "claimed"]
SETTLED = ["failed", "missed", "cancelled"]


@pytest.fixture
def post_id(session: Session, city: CityPeople) -> int:
    return post_steps.approved(session, city)


def set_states(session: Session, city: CityPeople, post_id: int, *states: str) -> list[Delivery]:
    """Schedule both variants, then set each delivery's state."""
    deliveries = post_steps.schedule(session, city, post_id)
    for delivery, state in zip(deliveries, states, strict=True):
        delivery.state = DeliveryState(state)
    session.flush()
    return deliveries


def take_back(session: Session, city: CityPeople, post_id: int, reason: str = "") -> list[Delivery]:
    newest = session.get_one(Post, post_id).newest
    return withdraw.withdraw_approval(
        session,
        actor=city.actor("first"),
        now=NOON,
        post_id=post_id,
        seen_revision=newest,
        reason=reason,
    )


def withdraw_post(session: Session, city: CityPeople, post_id: int) -> Post:
    return withdraw.withdraw_post(
        session, actor=city.actor("first"), now=NOON, post_id=post_id, reason="रद्द"
    )


def states(session: Session, post_id: int) -> list[str]:
    session.expire_all()
    query = select(Delivery).where(Delivery.post_id == post_id).order_by(Delivery.id)
    return [delivery.state.value for delivery in session.scalars(query)]


def state(session: Session, post_id: int) -> PostState:
    return session.get_one(Post, post_id).state


def test_an_approval_is_taken_back_and_no_longer_counts(
    session: Session, city: CityPeople, post_id: int
) -> None:
    assert take_back(session, city, post_id) == []
    assert state(session, post_id) is PostState.IN_REVIEW
    decision = session.scalars(select(Decision)).one()
    assert (decision.withdrawn_at, decision.withdrawn_by_id) == (
        NOON,
        city.actor("first").person_id,
    )
    session.get_one(Post, post_id).state = PostState.APPROVED
    session.flush()
    revision = schedule.newest_revision(session.get_one(Post, post_id))
    verdict = gate.judge(gate_adapter.load_case(session, revision.id, now=NOON), now=NOON)
    assert verdict.refusal is gate.Refusal.APPROVAL_MISSING


@pytest.mark.parametrize("first", [*UNSENT, *SETTLED, *GONE])
@pytest.mark.parametrize("second", [*UNSENT, *SETTLED, *GONE])
def test_what_has_not_left_is_stopped_and_what_has_is_said(
    session: Session, city: CityPeople, post_id: int, first: str, second: str
) -> None:
    set_states(session, city, post_id, first, second)
    if first in GONE and second in GONE:
        with pytest.raises(OnItsWay):
            take_back(session, city, post_id)
        assert states(session, post_id) == [first, second]
        assert state(session, post_id) is PostState.APPROVED
        return
    stopped = take_back(session, city, post_id)
    assert len(stopped) == sum(state in UNSENT for state in (first, second))
    after = ["cancelled" if state in UNSENT else state for state in (first, second)]
    assert states(session, post_id) == after
    assert state(session, post_id) is PostState.IN_REVIEW


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("published", "published", "published"),
        ("published", "sending", "sending"),
        ("held", "published", "held"),
    ],
)
def test_it_says_what_may_still_be_open_rather_than_what_is_live(
    session: Session, city: CityPeople, post_id: int, first: str, second: str, sentence: str
) -> None:
    set_states(session, city, post_id, first, second)
    with pytest.raises(OnItsWay) as gone:
        take_back(session, city, post_id)
    assert gone.value.values == {"state": sentence}


def test_a_correction_can_be_taken_back_though_the_first_revision_is_live(
    session: Session, city: CityPeople, post_id: int
) -> None:
    """Nothing of the newly approved revision has been sent."""
    set_states(session, city, post_id, "published", "published")
    post_steps.save(session, city, post_id)
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("first"))
    deliveries = post_steps.schedule(session, city, post_id)
    assert take_back(session, city, post_id) == deliveries
    assert states(session, post_id) == ["published", "published", "cancelled", "cancelled"]
    assert state(session, post_id) is PostState.IN_REVIEW


def test_a_correction_can_be_given_up_though_the_first_revision_is_live(
    session: Session, city: CityPeople, post_id: int
) -> None:
    set_states(session, city, post_id, "published", "published")
    post_steps.save(session, city, post_id)
    withdraw_post(session, city, post_id)
    assert states(session, post_id) == ["published", "published"]
    assert state(session, post_id) is PostState.WITHDRAWN


def test_there_is_no_approval_to_take_back_in_review(session: Session, city: CityPeople) -> None:
    post_id = post_steps.in_review(session, city)
    with pytest.raises(NotApproved) as refused:
        take_back(session, city, post_id)
    assert refused.value.values == {"reason": gate.Refusal.APPROVAL_MISSING}


def test_a_withdrawn_post_has_no_approval_to_take_back(
    session: Session, city: CityPeople, post_id: int
) -> None:
    withdraw_post(session, city, post_id)
    with pytest.raises(WrongState):
        take_back(session, city, post_id)
    assert verbs(session, "posts", post_id)[-1] == "withdraw_post"


def test_the_history_says_that_there_was_a_reason_but_not_its_words(
    session: Session, city: CityPeople, post_id: int
) -> None:
    take_back(session, city, post_id, "चुकीची तारीख")
    assert post_steps.details(session, post_id, "withdraw_approval") == [
        {"revision": 1, "reason": True}
    ]
    letter = session.scalars(select(Notice).where(Notice.kind == "approval_withdrawn")).one()
    assert "चुकीची तारीख" in letter.body


@pytest.mark.parametrize("reason", ["अ\x00ब", "अ\u202eब", "क" * 2_001])
def test_a_reason_that_cannot_be_read_is_refused_before_anything_moves(
    session: Session, city: CityPeople, post_id: int, reason: str
) -> None:
    set_states(session, city, post_id, "scheduled", "scheduled")
    with pytest.raises(Invalid) as invalid:
        take_back(session, city, post_id, reason)
    assert [field for field, _ in invalid.value.codes] == ["reason"]
    assert states(session, post_id) == ["scheduled", "scheduled"]


@pytest.mark.parametrize("reason", ["", " ", "अ\x00ब"])
def test_a_post_is_not_given_up_without_words(
    session: Session, city: CityPeople, post_id: int, reason: str
) -> None:
    with pytest.raises(Invalid):
        withdraw.withdraw_post(
            session, actor=city.actor("lead"), now=NOON, post_id=post_id, reason=reason
        )


@pytest.mark.parametrize("first", UNSENT)
def test_a_post_that_is_given_up_leaves_no_more(
    session: Session, city: CityPeople, post_id: int, first: str
) -> None:
    deliveries = set_states(session, city, post_id, first, "published")
    withdraw_post(session, city, post_id)
    assert states(session, post_id) == ["cancelled", "published"]
    query = select(Event.details).where(
        Event.subject == "deliveries", Event.subject_id == deliveries[0].id, Event.verb == "cancel"
    )
    assert session.scalars(query).all() == [{"why": "withdraw_post"}]


def test_a_post_that_is_all_out_cannot_be_given_up(
    session: Session, city: CityPeople, post_id: int
) -> None:
    set_states(session, city, post_id, "published", "unconfirmed")
    with pytest.raises(OnItsWay):
        withdraw_post(session, city, post_id)


def test_a_post_that_nobody_saved_yet_can_be_given_up(session: Session, city: CityPeople) -> None:
    post_id = post_steps.started(session, city)
    assert withdraw_post(session, city, post_id).state is PostState.WITHDRAWN


def test_nothing_brings_a_withdrawn_post_back(
    session: Session, city: CityPeople, post_id: int
) -> None:
    set_states(session, city, post_id, "scheduled", "scheduled")
    withdraw_post(session, city, post_id)
    for comes_back in (
        lambda: post_steps.save(session, city, post_id),
        lambda: post_steps.send(session, city, post_id),
        lambda: post_steps.approve(session, post_id, by=city.actor("second")),
        lambda: post_steps.schedule(session, city, post_id, at=NOON + HOUR),
        lambda: withdraw_post(session, city, post_id),
    ):
        with pytest.raises(WrongState):
            comes_back()
    assert states(session, post_id) == ["cancelled", "cancelled"]
