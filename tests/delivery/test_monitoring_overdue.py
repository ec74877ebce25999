"""Overdue polling is shown to admins on the accounts' pages, and by `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from commands.health_messages import sentence
from publisher.delivery.monitoring import intervals, overdue, poll
from publisher.delivery.monitoring.overdue import OverdueChecks
from publisher.models.deliveries import Account, ReceiptRow
from publisher.operations import health_checks
from publisher.platforms.base.protocol import RefusalCode, Refused, TryLater
from publisher.states import AccountState
from tests.delivery.test_monitoring import poll_for
from tests.delivery.test_monitoring_batches import RecordingPlatform
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

ENOUGH = intervals.LONGEST + DAY


def overdue_accounts(
    town: City, weekly_after: timedelta | None = None
) -> Mapping[int, OverdueChecks]:
    """Return the accounts whose polling is overdue."""
    with town.read() as session:
        return overdue.behind(session, now=town.now, weekly_after=weekly_after)


def two_that_cannot_be_read(town: City) -> RecordingPlatform:
    """Publish two posts on X, which cannot be read, and one on Facebook."""
    (refused,) = town.live(on=["x"])
    town.live(on=["facebook"])
    (later,) = town.live(on=["x"])
    away = RecordingPlatform(town, at_once=100)
    away.posts.extend(town.platform("x").posts)
    away.said = {
        town.platform_id(refused): Refused(RefusalCode.PERMISSION),
        town.platform_id(later): TryLater(),
    }
    town.platforms[town.accounts["x"]] = away
    return away


def test_an_unseen_post_is_overdue_however_often_it_is_requested(
    town: City,
) -> None:
    published_at = town.now
    away = two_that_cannot_be_read(town)
    assert poll_for(town, ENOUGH) > 30
    assert overdue_accounts(town) == {}
    town.clock.move(timedelta(seconds=1))
    x = town.accounts["x"]
    assert overdue_accounts(town) == {x: OverdueChecks(x, 2, published_at)}
    away.said = {}
    poll_for(town, HOUR)
    assert overdue_accounts(town) == {}


def test_doctor_says_so_with_what_to_do(town: City) -> None:
    two_that_cannot_be_read(town)
    poll_for(town, ENOUGH)
    assert health_checks.check_monitoring(town.database, now=town.now, weekly_after=None) == []
    poll_for(town, HOUR)
    (problem,) = health_checks.check_monitoring(town.database, now=town.now, weekly_after=None)
    assert not problem.ok
    message = sentence(problem)
    assert "on x (pmc_x): 2 that are out were not looked at" in message
    assert "one of them since 2026-11-25 06:30 UTC" in message
    assert "NAGARVANI_WEEKLY_LOOKS_AFTER" in message


def test_where_a_weekly_look_is_enough_a_week_and_a_day_is_too_long(town: City) -> None:
    town.live(on=["x"])
    poll_for(town)
    town.clock.move(7 * DAY)
    assert set(overdue_accounts(town, 8 * DAY)) == {town.accounts["x"]}
    assert overdue_accounts(town, 6 * DAY) == {}
    town.clock.move(DAY + HOUR)
    assert set(overdue_accounts(town, 6 * DAY)) == {town.accounts["x"]}


def test_what_was_found_late_is_not_behind_in_its_first_hours(town: City) -> None:
    (delivery,) = town.live(on=["x"])
    stored_at, x = town.now, town.accounts["x"]
    with town.write() as session:
        receipt = session.scalars(
            select(ReceiptRow).where(ReceiptRow.delivery_id == delivery)
        ).one()
        receipt.published_at = town.now - 5 * DAY
    poll.tick_watching(town.context)
    assert overdue_accounts(town) == {}
    town.clock.move(ENOUGH + MINUTE)
    assert overdue_accounts(town) == {x: OverdueChecks(x, 1, stored_at)}


def test_what_nobody_can_or_need_look_at_is_not_behind(town: City) -> None:
    (gone,) = town.live(on=["x"])
    town.live(on=["facebook"])
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(gone))
    poll_for(town, DAY)
    town.clock.move(5 * DAY)
    facebook = town.accounts["facebook"]
    assert set(overdue_accounts(town)) == {facebook}
    for state, is_behind in ((AccountState.PAUSED, True), (AccountState.DISCONNECTED, False)):
        with town.write() as session:
            session.get_one(Account, facebook).state = state
        assert bool(overdue_accounts(town)) is is_behind
