"""The clock: it only beats time for the ticks of the house; the table is the queue."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler

from publisher.desk.warning.looking import Glass, tick_links
from publisher.inbox.listening import tick_listening
from publisher.inbox.replying import tick_answers
from publisher.notices.mail import tick_mail
from publisher.notices.sms import tick_sms
from publisher.office.exporting import tick_exports
from publisher.office.reorganising import tick_departments
from publisher.press.bench import Bench
from publisher.press.confirming import tick_confirming
from publisher.press.dispatching import tick_press
from publisher.settings import Settings

log = logging.getLogger("nagarvani.clock")


@dataclass(frozen=True)
class Tick:
    """One thing the clock does again and again; `every` is in seconds."""

    name: str
    every: float
    run: Callable[[], int]


def ticks(bench: Bench, settings: Settings) -> tuple[Tick, ...]:
    """Everything the clock does, in the order in which one round does it."""
    return (
        Tick("press", 0.5, lambda: tick_press(bench)),
        Tick("confirming", 2.0, lambda: tick_confirming(bench)),
        Tick("answers", 2.0, lambda: tick_answers(bench.database, now=bench.now())),
        Tick("listening", 5.0, lambda: tick_listening(bench)),
        Tick("mail", 2.0, lambda: _mail(bench, settings)),
        Tick("exports", 1.0, lambda: tick_exports(bench.database, now=bench.now())),
        Tick("sms", 2.0, lambda: _sms(bench, settings)),
        Tick("departments", 60.0, lambda: tick_departments(bench.database, now=bench.now)),
        Tick("links", 3.0, lambda: _links(bench, settings)),
    )


def _mail(bench: Bench, settings: Settings) -> int:
    return tick_mail(
        bench.database,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        base_url=settings.base_url,
        now=bench.now,
    )


def _sms(bench: Bench, settings: Settings) -> int:
    return tick_sms(bench.database, sms=settings.sms, base_url=settings.base_url, now=bench.now)


def _links(bench: Bench, settings: Settings) -> int:
    glass = Glass(bench.database, bench.store, settings.link_reach, bench.monotonic)
    return tick_links(glass, now=bench.now)


def run_once(bench: Bench, settings: Settings) -> dict[str, int]:
    """Run whatever is due, once; gives how much each tick did."""
    return {tick.name: tick.run() for tick in ticks(bench, settings)}


def run(bench: Bench, settings: Settings) -> None:
    """Tick until SIGTERM or SIGINT; what is under way then is finished first."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    scheduler = make_scheduler(ticks(bench, settings))
    scheduler.start()
    log.info("clock %s runs", bench.clock_name)
    asked.wait()
    scheduler.shutdown(wait=True)
    log.info("clock %s has stopped", bench.clock_name)


def make_scheduler(of: tuple[Tick, ...]) -> BackgroundScheduler:
    """A scheduler that only beats time: nothing stored, nothing twice at once, nothing skipped."""
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for tick in of:
        scheduler.add_job(_told, "interval", seconds=tick.every, id=tick.name, args=[tick])
    return scheduler


def _told(tick: Tick) -> None:
    done = tick.run()
    if done:
        log.info("%s: %d", tick.name, done)
