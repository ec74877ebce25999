from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from publisher.database.session import Database
from publisher.numbering import next_number
from tests.support.city_people import NOON

pytestmark = pytest.mark.both  # locks and SQL of its own


class Rollback(Exception):
    pass


def test_numbers_count_up_from_one_within_a_year(database: Database) -> None:
    with database.transaction() as session:
        numbers = [next_number(session, prefix="PMC", now=NOON) for _ in range(3)]
    assert numbers == ["PMC/2026/000001", "PMC/2026/000002", "PMC/2026/000003"]


def test_the_year_begins_at_midnight_in_the_city(database: Database) -> None:
    with database.transaction() as session:
        before = next_number(
            session, prefix="PMC", now=datetime(2026, 12, 31, 18, 29, 59, tzinfo=UTC)
        )
        after = next_number(session, prefix="PMC", now=datetime(2026, 12, 31, 18, 30, tzinfo=UTC))
    assert (before, after) == ("PMC/2026/000001", "PMC/2027/000001")


def test_each_city_counts_for_itself(database: Database) -> None:
    with database.transaction() as session:
        next_number(session, prefix="PMC", now=NOON)
        assert next_number(session, prefix="NMC", now=NOON) == "NMC/2026/000001"


def test_numbers_have_no_gap_under_many_writers_and_undone_transactions(
    database: Database,
) -> None:
    chance = random.Random(7)
    fates = [chance.random() < 0.3 for _ in range(80)]

    def give(undone: bool) -> str | None:
        try:
            with database.transaction() as session:
                number = next_number(session, prefix="PMC", now=NOON)
                if undone:
                    raise Rollback
        except Rollback:
            return None
        return number

    with ThreadPoolExecutor(6) as writers:
        numbers = [number for number in writers.map(give, fates) if number]
    kept_count = fates.count(False)
    assert sorted(numbers) == [f"PMC/2026/{value:06d}" for value in range(1, kept_count + 1)]
