"""The gate checks the rows again before sending, so that later changes are never published."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from approvals import gate
from publisher import transitions
from publisher.delivery import attempt, dispatch
from publisher.delivery.claim import DeliveryPayload
from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Attempt, Delivery
from publisher.models.posts import Decision, Post, Rendition, Revision, RevisionDepartment, Variant
from publisher.review import gate_adapter, withdraw
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

Change = Callable[[City, Session], object]


def _text(town: City, session: Session) -> object:
    return session.execute(update(Variant).values(text="बदललेला मजकूर"))


def _link(town: City, session: Session) -> object:
    return session.execute(update(Variant).values(link="https://example.org/"))


def _target(town: City, session: Session) -> object:
    return session.execute(update(Variant).values(target="1000"))


def _account(town: City, session: Session) -> object:
    return session.execute(update(Variant).values(account_id=town.accounts["facebook"]))


def _window(town: City, session: Session) -> object:
    return session.execute(update(Revision).values(not_after=town.now + 90 * DAY))


def _departments(town: City, session: Session) -> object:
    return session.execute(
        update(RevisionDepartment).values(department_id=town.departments["road"])
    )


def _owner(town: City, session: Session) -> object:
    return session.execute(update(Post).values(department_id=town.departments["road"]))


def _outgoing_text(town: City, session: Session) -> object:
    return session.execute(update(Rendition).values(alt_text="दुसरे वर्णन"))


def _pictures(town: City, session: Session) -> object:
    return session.execute(delete(Rendition))


CHANGES: list[Change] = [
    _text,
    _link,
    _target,
    _account,
    _window,
    _departments,
    _owner,
    _outgoing_text,
    _pictures,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("changeable_rows")
def test_a_post_changed_in_the_database_after_approval_is_not_sent(
    town: City, change: Change
) -> None:
    (delivery_id,) = _due_with_picture(town)
    with town.write() as session:
        change(town, session)
    town.tick_dispatch(HOUR)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, {"code": "changed"})
    assert _nothing_left(town)
    assert "clerk" in town.notified("delivery_failed")
    with town.read() as session:
        assert session.scalars(select(Attempt.outcome)).one() == "gate"


def test_an_approved_post_is_sent_with_its_picture(town: City) -> None:
    _due_with_picture(town)
    town.tick_dispatch(HOUR)
    (post,) = town.platform("x").published
    assert [file.alt_text for file in post.media] == ["पाण्याची टाकी"]


@pytest.mark.usefixtures("changeable_rows")
def test_a_digest_changed_together_with_the_text_is_no_approval(town: City) -> None:
    """There is no decision for the changed digest."""
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    with town.write() as session:
        revision = session.scalars(select(Revision)).one()
        revision.variants[0].text = "बदललेला मजकूर"
        session.flush()
        revision.digest = gate.digest(
            gate.canonical(gate_adapter.load_subject(session, revision.id))
        )
    town.tick_dispatch(HOUR)
    assert town.delivery(delivery_id).reason == {"code": "approval_missing"}
    assert _nothing_left(town)


def test_an_approval_withdrawn_in_the_database_is_missing(town: City) -> None:
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    with town.write() as session:
        session.execute(update(Decision).values(withdrawn_at=town.now))
    town.tick_dispatch(HOUR)
    assert town.delivery(delivery_id).reason == {"code": "approval_missing"}
    assert _nothing_left(town)


@pytest.mark.parametrize("leave", [City.disable, City.end])
def test_the_approval_of_somebody_whose_appointment_ended_does_not_count(
    town: City, leave: Callable[[City, str], None]
) -> None:
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    leave(town, "first")
    town.tick_dispatch(HOUR)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (
        DeliveryState.FAILED,
        {"code": "approval_missing"},
    )
    assert _nothing_left(town)


def test_an_approver_who_leaves_after_the_claim_stops_the_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    claim = _claim(town)
    town.disable("first")
    attempt.attempt_and_store(town.context, claim)
    assert town.delivery(delivery_id).reason == {"code": "approval_missing"}
    assert _nothing_left(town)


def test_withdrawing_the_approval_cancels_even_a_claimed_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    claim = _claim(town)
    with town.write() as session:
        _withdraw(town, session)
    attempt.attempt_and_store(town.context, claim)
    assert town.delivery(delivery_id).state is DeliveryState.CANCELLED
    assert _nothing_left(town)


def test_a_new_revision_cancels_even_a_claimed_delivery(town: City) -> None:
    post_id = town.approved()
    (delivery_id,) = town.schedule(post_id, timedelta(0))
    claim = _claim(town)
    town.save(post_id, on=["x"], text="नवी आवृत्ती")
    attempt.attempt_and_store(town.context, claim)
    assert town.delivery(delivery_id).state is DeliveryState.CANCELLED
    assert _nothing_left(town)


@pytest.mark.both
def test_withdrawing_and_sending_at_the_same_time_never_deadlock(town: City) -> None:
    """Withdrawing locks the post before the delivery, so sending must use the same order."""
    delivery = _send_while_locked(town, lambda session: _withdraw(town, session))
    assert delivery.state is DeliveryState.CANCELLED
    assert _nothing_left(town)


@pytest.mark.both
def test_the_gate_judges_a_post_as_it_is_after_the_wait_for_its_lock(town: City) -> None:
    newer = update(Post).values(newest=Post.newest + 1)
    delivery = _send_while_locked(town, lambda session: session.execute(newer))
    assert delivery.reason == {"code": "not_newest"}
    assert _nothing_left(town)


def _send_while_locked(town: City, change: Callable[[Session], object]) -> Delivery:
    """Send while another transaction has locked the post, which then makes this change."""
    (delivery_id,) = town.due()
    claim = _claim(town)
    with ThreadPoolExecutor(1) as press:
        with town.write() as session:
            transitions.lock(session, Post, town.delivery(delivery_id).post_id)
            sending = press.submit(attempt.attempt_and_store, town.context, claim)
            with pytest.raises(TimeoutError):
                sending.result(timeout=0.3)
            change(session)
        sending.result(timeout=20)
    return town.delivery(delivery_id)


def test_a_missing_picture_fails_the_delivery_with_a_reason(town: City) -> None:
    (delivery_id,) = _due_with_picture(town)
    _stored(town).unlink()
    town.tick_dispatch(HOUR)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, {"code": "medium_missing"})
    with town.read() as session:  # no platform has refused anything
        assert session.scalars(select(Attempt.outcome)).all() == ["store"]
    assert _nothing_left(town)


def test_a_picture_changed_on_disk_fails_the_delivery_with_a_reason(town: City) -> None:
    (delivery_id,) = _due_with_picture(town)
    _stored(town).write_bytes(b"another picture")
    town.tick_dispatch(HOUR)
    assert town.delivery(delivery_id).reason == {"code": "medium_changed"}
    assert _nothing_left(town)


def test_a_delivery_whose_window_has_closed_is_missed_and_not_sent(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], not_after=town.now + 90 * MINUTE)
    town.send(post_id)
    town.approve(post_id)
    (delivery_id,) = town.schedule(post_id, HOUR, late_limit=600)
    town.tick_dispatch(91 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.MISSED
    assert _nothing_left(town)


@pytest.mark.twin
def test_a_delivery_exactly_at_its_late_limit_is_sent(town: City) -> None:
    (delivery_id,) = town.due()
    town.tick_dispatch(HOUR)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_delivery_past_its_late_limit_is_missed_and_people_are_notified(town: City) -> None:
    (delivery_id,) = town.due()
    town.tick_dispatch(HOUR + timedelta(seconds=1))
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (
        DeliveryState.MISSED,
        {"code": "late", "limit": 60},
    )
    assert town.notified("delivery_missed") == ["admin", "clerk", "first", "lead", "second"]
    assert _nothing_left(town)


@pytest.mark.parametrize("is_window", [False, True])
def test_a_delivery_that_becomes_late_after_its_claim_is_missed_at_once(
    town: City, is_window: bool
) -> None:
    """Until the next maintenance it would be claimed in vain, before all that is due later."""
    (delivery_id,) = town.due()
    claim = _claim(town)
    if is_window:
        with town.write() as session:
            session.execute(update(Delivery).values(late_limit=60 * 24 * 365))
    town.clock.move(90 * DAY if is_window else HOUR + MINUTE)
    attempt.attempt_and_store(town.context, claim)
    delivery = town.delivery(delivery_id)
    assert delivery.state is DeliveryState.MISSED
    assert delivery.reason == {"code": "late", "limit": delivery.late_limit}
    assert town.notified("delivery_missed") == ["admin", "clerk", "first", "lead", "second"]
    assert dispatch.claim_next(town.context) is None
    assert _nothing_left(town)


def _due_with_picture(town: City) -> list[int]:
    content = BytesIO()
    Image.new("RGB", (800, 600), "teal").save(content, "JPEG")
    picture = PictureDraft("पाण्याची टाकी", content=content.getvalue(), name="tank.jpg")
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], pictures=(picture,))
    town.send(post_id)
    town.approve(post_id)
    return town.schedule(post_id, HOUR)


def _stored(town: City) -> Path:
    with town.read() as session:
        return town.store.path(session.scalars(select(Rendition.sha256)).one())


def _claim(town: City) -> DeliveryPayload:
    claim = dispatch.claim_next(town.context)
    assert claim is not None
    return claim


def _withdraw(town: City, session: Session) -> None:
    post = session.scalars(select(Post)).one()
    withdraw.withdraw_approval(
        session, actor=town.actor("first"), now=town.now, post_id=post.id, seen_revision=post.newest
    )


def _nothing_left(town: City) -> bool:
    with town.read() as session:
        unsent = session.scalars(select(Delivery).where(Delivery.sending_at.is_not(None))).all()
    return not unsent and not any(platform.published for platform in town.platforms.values())
