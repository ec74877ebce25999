"""What a month costs after three years, counted by the ledger and by the bill of an invented X."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from publisher.delivery.costs import ledger
from publisher.delivery.monitoring import poll
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest
from publisher.models.accounts import ChargeDay
from publisher.models.comments import CommentAuthor, Source
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.charges import MICROS, Cause, ChargeKind
from publisher.platforms.base.protocol import Platform
from publisher.platforms.registry import open_platform
from publisher.settings import environment
from tests.platforms.platform_setups import CREDENTIALS
from tests.support import billing_x, crowd, kept_rows
from tests.support.billing_x import OURS, BilledPost, BillingX, id_at
from tests.support.city import City
from tests.support.fixtures import sqlite_town

__all__ = ["sqlite_town"]

POSTS, ANSWERS, COMMENTS, PEOPLE, NEW_PEOPLE = 30, 150, 300, 150, 50
"""What happens on a day."""

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MONTH = 30
COMMENT_DAYS = 3
"""The days whose comments are read; a month costs ten times as much."""

LOOK_DAYS = 1
"""The days on which looks are made; a month costs thirty times as much."""

SETTINGS = environment.load({}).platforms
COPIED = (
    *("posts", "post_submissions", "revisions", "revision_departments", "variants"),
    *("decisions", "deliveries", "receipts", "submissions"),
)


@dataclass
class CostlyCity:
    """A city after so many days, whose account is read from an X that bills."""

    town: City
    x: BillingX
    context: WorkerContext
    days: int

    def spent(self, *causes: Cause) -> float:
        """Return what these causes have cost, in dollars."""
        amount = func.sum(ChargeDay.number * ChargeDay.price)
        with self.town.read() as session:
            query = select(amount).where(ChargeDay.cause.in_(causes))
            return (session.scalar(query) or 0) / MICROS

    def numbers(self) -> dict[str, int]:
        """Return the number of charges by UTC day."""
        query = select(ChargeDay.utc_day, func.sum(ChargeDay.number)).group_by(ChargeDay.utc_day)
        with self.town.read() as session:
            return {day.isoformat(): int(number) for day, number in session.execute(query)}


def build(
    town: City,
    x: BillingX,
    url: str,
    *,
    days: int,
    ahead: int,
    answer_days: int = 0,
    dialect: str = "",
) -> CostlyCity:
    """Copy a post that is live so often that there are `days` of them, and `ahead` to come.

    Answers of ours are those of the last `answer_days`, and of the days to come.
    """
    town.live()
    answer_count = (answer_days + ahead) * ANSWERS if answer_days else 0
    with kept_rows.changeable(town.database), town.write() as session:
        account = session.get_one(Account, town.accounts["x"])
        first = session.scalars(select(ReceiptRow)).one()
        text = x_text(town, first)
        crowd.copy_rows(session, COPIED, (days + ahead) * POSTS + answer_count)
        ids = session.scalars(select(ReceiptRow.id).order_by(ReceiptRow.id)).all()[1:]
        moments = moments_of((days + ahead) * POSTS, town.now - days * DAY, DAY / POSTS)
        answered_at = moments_of(
            answer_count, town.now - answer_days * DAY + timedelta(seconds=1), DAY / ANSWERS
        )
        x.posts += [BilledPost(key := id_at(at), OURS, key, None, text, at) for at in moments]
        for at in answered_at:
            comment = BilledPost(id_at(at - MINUTE), "7", "1", "1", "पाणी?", at - MINUTE)
            x.posts += [comment, BilledPost(id_at(at), OURS, "1", comment.id, text, at)]
        answer_ids, ids = ids[len(moments) :], ids[: len(moments)]
        session.execute(
            update(ReceiptRow),
            [
                {"id": key, "platform_id": id_at(at), "published_at": at, "stored_at": at}
                for key, at in zip((*ids, *answer_ids), (*moments, *answered_at), strict=True)
            ],
        )
        session.execute(insert(Source), list(sources(account.id, ids, moments, town.now)))
        session.execute(insert(Watch), list(watches(ids, moments, town.now)))
        if answer_ids:
            session.execute(insert(Watch), list(answer_watches(answer_ids, answered_at, town.now)))
        first.gone_at = town.now
    settings = {**SETTINGS, "x_api_url": url}

    def open_account(account: Account) -> Platform:
        record = ledger.recorder(town.database, settings, lambda: town.now)(account)
        return open_platform(
            "x",
            CREDENTIALS["x"],
            settings,
            now=lambda: town.now,
            monotonic=time.monotonic,
            dialect=dialect,
            record=record,
        )

    return CostlyCity(town, x, replace(town.context, open_account=open_account), days)


def moments_of(count: int, begin: datetime, pause: timedelta) -> list[datetime]:
    """Return so many moments, with a pause between two."""
    return [begin + pause * number for number in range(count)]


def x_text(town: City, receipt: ReceiptRow) -> str:
    """Return the text that is live."""
    post = town.platform("x").see(receipt.platform_id)
    assert post is not None
    return post.text


def sources(
    account_id: int, ids: Sequence[int], moments: Sequence[datetime], now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the sources: read until now, from their beginning on, or no more."""
    for receipt_id, at in zip(ids, moments, strict=True):
        is_read = at > now - 30 * DAY
        yield {
            "account_id": account_id,
            "receipt_id": receipt_id,
            "read_at": max(at, now) if is_read else None,
            "cursor": f"{id_at(now)}||" if is_read and at < now else None,
        }


def watches(
    ids: Sequence[int], moments: Sequence[datetime], now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the watches, with looks that are spread over their intervals."""
    for number, (receipt_id, at) in enumerate(zip(ids, moments, strict=True)):
        age = (now - at) / DAY
        interval = 1 if age < 30 else 7 if age < 365 else 30
        look_at = now + interval * DAY * (number % 997) / 997
        yield {
            "receipt_id": receipt_id,
            "look_at": max(look_at, at + DAY / 2),
            "looked_at": min(now, look_at) - interval * DAY,
            "seen_text": "",
            "note": "",
        }


def answer_watches(
    ids: Sequence[int], moments: Sequence[datetime], now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the watches of answers, which are looked at after a day and after a week."""
    for receipt_id, at in zip(ids, moments, strict=True):
        age = now - at
        look_at = at + DAY if age < DAY else at + 7 * DAY if age < 7 * DAY else None
        yield {
            "receipt_id": receipt_id,
            "is_answer": True,
            "look_at": look_at,
            "looked_at": None if age < DAY else at + DAY,
            "seen_text": "",
            "note": "",
        }


def let_citizens_write(city: CostlyCity, days: int) -> None:
    """Let citizens comment under the posts of the last three days, and answer half of it."""
    chance = random.Random(18)
    roots = list(city.x.posts)
    start = city.town.now
    for day in range(days):
        begin = start + day * DAY
        near = [post for post in roots if begin - 3 * DAY < post.at <= begin]
        people = [f"7{number:04d}" for number in range(PEOPLE - NEW_PEOPLE)]
        people += [f"8{day:03d}{number:03d}" for number in range(NEW_PEOPLE)]
        for number in range(COMMENTS):
            root, at = chance.choice(near), begin + DAY / COMMENTS * number
            person, key = people[number % PEOPLE], id_at(at, number + 1)
            city.x.posts.append(
                BilledPost(key, person, root.id, root.id, f"@sarav_nagar पाणी? {number}", at)
            )
            if number % (COMMENTS // ANSWERS) == 0:
                later = at + timedelta(hours=2)
                city.x.posts.append(
                    BilledPost(id_at(later, number + 1), OURS, root.id, key, "उत्तर", later)
                )
    # A hundred people have written before, and were read over the last thirty days.
    rows = [
        {
            "platform": "x",
            "author_id": f"7{number:04d}",
            "name": "नागरिक",
            "handle": "n",
            "read_at": start - MONTH * DAY * number / (PEOPLE - NEW_PEOPLE),
        }
        for number in range(PEOPLE - NEW_PEOPLE)
    ]
    with city.town.write() as session:
        session.execute(insert(CommentAuthor), rows)


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("dialect", "least", "most"), [("tweet", 45, 65), ("strict", 95, 115)])
def test_the_comments_of_a_month_cost_what_the_docs_say(
    town: City, dialect: str, least: int, most: int
) -> None:
    """In the strict dialect X returns the authors and what they answer with every page."""
    x = BillingX(lambda: town.now)
    with billing_x.serving(x) as url:
        city = build(town, x, url, days=31, ahead=COMMENT_DAYS, dialect=dialect)
        let_citizens_write(city, COMMENT_DAYS)
        x.settle()
        stored = 0
        for _ in range(COMMENT_DAYS):
            town.clock.move(DAY)
            stored += ingest.tick_ingest(city.context, most=100_000)
    of_bill = {day: len(things) for day, things in x.bill.items()}
    assert city.numbers() == of_bill, "the ledger is X's bill"
    assert stored == COMMENT_DAYS * COMMENTS
    month = city.spent(*Cause) * MONTH / COMMENT_DAYS
    sys.stdout.write(f"comments of a month: ${month:.2f}, in {x.requests} requests\n")
    assert least < month <= most


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("dialect", "most_others"), [("tweet", 0), ("strict", 50)])
def test_the_looks_of_a_month_after_three_years_cost_what_the_docs_say(
    town: City, dialect: str, most_others: int
) -> None:
    """A day of looks is a day of UTC: what is read twice on it is charged once.

    In the strict dialect X returns the comments that we answered beside our answers.
    """
    town.clock.at = town.now.replace(hour=0, minute=0, second=0) + DAY
    x = BillingX(lambda: town.now)
    with billing_x.serving(x) as url:
        city = build(town, x, url, days=3 * 365, ahead=LOOK_DAYS, answer_days=30, dialect=dialect)
        x.settle()
        for _ in range(LOOK_DAYS * 24 - 1):
            town.clock.move(timedelta(hours=1))
            poll.tick_watching(city.context, most=1_000, rounds=1_000)
    assert city.numbers() == {day: len(things) for day, things in x.bill.items()}
    own_kinds = (ChargeKind.OWNED_READ, ChargeKind.OWN_BY_ID)
    with town.read() as session:
        own = select(func.sum(ChargeDay.number)).where(ChargeDay.kind.in_(own_kinds))
        reads = session.scalar(own) or 0
    owned = reads * 0.001 * MONTH / LOOK_DAYS
    full = city.spent(Cause.LOOKS) * MONTH / LOOK_DAYS
    others = full - reads * 0.005 * MONTH / LOOK_DAYS
    sys.stdout.write(
        f"looks of a month: ${owned:.2f} at the owned price, ${full:.2f} full,"
        f" of which ${others:.2f} for what is not ours\n"
    )
    assert 85 < owned <= 110
    assert most_others - 15 <= others <= most_others
