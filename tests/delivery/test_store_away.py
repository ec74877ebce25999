"""A post whose pictures cannot be read waits: it never fails, and never goes without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.delivery.emergency.alerts import tick_alerts
from publisher.drafting.drafts import PictureDraft
from publisher.models.deliveries import Attempt
from publisher.models.emergency import Alert
from publisher.models.posts import Language
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


def due_with_pictures(town: City, pictures: tuple[PictureDraft, ...] = FOUR[:1]) -> int:
    """Schedule a post with pictures for now, and return its delivery's id."""
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], pictures=pictures)
    town.send_for_review(post_id)
    town.approve(post_id)
    (delivery_id,) = town.schedule(post_id, 0 * MINUTE)
    return delivery_id


def outcomes(town: City) -> list[str]:
    with town.read() as session:
        return list(session.scalars(select(Attempt.outcome).order_by(Attempt.id)))
