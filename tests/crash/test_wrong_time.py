"""A clock goes wrong, jumps, or meets the end of a day, month or year.

Only the clock's process gets a wrong present moment; the platforms and PostgreSQL keep the real
time, as they would on other machines. Where the time is not witnessed, the clock publishes by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.states import DeliveryState
from tests.crash.clock_installation import TIMEOUT, ClockInstallation
from tests.crash.verdict import judge
from tests.support.processes import RunningCommand

pytestmark = pytest.mark.timeout(900)

MINUTES, HOUR, DAY = 300, 3_600, 86_400
MIDNIGHT = timedelta(hours=18, minutes=30)
"""The city's midnight as a time of the previous day in UTC."""


@pytest.fixture
def set_time_error(tmp_path: Path) -> Callable[[float], Path]:
    """Return a function that sets the clocks' error in seconds, and returns the file with it."""
    file, new = tmp_path / "wrong-by", tmp_path / "wrong-by.new"

    def write_seconds(seconds: float) -> Path:
        new.write_text(str(seconds))
        return new.replace(file)

    return write_seconds


def _start_wrong_clock(
    installation: ClockInstallation, by: Path, *witnessed: str
) -> RunningCommand:
    clock = installation.start_wrong_clock(by, *witnessed)
    clock.wait_for("runs", within=TIMEOUT)
    return clock


def _wait_and_judge(installation: ClockInstallation, clock: RunningCommand) -> None:
    installation.wait_for(lambda: installation.waiting_count() == 0)
    clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    missed = installation.delivery_count(DeliveryState.MISSED)
    assert verdict.published + verdict.held + missed == verdict.posts > 0


@pytest.mark.parametrize("seconds", [MINUTES, -MINUTES, HOUR, -HOUR, DAY, -DAY])
def test_a_wrong_clock_that_is_set_right_loses_and_repeats_nothing(
    installation: ClockInstallation, set_time_error: Callable[[float], Path], seconds: float
) -> None:
    """Three responses are lost, so that the clock looks for posts with a wrong time."""
    clock = _start_wrong_clock(installation, set_time_error(seconds))
    installation.add_fault("x", "publish", "reset_after", count=3)
    installation.add_posts(12)
    time.sleep(2)
    set_time_error(0)
    installation.add_posts(6)
    time.sleep(2)
    if seconds > 0:  # look-ups that it planned while ahead fall due at that time
        set_time_error(seconds)
    _wait_and_judge(installation, clock)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, DAY])
def test_a_witnessed_wrong_clock_publishes_only_once_it_is_set_right(
    installation: ClockInstallation, set_time_error: Callable[[float], Path], seconds: float
) -> None:
    """It jumps while it sends; by its wrong time nothing is given up."""
    clock = _start_wrong_clock(installation, set_time_error(0), "witnessed")
    installation.add_posts(6)
    installation.wait_for(lambda: installation.waiting_count() == 0)
    set_time_error(seconds)
    time.sleep(2)
    installation.add_posts(6, due=now() + timedelta(seconds=HOUR / 2))
    installation.add_posts(6)
    time.sleep(3)
    assert installation.delivery_count(DeliveryState.PUBLISHED) == 6
    set_time_error(0)
    installation.wait_for(lambda: installation.delivery_count(DeliveryState.PUBLISHED) == 12)
    set_time_error(HOUR / 2)
    time.sleep(3)
    assert installation.delivery_count(DeliveryState.PUBLISHED) == 12
    clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert (verdict.duplicates, verdict.unapproved, verdict.published) == (0, 0, 12), verdict
    assert installation.delivery_count(DeliveryState.SCHEDULED) == 6


def test_a_clock_set_back_an_hour_while_it_sends_loses_and_repeats_nothing(
    installation: ClockInstallation, set_time_error: Callable[[float], Path]
) -> None:
    installation.slow_publications(0.5)
    clock = _start_wrong_clock(installation, set_time_error(HOUR))
    installation.add_posts(12)
    installation.wait_for(lambda: installation.delivery_count(DeliveryState.SENDING) > 0)
    set_time_error(0)
    time.sleep(1)
    clock.kill()
    installation.clocks.remove(clock)
    clock = _start_wrong_clock(installation, set_time_error(0))
    installation.add_posts(6)
    time.sleep(3)
    set_time_error(HOUR)  # the hour passes, and the killed clock's leases end
    _wait_and_judge(installation, clock)


def _day_begins(_: datetime) -> bool:
    return True


def _month_begins(moment: datetime) -> bool:
    return (moment + timedelta(days=1)).day == 1


def _financial_year_begins(moment: datetime) -> bool:
    return (moment.month, moment.day) == (3, 31)


@pytest.mark.parametrize("begins", [_day_begins, _month_begins, _financial_year_begins])
def test_over_the_ends_of_day_month_and_year_everything_leaves_once(
    installation: ClockInstallation,
    set_time_error: Callable[[float], Path],
    begins: Callable[[datetime], bool],
) -> None:
    """The clock's time runs from two seconds before midnight to some seconds after."""
    moment = _first_midnight(begins)
    ahead = (moment - timedelta(seconds=2) - now()).total_seconds()
    installation.slow_publications(0.5)
    installation.add_posts(6, due=moment - timedelta(seconds=1))
    installation.add_posts(6, due=moment + timedelta(seconds=1))
    clock = _start_wrong_clock(installation, set_time_error(ahead))
    set_time_error((moment - timedelta(seconds=2) - now()).total_seconds())
    _wait_and_judge(installation, clock)
    assert installation.delivery_count(DeliveryState.MISSED) == 0


def _first_midnight(begins: Callable[[datetime], bool]) -> datetime:
    """Return the first midnight from tomorrow on at which this period begins."""
    day = datetime.combine(now().date() + timedelta(days=1), datetime.min.time(), UTC)
    while not begins(day):
        day += timedelta(days=1)
    return day + MIDNIGHT


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"])
def test_a_machine_set_to_another_time_zone_sends_when_it_is_due(
    installation: ClockInstallation, zone: str
) -> None:
    """The zones are twelve hours behind and eight and a half hours ahead of the city's time."""
    clock = installation.start_clock_in_zone(zone)
    clock.wait_for("runs", within=TIMEOUT)
    due_at = now() + timedelta(seconds=6)
    installation.add_posts(2, due=due_at)
    _wait_and_judge(installation, clock)
    posts = [post for name in ("x", "facebook") for post in installation.ledger(name)]
    assert len(posts) >= 2
    assert min(datetime.fromisoformat(post["created_at"]) for post in posts) >= due_at
    with installation.database.reading() as session:
        sent = session.scalars(select(Delivery.sending_at)).all()
    assert all(at is not None and due_at <= at < due_at + timedelta(minutes=1) for at in sent)
