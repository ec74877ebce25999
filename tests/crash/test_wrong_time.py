"""A clock goes wrong, jumps, or meets the end of a day, month or year.

The time of the clock's process is moved by what it is given for the present moment; the platforms
and PostgreSQL keep the real one, as they would.
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
from tests.crash.house import PATIENCE, House
from tests.crash.verdict import judge
from tests.support.processes import RunningCommand

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

MINUTES, HOUR, DAY = 300, 3_600, 86_400
DAYBREAK = timedelta(hours=18, minutes=30)
"""When the city's day begins, by UTC."""


@pytest.fixture
def wrong_by(tmp_path: Path) -> Callable[[float], Path]:
    """Says by how many seconds clocks are wrong from now on; gives the file that tells them."""
    file, new = tmp_path / "wrong-by", tmp_path / "wrong-by.new"

    def be_wrong(seconds: float) -> Path:
        new.write_text(str(seconds))
        return new.replace(file)

    return be_wrong


def _wrong_clock(installation: House, by: Path) -> RunningCommand:
    clock = installation.wrong_clock(by)
    clock.wait_for("runs", within=PATIENCE)
    return clock


def _settle(installation: House, clock: RunningCommand) -> None:
    installation.wait_for(lambda: installation.waiting() == 0)
    clock.stop(within=PATIENCE)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    missed = installation.count(DeliveryState.MISSED)
    assert verdict.published + verdict.held + missed == verdict.posts > 0


@pytest.mark.parametrize("seconds", [MINUTES, -MINUTES, HOUR, -HOUR, DAY, -DAY])
def test_a_wrong_clock_that_is_set_right_loses_and_repeats_nothing(
    installation: House, wrong_by: Callable[[float], Path], seconds: float
) -> None:
    """Three answers are lost, so that it looks for posts with a wrong time in its head."""
    clock = _wrong_clock(installation, wrong_by(seconds))
    installation.fault("x", "publish", "reset_after", count=3)
    installation.posts(12)
    time.sleep(2)
    wrong_by(0)
    installation.posts(6)
    time.sleep(2)
    if seconds > 0:  # what it planned while it was ahead comes due when that time has come
        wrong_by(seconds)
    _settle(installation, clock)


def test_a_clock_set_back_an_hour_while_it_sends_loses_and_repeats_nothing(
    installation: House, wrong_by: Callable[[float], Path]
) -> None:
    installation.slow(0.5)
    clock = _wrong_clock(installation, wrong_by(HOUR))
    installation.posts(12)
    installation.wait_for(lambda: installation.count(DeliveryState.SENDING) > 0)
    wrong_by(0)
    time.sleep(1)
    clock.kill()
    installation.clocks.remove(clock)
    clock = _wrong_clock(installation, wrong_by(0))
    installation.posts(6)
    time.sleep(3)
    wrong_by(HOUR)  # the hour passes, and with it the leases of the one that died
    _settle(installation, clock)


def _next_daybreak(_: datetime) -> bool:
    return True


def _month_begins(moment: datetime) -> bool:
    return (moment + timedelta(days=1)).day == 1


def _financial_year_begins(moment: datetime) -> bool:
    return (moment.month, moment.day) == (3, 31)


@pytest.mark.parametrize("begins", [_next_daybreak, _month_begins, _financial_year_begins])
def test_over_the_ends_of_day_month_and_year_everything_leaves_once(
    installation: House, wrong_by: Callable[[float], Path], begins: Callable[[datetime], bool]
) -> None:
    """The clock comes from two seconds before to some seconds after."""
    moment = _first(begins)
    ahead = (moment - timedelta(seconds=2) - now()).total_seconds()
    installation.slow(0.5)
    installation.posts(6, due=moment - timedelta(seconds=1))
    installation.posts(6, due=moment + timedelta(seconds=1))
    clock = _wrong_clock(installation, wrong_by(ahead))
    wrong_by((moment - timedelta(seconds=2) - now()).total_seconds())
    _settle(installation, clock)
    assert installation.count(DeliveryState.MISSED) == 0


def _first(begins: Callable[[datetime], bool]) -> datetime:
    """The first daybreak from tomorrow on at which this begins."""
    day = datetime.combine(now().date() + timedelta(days=1), datetime.min.time(), UTC)
    while not begins(day):
        day += timedelta(days=1)
    return day + DAYBREAK


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"])
def test_a_machine_set_to_another_time_zone_sends_when_it_is_due(
    installation: House, zone: str
) -> None:
    """Twelve hours behind the city's time and eight and a half ahead of it."""
    clock = installation.clock_elsewhere(zone)
    clock.wait_for("runs", within=PATIENCE)
    due_at = now() + timedelta(seconds=6)
    installation.posts(2, due=due_at)
    _settle(installation, clock)
    posts = [post for name in ("x", "facebook") for post in installation.ledger(name)]
    assert len(posts) >= 2
    assert min(datetime.fromisoformat(post["created_at"]) for post in posts) >= due_at
    with installation.database.reading() as session:
        sent = session.scalars(select(Delivery.sending_at)).all()
    assert all(at is not None and due_at <= at < due_at + timedelta(minutes=1) for at in sent)
