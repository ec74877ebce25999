"""How many calls an hour of polling costs a page with thirty posts a day, counted."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from publisher.database.session import core_table
from publisher.inbox import ingest
from publisher.models.comments import Source
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from tests.inbox.told_town import ToldTown
from tests.support.city_people import DAY, HOUR

POSTS_A_DAY, DAYS = 30, 30
STEP = timedelta(seconds=15)


def add_posts(told_town: ToldTown, *, is_told: bool) -> None:
    """Add a month of posts; each is read next at a random moment of its interval."""
    dice, now = random.Random(1), told_town.town.now
    with told_town.town.write() as session:
        first = session.scalars(select(ReceiptRow)).one()
        delivery = session.execute(select(core_table(Delivery))).mappings().one()
        for number in range(1, POSTS_A_DAY * DAYS):
            age = number * DAY / POSTS_A_DAY
            interval = next(
                interval for oldest, interval in ingest.READING_INTERVALS if age <= oldest
            )
            interval = ingest.TOLD_EVERY if is_told else interval
            key = 1_000 + number
            # A copy of the row, of an action of which a text may have many.
            copied = {**delivery, "id": key, "action": DeliveryAction.DELETE}
            session.execute(insert(core_table(Delivery)), copied)
            session.add(
                ReceiptRow(
                    id=key,
                    delivery_id=key,
                    account_id=first.account_id,
                    platform_id=str(90_000 + number),
                    published_at=now - age,
                    stored_at=now - age,
                    origin=first.origin,
                )
            )
            session.add(
                Source(
                    account_id=first.account_id,
                    receipt_id=key,
                    read_at=now + dice.random() * interval,
                )
            )


@pytest.mark.proof
@pytest.mark.parametrize(("is_told", "least", "most"), [(False, 690, 730), (True, 130, 160)])
def test_an_hour_of_polling(told_town: ToldTown, is_told: bool, least: int, most: int) -> None:
    if is_told:
        told_town.ask()
        told_town.poll()
    add_posts(told_town, is_told=is_told)
    before = told_town.facebook.polls
    for _ in range(HOUR // STEP):
        told_town.town.clock.move(STEP)
        told_town.poll()
    polls = told_town.facebook.polls - before
    assert least <= polls <= most
