"""A post whose pictures cannot be read waits: it never fails, and never goes without them."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select

from publisher.drafting.drafts import PictureDraft
from publisher.emergency.alerts import tick_alerts
from publisher.models.deliveries import Attempt, Delivery, DeliveryAction
from publisher.models.emergency import Alert
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.states import DeliveryState
from tests.support.away_store import AwayStore
from tests.support.city import PACE, City
from tests.support.city_people import HOUR, MINUTE
from tests.support.emergency_steps import NO_SMS
from tests.support.forms import photo
from tests.support.memory_platform.platform import MemoryPlatform

FOUR = tuple(
    PictureDraft("टाकी", content=photo(width), name="a.jpg") for width in (300, 310, 320, 330)
)


@pytest.fixture
def store(town: City) -> AwayStore:
    return AwayStore(town.store.root)


@pytest.fixture
def town_of_store(town: City, store: AwayStore) -> City:
    """The city with a store that can be away."""
    return replace(town, store=store)


def due_with_pictures(
    town: City, pictures: tuple[PictureDraft, ...] = FOUR[:1], *, on: str = "x"
) -> int:
    """Schedule a post with pictures for now, and return its delivery's id."""
    return due_again(town, town.start(town.hand_in()), pictures, on=on)


def due_again(
    town: City, post_id: int, pictures: tuple[PictureDraft, ...], *, on: str, text: str = ""
) -> int:
    """Schedule the next revision of a post for now, and return its delivery's id."""
    town.save(post_id, on=[on], pictures=pictures, text=text)
    town.send(post_id)
    town.approve(post_id)
    (delivery_id,) = town.schedule(post_id, 0 * MINUTE)
    return delivery_id


def outcomes(town: City) -> list[str]:
    with town.read() as session:
        return list(session.scalars(select(Attempt.outcome).order_by(Attempt.id)))


def test_a_post_waits_for_its_pictures_with_growing_pauses(
    town_of_store: City, store: AwayStore
) -> None:
    town = town_of_store
    delivery_id = due_with_pictures(town)
    store.is_away = True
    for pause in (0.5, 1, 2, 4):
        assert town.tick_dispatch() == 1
        delivery = town.delivery(delivery_id)
        assert delivery.state is DeliveryState.SCHEDULED
        assert delivery.reason == {
            "code": "store_away",
            "at": (town.now + pause * MINUTE).isoformat(),
        }
        town.clock.move(pause * MINUTE - MINUTE / 60)
        assert town.tick_dispatch() == 0
        town.clock.move(MINUTE / 60)
    store.is_away = False
    assert town.tick_dispatch() == 1
    assert outcomes(town) == ["store"] * 4 + ["published"]
    (post,) = town.platform("x").published
    assert len(post.media) == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_past_its_late_limit_it_is_missed_because_of_its_pictures(
    town_of_store: City, store: AwayStore
) -> None:
    town = town_of_store
    delivery_id = due_with_pictures(town)
    store.is_away = True
    town.tick_dispatch()
    town.tick_dispatch(12 * HOUR)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason["code"]) == (DeliveryState.MISSED, "late_store")
    assert town.platform("x").published == []
    assert "clerk" in town.notified("delivery_missed")


def test_a_changed_text_goes_out_without_reading_its_pictures(
    town_of_store: City, store: AwayStore
) -> None:
    town = town_of_store
    live = town.delivery(due_with_pictures(town, on="facebook"))
    town.tick_dispatch()
    correction = due_again(town, live.post_id, FOUR[:1], on="facebook", text="सकाळी १० पासून.")
    store.is_away = True
    town.tick_dispatch(MINUTE)
    delivery = town.delivery(correction)
    assert (delivery.action, delivery.state) == (DeliveryAction.EDIT, DeliveryState.PUBLISHED)
    (post,) = town.platform("facebook").published
    assert post.text.startswith("सकाळी १० पासून.")


def test_posts_without_pictures_go_on(town_of_store: City, store: AwayStore) -> None:
    town = town_of_store
    waiting = due_with_pictures(town)
    (other,) = town.due("road")
    store.is_away = True
    town.tick_dispatch()
    assert town.delivery(waiting).state is DeliveryState.SCHEDULED
    assert town.delivery(other).state is DeliveryState.PUBLISHED


def test_an_urgent_post_alarms_after_two_minutes_as_any_that_waits(
    town_of_store: City, store: AwayStore
) -> None:
    town = town_of_store
    delivery_id = due_with_pictures(town)
    with town.write() as session:
        session.merge(town.delivery(delivery_id)).urgent = True
    store.is_away = True
    town.tick_dispatch()
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) == 0
    town.tick_dispatch(2 * MINUTE)
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) == 1
    with town.read() as session:
        assert session.scalars(select(Alert.trouble)).all() == ["waiting"]


def test_pictures_are_read_at_the_same_time_so_that_four_take_no_longer(
    town_of_store: City, store: AwayStore
) -> None:
    town = town_of_store
    delivery_id = due_with_pictures(town, FOUR)
    reads = Barrier(len(FOUR))

    def meet(name: str) -> None:
        if name == "open":
            reads.wait(timeout=30)  # is broken if one waits for another to be read

    store.before = meet
    town.tick_dispatch()
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    (post,) = town.platform("x").published
    assert [medium.sha256 for medium in post.media] == digests(town, delivery_id)


def digests(town: City, delivery_id: int) -> list[str]:
    with town.read() as session:
        variant = session.get_one(Delivery, delivery_id).variant
        return [rendition.sha256 for rendition in variant.renditions]


def test_pictures_that_were_read_too_late_are_not_sent(
    town_of_store: City, store: AwayStore
) -> None:
    town, seconds = town_of_store, [0.0]
    delivery_id = due_with_pictures(town, FOUR)

    def wait(name: str) -> None:
        if name == "open":
            seconds[0] = PACE.send_deadline

    store.before = wait
    town.context = replace(town.context, monotonic=lambda: seconds[0])
    town.tick_dispatch()
    assert town.delivery(delivery_id).reason["code"] == "store_away"
    assert outcomes(town) == ["store"]
    assert town.platform("x").published == []


def test_what_is_read_in_time_leaves_the_platform_the_rest(
    town_of_store: City, store: AwayStore
) -> None:
    town, seconds, left = town_of_store, [0.0], list[float]()
    due_with_pictures(town)

    def wait(name: str) -> None:
        if name == "open":
            seconds[0] += PACE.send_deadline - 5

    class Timed(MemoryPlatform):
        """Notes how long it may take."""

        def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
            left.append(deadline.remaining())
            return super().prepare(outgoing, deadline=deadline)

    store.before = wait
    town.platforms[town.accounts["x"]] = Timed(now=town.clock, name="x")
    town.context = replace(town.context, monotonic=lambda: seconds[0])
    town.tick_dispatch()
    assert left == [5.0]
