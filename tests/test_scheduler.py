"""The clock's ticks, their intervals, and its threads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import scheduler
from publisher.database.session import Database
from publisher.delivery.worker_context import WorkerContext
from publisher.media.folder_store import FolderStore
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import Platform
from publisher.settings import environment
from tests.support.city import PACE
from tests.support.city_people import NOON

PROMISES = {
    # A post leaves the moment it is due; a running clock has a thread of its own for it.
    "dispatch": 0.5,
    # A wrong time is noticed within a minute, and so is its end; a jump at once.
    "time": 60,
    # What was made unpublished and is not needed goes an hour after its last try.
    "orphan cleanup": 300,
    # What a claim counted of a limit is counted no more where its try was overtaken.
    "overtaken": 300,
    # What may be live is looked for after 20 s, 1, 5 and 15 minutes.
    "reconcile": 2,
    # A comment is answered as soon as its answer is live.
    "answers": 2,
    # What came for a person is told within seconds, and what time alone changed is seen.
    "tasks": 2,
    # Whether the rows still say whose turn it is: once a night.
    "task check": 3_600,
    # Edits and deletions by others are noticed within a day: each watch has its own due time.
    "watching": 60,
    # A pasted link that could not be read back is read again after a quarter of an hour.
    "unread links": 60,
    # What waits for a full account says until when.
    "limits": 5,
    # A budget that is used up slows reading within a minute.
    "spending": 60,
    # Without credits a platform is tried every 15 minutes, and what is due says what it waits for.
    "credits": 5,
    # What a restore left in doubt is looked for while everything is stopped.
    "seeking": 60,
    # Expiring tokens are reported 14, 7 and 1 days before: they are checked once a day.
    "tokens": 3_600,
    # Whoever is on duty is called at once, and again every 10 minutes.
    "alerts": 5,
    # A department has a day to ratify an emergency; then others are notified.
    "ratifications": 60,
    # Comments on Facebook arrive in seconds, those on X within a minute.
    "ingest": 5,
    # What Facebook tells us of is in the inbox in seconds.
    "webhooks": 2,
    "subscriptions": 60,
    # The leads and admins learn within minutes that comments are not read.
    "unread": 60,
    # Codes and invitations are mailed while a person waits for them.
    "mail": 2,
    # A long list is written down step by step while a person waits for it.
    "exports": 1,
    "mailbox": 30,
    # A file that came while the scanner was away can be used soon after it is back.
    "scans": 30,
    # Somebody waits for the PDF and the ZIP of a call's letters.
    "letter exports": 1,
    # A person waits for the code, as with mails.
    "sms": 2,
    # A department is merged or closed on its day.
    "appointments": 60,
    "calls": 60,
    "transfers": 60,
    "lapsed approvals": 5,
    "contacts": 60,
    "departments": 60,
    # A clerk learns of a dead link while drafting.
    "links": 3,
    # An outage ends as soon as a clock runs.
    "outages": 5,
    # Lists find the posts that have no times among the few not noted yet.
    # What is kept for a time only is erased every hour.
    "retention": 3_600,
}
"""Each tick, its interval in seconds, and the promise that depends on it.

Whoever adds a tick adds its line here, with its promise.
"""


@pytest.fixture
def ticks(tmp_path: Path) -> Iterator[tuple[scheduler.Tick, ...]]:
    """Return what a clock with default settings would run, without running it."""

    def opens_none(account: Account) -> Platform:
        raise AssertionError(account)

    database = Database(f"sqlite:///{tmp_path / 'nagarvani.db'}")
    context = WorkerContext(
        database=database,
        store=FolderStore(tmp_path / "media"),
        open_account=opens_none,
        delivery_settings=PACE,
        clock_name="clock-1",
        now=lambda: NOON,
        monotonic=lambda: 0.0,
    )
    yield scheduler.ticks(context, environment.load({}, folder=tmp_path))
    database.dispose()


def test_the_clock_does_everything_as_often_as_is_promised(
    ticks: tuple[scheduler.Tick, ...],
) -> None:
    assert {job.name: job.every for job in ticks} == PROMISES
    assert len(ticks) == len(PROMISES)


def test_the_scheduler_beats_each_tick_by_its_own_time(ticks: tuple[scheduler.Tick, ...]) -> None:
    jobs = scheduler.make_scheduler(ticks).get_jobs()
    assert {job.id: job.trigger.interval.total_seconds() for job in jobs} == PROMISES


def test_no_tick_waits_for_a_time_that_was_set_back(ticks: tuple[scheduler.Tick, ...]) -> None:
    running = scheduler.make_scheduler(ticks)
    running.start(paused=True)
    now = datetime.now(UTC)
    first = {job.id: job.next_run_time for job in running.get_jobs()}
    scheduler.keep_due(running, now=now)
    beat_later = {job.id: job.next_run_time for job in running.get_jobs()}
    scheduler.keep_due(running, now=now - timedelta(hours=2))
    set_back = {job.next_run_time for job in running.get_jobs()}
    running.shutdown(wait=False)
    assert beat_later == first
    assert set_back == {now - timedelta(hours=2)}
