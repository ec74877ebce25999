"""The clock: it only beats time for the ticks of the house; the table is the queue."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler

from publisher.content_checks.link_checker import LinkChecker, tick_links
from publisher.database.session import Database
from publisher.delivery.accounts.token_expiry import tick_tokens
from publisher.delivery.dispatch import tick_overtaken, tick_press
from publisher.delivery.emergency.alerts import tick_alerts
from publisher.delivery.emergency.ratification import tick_ratifications
from publisher.delivery.monitoring.poll import tick_watching
from publisher.delivery.orphan_cleanup import tick_tidying
from publisher.delivery.outcomes import NOT_STORED
from publisher.delivery.rate_limits.query import tick_limits
from publisher.delivery.reconcile import tick_reconcile
from publisher.delivery.worker import Worker
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox.ingest import tick_listening
from publisher.inbox.reply import tick_answers
from publisher.notifications.email import tick_mail
from publisher.notifications.sms import tick_sms
from publisher.operations.backup.reconcile import tick_seeking
from publisher.operations.departments.close import tick_departments
from publisher.operations.retention import tick_retention
from publisher.operations.schedule_marker import tick_timed
from publisher.operations.worker_health import look_back, tick_outages
from publisher.reports.export import tick_exports
from publisher.settings.environment import Settings

COLLECTING = (20_000, 20, 50)
"""How many new objects call for a collection, and how many of these for a longer one."""

log = logging.getLogger("nagarvani.clock")


@dataclass(frozen=True)
class Tick:
    """One thing the clock does again and again; `every` is in seconds."""

    name: str
    every: float
    run: Callable[[], int]


def ticks(
    context: WorkerContext,
    settings: Settings,
    *,
    is_busy: Callable[[], bool] = lambda: False,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[Tick, ...]:
    """Everything the clock does, in the order in which one round does it.

    While `is_busy`, less is read of what citizens write: what is due goes before. Once it
    `is_stopping`, what asks platforms for one thing after another ends after the one in hand.
    """
    return (
        Tick("press", 0.5, lambda: tick_press(context)),
        Tick("tidying", 300.0, lambda: tick_tidying(context, is_stopping=is_stopping)),
        Tick("overtaken", 300.0, lambda: tick_overtaken(context)),
        Tick("confirming", 2.0, lambda: tick_reconcile(context, is_stopping=is_stopping)),
        Tick("seeking", 60.0, lambda: tick_seeking(context, is_stopping=is_stopping)),
        Tick("answers", 2.0, lambda: tick_answers(context.database, now=context.now())),
        Tick("watching", 60.0, lambda: tick_watching(context, is_stopping=is_stopping)),
        Tick("limits", 5.0, lambda: tick_limits(context.database, now=context.now())),
        Tick("tokens", 3_600.0, lambda: tick_tokens(context, settings, is_stopping=is_stopping)),
        Tick(
            "alerts", 5.0, lambda: tick_alerts(context.database, sms=settings.sms, now=context.now)
        ),
        Tick("ratifications", 60.0, lambda: tick_ratifications(context.database, now=context.now)),
        Tick(
            "listening",
            5.0,
            lambda: tick_listening(context, is_busy=is_busy, is_stopping=is_stopping),
        ),
        Tick("mail", 2.0, lambda: _mail(context, settings, is_stopping)),
        Tick("exports", 1.0, lambda: tick_exports(context.database, now=context.now())),
        Tick("sms", 2.0, lambda: _sms(context, settings, is_stopping)),
        Tick("departments", 60.0, lambda: tick_departments(context.database, now=context.now)),
        Tick("links", 3.0, lambda: _links(context, settings)),
        Tick("outages", 5.0, lambda: tick_outages(context.database, now=context.now())),
        Tick("timed", 30.0, lambda: tick_timed(context.database)),
        Tick(
            "retention",
            3600.0,
            lambda: tick_retention(context.database, context.store, now=context.now()),
        ),
    )


def _mail(context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool]) -> int:
    return tick_mail(
        context.database,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        base_url=settings.base_url,
        now=context.now,
        is_stopping=is_stopping,
    )


def _sms(context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool]) -> int:
    return tick_sms(
        context.database,
        sms=settings.sms,
        base_url=settings.base_url,
        now=context.now,
        is_stopping=is_stopping,
    )


def _links(context: WorkerContext, settings: Settings) -> int:
    link_checker = LinkChecker(
        context.database, context.store, settings.link_reach, context.monotonic
    )
    return tick_links(link_checker, now=context.now)


def run_once(context: WorkerContext, settings: Settings) -> dict[str, int]:
    """Run whatever is due, once; gives how much each tick did."""
    look_back(context.database, now=context.now())
    return {tick.name: tick.run() for tick in ticks(context, settings)}


def run(context: WorkerContext, settings: Settings) -> None:
    """Tick until SIGTERM or SIGINT; what is under way then is finished first."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    look_back(context.database, now=context.now())
    _leave_alone_what_stays()
    died = threading.Event()
    tables = Tick("tables", 2.0, _watch_tables(context.database, asked, died))
    with on_one_processor(is_wanted=context.database.is_sqlite):
        # The press has a thread of its own: it waits for the next due moment, not for a beat.
        press = Worker(context)
        printing = threading.Thread(target=_print, args=[press, asked, died], name="press")
        printing.start()
    beside = ticks(context, settings, is_busy=press.is_busy, is_stopping=asked.is_set)
    scheduler = make_scheduler((*(one for one in beside if one.name != "press"), tables))
    scheduler.start()
    log.info("clock %s runs", context.clock_name)
    asked.wait()
    scheduler.pause()  # nothing is begun any more
    press.wake.set()
    printing.join()
    press.close()
    scheduler.shutdown(wait=True)
    log.info("clock %s has stopped", context.clock_name)
    if died.is_set():
        raise SystemExit(1)  # whoever watches over the clock starts it again


def _watch_tables(
    database: Database, asked: threading.Event, died: threading.Event
) -> Callable[[], int]:
    """A tick that ends the clock once the tables are another version's.

    What they are then is not for this version to write.
    """
    ours = database.head()

    def watch() -> int:
        found = database.revision()
        if found != ours:
            log.error("the tables are those of another version (%s, not %s) now", found, ours)
            died.set()
            asked.set()
        return 0

    return watch


def _leave_alone_what_stays() -> None:
    """Keep Python's collector from walking again and again through all that was loaded once.

    That took a fifth of the clock's time while much was due; what is young is looked at less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)


@contextmanager
def on_one_processor(*, is_wanted: bool) -> Iterator[None]:
    """Threads started meanwhile, and those that they start, share one processor.

    On SQLite the threads of a press take turns all the time, for Python and for the file: handing
    the turn on to another processor, which has to be woken, takes longer than what is done in it.
    """
    can_choose = hasattr(os, "sched_setaffinity")  # Linux
    if not (is_wanted and can_choose):
        yield
        return
    allowed = os.sched_getaffinity(0)
    _choose({sorted(allowed)[os.getpid() % len(allowed)]})
    try:
        yield
    finally:
        _choose(allowed)


def _choose(processors: set[int]) -> None:
    """For this thread. Where that is forbidden, a press is only slower."""
    with suppress(OSError):
        os.sched_setaffinity(0, processors)


def _print(worker: Worker, asked: threading.Event, died: threading.Event) -> None:
    """Beat until asked to stop; a clock whose press dies of a mistake ends as a whole."""
    try:
        _beat(worker, asked)
    finally:
        if not asked.is_set():
            died.set()
            asked.set()


def _beat(worker: Worker, asked: threading.Event) -> None:
    """A database that is away for a moment ends nothing."""
    while not asked.is_set():
        try:
            taken = worker.run_for()
        except NOT_STORED as problem:
            log.warning("press: the database does not answer (%s)", type(problem).__name__)
            asked.wait(1.0)
        else:
            if taken:
                log.info("press: %d", taken)


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
