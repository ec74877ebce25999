"""The process `nagarvani clock`: runs the worker and the periodic ticks.

No job is kept in APScheduler: each tick reads what is due from the tables.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from publisher.content_checks.link_checker import LinkChecker, tick_links
from publisher.database.engines import reason_away
from publisher.delivery.accounts.token_expiry import tick_tokens
from publisher.delivery.costs.budget import tick_spending
from publisher.delivery.dispatch import record_end, take_up_claims, tick_dispatch, tick_overtaken
from publisher.delivery.machine_time import ask_witnesses
from publisher.delivery.monitoring.poll import tick_watching
from publisher.delivery.orphan_cleanup import tick_orphan_cleanup
from publisher.delivery.outcomes import NOT_STORED
from publisher.delivery.platform_credits import tick_credits
from publisher.delivery.rate_limits.query import tick_limits
from publisher.delivery.reconcile import tick_reconcile
from publisher.delivery.unread_links import tick_unread_links
from publisher.delivery.worker import Worker
from publisher.delivery.worker_context import WorkerContext
from publisher.emergency.alerts import tick_alerts
from publisher.emergency.ratification import tick_ratifications
from publisher.inbox.ingest import tick_ingest
from publisher.inbox.reply import tick_answers
from publisher.inbox.subscriptions import tick_subscriptions
from publisher.inbox.unread import tick_unread
from publisher.inbox.webhooks import tick_webhooks
from publisher.intake.scans import tick_scans
from publisher.mail.mailbox.access_tokens import AccessTokens
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.preparation import mail_intake
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from publisher.media.virus_scanner import clamd
from publisher.nominations.calls import tick_calls
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.sms import tick_sms
from publisher.operations.backup.reconcile import tick_seeking
from publisher.operations.departments.close import tick_departments
from publisher.operations.retention import tick_retention
from publisher.operations.store_identity import change_since_start
from publisher.operations.worker_health import close_past_outage, tick_outages
from publisher.papers.letter_exports import tick_letter_exports
from publisher.people.appointment_notices import tick_appointments
from publisher.people.contact_corrections import tick_contacts
from publisher.reports.export import tick_exports
from publisher.review.lapsed_approvals import tick_lapsed_approvals
from publisher.settings.environment import Settings
from publisher.tasks import before_commit
from publisher.tasks.check import tick_task_check
from publisher.tasks.tick import tick_tasks
from publisher.transfers.carry_out import tick_transfers

log = logging.getLogger("nagarvani.clock")


@dataclass(frozen=True)
class Tick:
    """A periodic function of the clock; `every` is in seconds. `run` returns the amount done."""

    name: str
    every: float
    run: Callable[[], int]


def ticks(
    context: WorkerContext,
    settings: Settings,
    *,
    is_busy: Callable[[], bool] = lambda: False,
    is_stopping: Callable[[], bool] = lambda: False,
    waits: bool = False,
) -> tuple[Tick, ...]:
    """Return all ticks of the clock, in the order in which `run_once` runs them.

    While `is_busy` is true, fewer comments are read, since due deliveries go first. Once
    `is_stopping` is true, ticks that call platforms end after the current call. If it `waits`, the
    tick of the mailbox stays connected until a mail comes.
    """
    database, now = before_commit.register(context.database), context.now
    return (
        Tick("time", 60.0, lambda: ask_witnesses(context)),
        Tick("dispatch", 0.5, lambda: tick_dispatch(context)),
        Tick(
            "orphan cleanup", 300.0, lambda: tick_orphan_cleanup(context, is_stopping=is_stopping)
        ),
        Tick("overtaken", 300.0, lambda: tick_overtaken(context)),
        Tick("reconcile", 2.0, lambda: tick_reconcile(context, is_stopping=is_stopping)),
        Tick("seeking", 60.0, lambda: tick_seeking(context, is_stopping=is_stopping)),
        Tick("answers", 2.0, lambda: tick_answers(database, now=now())),
        Tick("tasks", 2.0, lambda: tick_tasks(database, now=now, is_stopping=is_stopping)),
        Tick("watching", 60.0, lambda: tick_watching(context, is_stopping=is_stopping)),
        Tick("unread links", 60.0, lambda: tick_unread_links(context, is_stopping=is_stopping)),
        Tick("limits", 5.0, lambda: tick_limits(database, now=now())),
        Tick("credits", 5.0, lambda: tick_credits(context)),
        Tick("spending", 60.0, lambda: tick_spending(database, settings.platforms, now=now())),
        Tick("tokens", 3_600.0, lambda: tick_tokens(context, settings, is_stopping=is_stopping)),
        Tick("alerts", 5.0, lambda: tick_alerts(database, sms=settings.sms, now=now)),
        Tick("ratifications", 60.0, lambda: tick_ratifications(database, now=now)),
        Tick("ingest", 5.0, lambda: tick_ingest(context, is_busy=is_busy, is_stopping=is_stopping)),
        *_webhook_ticks(context, settings, is_stopping),
        Tick("unread", 60.0, lambda: tick_unread(database, now=now())),
        *_message_ticks(context, settings, is_stopping, waits),
        Tick("exports", 1.0, lambda: tick_exports(database, now=now())),
        Tick("letter exports", 1.0, lambda: tick_letter_exports(database, settings, now=now())),
        Tick("appointments", 60.0, lambda: tick_appointments(database, now=now())),
        Tick("calls", 60.0, lambda: tick_calls(database, now=now())),
        Tick("lapsed approvals", 5.0, lambda: tick_lapsed_approvals(database, now=now())),
        Tick("contacts", 60.0, lambda: tick_contacts(database, now=now())),
        Tick("departments", 60.0, lambda: tick_departments(database, now=now)),
        Tick("transfers", 60.0, lambda: tick_transfers(database, now=now)),
        Tick("links", 3.0, lambda: _links(context, settings)),
        Tick("outages", 5.0, lambda: tick_outages(database, now=now())),
        Tick("task check", 3600.0, lambda: tick_task_check(database, now=now())),
        Tick("retention", 3600.0, lambda: tick_retention(database, context.store, now=now())),
    )


def _webhook_ticks(
    context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool]
) -> tuple[Tick, ...]:
    """Return the ticks of comments that platforms report by webhooks."""
    return (
        Tick("webhooks", 2.0, lambda: tick_webhooks(context, is_stopping=is_stopping)),
        Tick(
            "subscriptions",
            60.0,
            lambda: tick_subscriptions(context, settings.platforms, is_stopping=is_stopping),
        ),
    )


def _message_ticks(
    context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool], waits: bool
) -> tuple[Tick, ...]:
    """Return the ticks that send mails and SMS, and that read mails."""
    tokens = None
    if settings.imap_token is not None:
        tokens = AccessTokens(settings.imap_token, now=context.now, monotonic=context.monotonic)
    return (
        Tick("mail", 2.0, lambda: _mail(context, settings, is_stopping)),
        Tick("sms", 2.0, lambda: _sms(context, settings, is_stopping)),
        Tick("scans", 30.0, lambda: _scans(context, settings, is_stopping)),
        Tick("mailbox", 30.0, lambda: _mailbox(context, settings, tokens, is_stopping, waits)),
    )


def _mail(context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool]) -> int:
    return tick_mail(
        context.database,
        MailOrigin.from_settings(settings),
        now=context.now,
        store=context.store,
        is_stopping=is_stopping,
    )


def _mailbox(
    context: WorkerContext,
    settings: Settings,
    tokens: AccessTokens | None,
    is_stopping: Callable[[], bool],
    waits: bool,
) -> int:
    if not settings.imap_url:
        return 0
    intake = mail_intake(settings, context.store, store_identity=context.store_identity)
    server = imap_server(settings.imap_url, tokens=tokens)
    reading = MailboxReading(context.database, server, intake, context.now, is_stopping)
    return tick_mailbox(reading, waits=waits)


def _scans(context: WorkerContext, settings: Settings, is_stopping: Callable[[], bool]) -> int:
    scanner = clamd(settings.clamd_url)
    if scanner is None:
        return 0
    return tick_scans(
        context.database, context.store, scanner, now=context.now, is_stopping=is_stopping
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
    """Run each tick once; returns how much each did, by name."""
    close_past_outage(context.database, now=context.now())
    done = {tick.name: tick.run() for tick in ticks(context, settings)}
    record_end(context)
    return done


def run(context: WorkerContext, settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; what has begun by then is finished first."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    take_up_claims(context)
    close_past_outage(context.database, now=context.now())
    died = threading.Event()
    # An upgrade while this clock runs changes its tables: the clock stops and is started again.
    tables = Tick("tables", 2.0, _start_check(context, stopping, died))
    # The worker has its own thread: it waits for the next due moment, not for a tick.
    worker = Worker(context)
    thread = threading.Thread(target=_run_worker, args=[worker, stopping, died], name="dispatch")
    thread.start()
    all_ticks = ticks(
        context, settings, is_busy=worker.is_busy, is_stopping=stopping.is_set, waits=True
    )
    scheduler = make_scheduler((*(tick for tick in all_ticks if tick.name != "dispatch"), tables))
    scheduler.start()
    log.info("clock %s runs", context.clock_name)
    while not stopping.wait(1.0):
        keep_due(scheduler, now=context.now())
    scheduler.pause()  # no tick starts any more
    worker.wake.set()
    thread.join()
    worker.close()
    scheduler.shutdown(wait=True)
    log.info("clock %s has stopped", context.clock_name)
    if died.is_set():
        raise SystemExit(1)  # the service manager starts the clock again
    record_end(context)


def _start_check(
    context: WorkerContext, stopping: threading.Event, died: threading.Event
) -> Callable[[], int]:
    """Return a tick that stops the clock if the database is not the one that it started with."""

    def watch() -> int:
        if sentence := change_since_start(context.database, context.store_identity):
            log.error("%s", sentence)
            died.set()
            stopping.set()
        return 0

    return watch


def _run_worker(worker: Worker, stopping: threading.Event, died: threading.Event) -> None:
    """Run the worker until the clock stops; if the worker raises, stop the clock."""
    try:
        # An unreachable database does not end the worker.
        while not stopping.is_set():
            try:
                claimed = worker.run_for()
            except NOT_STORED as problem:
                _log_failure("dispatch", problem)
                stopping.wait(1.0)
            else:
                if claimed:
                    log.info("dispatch: %d", claimed)
    finally:
        if not stopping.is_set():
            died.set()
            stopping.set()


def make_scheduler(periodic_ticks: tuple[Tick, ...]) -> BackgroundScheduler:
    """Return a scheduler without a job store that never runs a tick twice at the same time."""
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.add_listener(_log_failed_tick, EVENT_JOB_ERROR)
    for tick in periodic_ticks:
        scheduler.add_job(_run_and_log, "interval", seconds=tick.every, id=tick.name, args=[tick])
    return scheduler


def keep_due(scheduler: BackgroundScheduler, *, now: datetime) -> None:
    """Let no tick wait longer than its interval, as all would after the time was set back."""
    for job in scheduler.get_jobs():
        if job.next_run_time - now > job.trigger.interval:
            job.modify(next_run_time=now)


def _run_and_log(tick: Tick) -> None:
    done = tick.run()
    if done:
        log.info("%s: %d", tick.name, done)


def _log_failed_tick(event: JobExecutionEvent) -> None:
    _log_failure(event.job_id, event.exception)


def _log_failure(loop: str, problem: Exception) -> None:
    """Log that a loop failed and will retry; the handler writes that once a minute."""
    if reason := reason_away(problem):
        log.warning("%s waits for the database: %s", loop, reason, extra={"loop": loop})
    else:
        name = type(problem).__name__
        log.error("%s failed: %s", loop, name, exc_info=problem, extra={"loop": loop})
