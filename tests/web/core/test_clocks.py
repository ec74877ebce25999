"""If no clock runs, pages show a banner and the admins are mailed once; the page of clocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.delivery import dispatch
from publisher.models.history import Event
from publisher.models.monitoring import Outage
from publisher.models.notifications import Notice
from publisher.operations import retention, worker_health
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.mail import Mail, MailServer
from tests.web.html_page import Page
from tests.web.site import Site, app_context
from web.controls import workers
from web.controls.workers import ring
from web.core.context import AppContext

SECOND = timedelta(seconds=1)
NEVER_STARTED = "प्रसिद्धीची यंत्रणा एकदाही सुरू झालेली नाही."
SILENT = "सध्या काहीही प्रसिद्ध होत नाही: आज दुपारी १२:०० पासून"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def banner(page: Page) -> str:
    return " ".join(tag.text for tag in page.all if "banner" in tag.get("class").split())


def rows(page: Page) -> list[str]:
    return [row.text for row in page.all if row.tag == "tr"][1:]


def record_heartbeat(city: City, name: str = "clock-1") -> datetime:
    """Record a clock's heartbeat at this moment."""
    with city.write() as session:
        dispatch.record_heartbeat(session, name, now=city.now)
    return city.now


def clock_runs(city: City) -> list[Outage]:
    with city.read() as session:
        return list(session.scalars(select(Outage).order_by(Outage.id)))


@pytest.fixture
def mailing_context(site: Site, tmp_path: Path, mail_server: MailServer) -> AppContext:
    """The context of a site that mails the admins through this mail server."""
    context = app_context(site.city, tmp_path)
    return replace(
        context, settings=replace(context.settings, smtp_url=mail_server.url), rings=True
    )


def test_before_anything_is_scheduled_a_missing_clock_is_not_mentioned(
    site: Site, mailing_context: AppContext
) -> None:
    city = site.city
    city.approved()
    city.clock.move(DAY)
    assert banner(site.browser("lead").page("/")) == ""
    assert ring(mailing_context) == 0
    assert clock_runs(city) == []


@pytest.mark.parametrize("name", ["admin", "clerk", "member"])
def test_once_something_waits_for_the_first_clock_everybody_reads_it(site: Site, name: str) -> None:
    city, browser = site.city, site.browser(name)
    city.schedule(city.approved(), DAY)
    city.clock.move(2 * MINUTE)
    assert banner(browser.page("/")) == ""
    city.clock.move(SECOND)
    assert NEVER_STARTED in banner(browser.page("/"))
    record_heartbeat(city)
    assert banner(browser.page("/")) == ""


def test_cancelled_deliveries_do_not_wait_for_a_clock(site: Site) -> None:
    city, lead = site.city, site.browser("lead")
    city.schedule(post := city.approved(), DAY)
    city.clock.move(HOUR)
    assert NEVER_STARTED in banner(lead.page("/"))
    city.save(post)
    city.clock.move(HOUR)
    assert banner(lead.page("/")) == ""


def test_the_demo_whose_past_was_played_says_nothing(site: Site) -> None:
    record_heartbeat(site.city, worker_health.DEMO_WORKER)
    site.city.due()
    site.city.clock.move(DAY)
    assert banner(site.browser("lead").page("/")) == ""


def test_the_admins_are_mailed_once_that_no_clock_has_run_yet(
    site: Site, mailing_context: AppContext, mail_server: MailServer
) -> None:
    city = site.city
    began_at, post = city.now, city.approved()
    city.schedule(post, DAY)
    city.clock.move(HOUR)
    assert ring(mailing_context) == 1
    city.save(post)
    city.schedule(city.approved("road"), DAY)
    city.clock.move(HOUR)
    assert ring(mailing_context) == 0
    assert len(mail_server.mails) == 1
    assert [run.began_at for run in clock_runs(city)] == [began_at]
    assert worker_health.close_past_outage(city.database, now=city.now) == 1
    record_heartbeat(city)
    assert [run.ended_at for run in clock_runs(city)] == [city.now]


@pytest.mark.parametrize("name", ["admin", "lead", "clerk", "first", "head", "member", "auditor"])
def test_after_two_minutes_without_a_clock_everybody_reads_it(site: Site, name: str) -> None:
    record_heartbeat(site.city, "clock-1")
    site.city.clock.move(2 * MINUTE)
    browser = site.browser(name)
    assert banner(browser.page("/")) == ""
    site.city.clock.move(SECOND)
    for path in ("/", "/profile"):
        page = browser.page(path)
        assert SILENT in banner(page)
        links = [link for link in page.all if link.tag == "a" and link.get("href") == "/clocks"]
        assert bool(links) is (name in ("admin", "lead"))
    record_heartbeat(site.city, "clock-2")
    assert banner(browser.page("/")) == ""


def test_a_silent_clock_is_not_mentioned_without_a_session(site: Site) -> None:
    record_heartbeat(site.city)
    site.city.clock.move(HOUR)
    assert banner(site.nobody().page("/sign-in")) == ""


def test_the_admins_are_mailed_once_and_nothing_else_leaves(
    site: Site, mailing_context: AppContext, mail_server: MailServer
) -> None:
    site.city.in_review()  # whose mails wait for a clock
    with site.city.read() as session:
        waiting = list(session.scalars(select(Notice.id)))
    assert waiting
    began_at = record_heartbeat(site.city)
    site.city.clock.move(2 * MINUTE)
    assert ring(mailing_context) == 0
    site.city.clock.move(SECOND)
    assert [ring(mailing_context) for _ in range(3)] == [1, 0, 0]
    (mail,) = mail_server.mails
    assert mail.recipients == ("admin@pmc.example",)
    assert "https://nagarvani.example/clocks" in mail.text
    assert [(run.began_at, run.found_at) for run in clock_runs(site.city)] == [
        (began_at, site.city.now)
    ]
    site.city.clock.move(HOUR)
    assert ring(mailing_context) == 0


@pytest.mark.both
def test_an_outage_noticed_by_many_processes_is_recorded_once(site: Site) -> None:
    record_heartbeat(site.city)
    now = site.city.clock.move(HOUR)
    with site.city.write() as session:
        first = worker_health.record_outage(session, now=now)
    with site.city.write() as session:  # it had looked before the first was through
        assert worker_health.record_outage(session, now=now) is None
    assert first is not None
    assert site.city.notified("clocks_silent") == ["admin"]


def test_the_mail_about_an_outage_is_retried_if_the_mail_server_is_away(
    site: Site, mailing_context: AppContext, mail_server: MailServer
) -> None:
    record_heartbeat(site.city)
    site.city.clock.move(HOUR)
    mail_server.response = "451 later"
    assert ring(mailing_context) == 0
    mail_server.response = None
    site.city.clock.move(5 * MINUTE)
    assert ring(mailing_context) == 1
    assert len(clock_runs(site.city)) == 1


def test_the_next_clock_ends_the_outage_and_records_its_duration(
    site: Site, mailing_context: AppContext
) -> None:
    city = site.city
    record_heartbeat(city)
    city.clock.move(HOUR)
    ring(mailing_context)
    assert worker_health.tick_outages(city.database, now=city.now) == 0
    record_heartbeat(city, "clock-2")
    assert worker_health.tick_outages(city.database, now=city.now) == 1
    assert worker_health.tick_outages(city.database, now=city.now) == 0
    (outage,) = clock_runs(city)
    assert outage.ended_at == city.now
    with city.read() as session:
        event = session.scalars(select(Event).where(Event.verb == "clock_back")).one()
    assert (event.subject, event.subject_id) == ("outages", outage.id)
    assert event.details == {"seconds": 3600}


def test_a_starting_clock_records_an_outage_that_nobody_noticed(site: Site) -> None:
    city = site.city
    began_at = record_heartbeat(city)
    city.clock.move(HOUR)
    assert worker_health.close_past_outage(city.database, now=city.now) == 1
    record_heartbeat(city, "clock-2")
    city.clock.move(MINUTE)
    assert worker_health.close_past_outage(city.database, now=city.now) == 0
    (outage,) = clock_runs(city)
    assert (outage.began_at, outage.ended_at) == (began_at, city.now - MINUTE)
    assert city.notified("clocks_silent") == []


@pytest.mark.both
def test_several_web_processes_mail_the_admins_once(
    site: Site, mailing_context: AppContext, mail_server: MailServer
) -> None:
    began_at, ended = record_heartbeat(site.city), threading.Event()
    processes = [
        replace(mailing_context, database=Database(site.city.database.url)) for _ in range(4)
    ]  # as they have it, connections of their own
    site.city.clock.move(HOUR)
    watches = [workers.keep_watch(process, every=0.02, ended=ended) for process in processes]
    mail_server.wait_for(1)
    time.sleep(1)
    ended.set()
    for watch, process in zip(watches, processes, strict=True):
        watch.join(20)
        assert not watch.is_alive()
        process.database.dispose()
    assert [mail.recipients for mail in mail_server.mails] == [("admin@pmc.example",)]
    assert [run.began_at for run in clock_runs(site.city)] == [began_at]
    assert site.city.notified("clocks_silent") == ["admin"]


class UnreachableDatabase(Database):
    """A database that fails at the first sessions."""

    calls = 0
    problem: Exception = OperationalError("", {}, ConnectionError("away"))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        self.calls += 1
        if self.calls < 4:
            raise self.problem
        with super().reading() as session:
            yield session


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("problem", [UnreachableDatabase.problem, ValueError("of anything at all")])
def test_the_background_check_survives_a_failed_check(
    site: Site, mailing_context: AppContext, mail_server: MailServer, problem: Exception
) -> None:
    record_heartbeat(site.city)
    site.city.clock.move(HOUR)
    ended, away = threading.Event(), UnreachableDatabase(site.city.database.url)
    away.problem = problem
    watch = workers.keep_watch(replace(mailing_context, database=away), every=0.02, ended=ended)
    mail_server.wait_for(1)
    ended.set()
    watch.join(20)
    assert away.calls >= 4
    away.dispose()


class CountingDatabase(Database):
    """A database that counts the open sessions."""

    open = 0

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self.open += 1
        try:
            with super().transaction() as session:
                yield session
        finally:
            self.open -= 1

    @contextmanager
    def reading(self) -> Iterator[Session]:
        self.open += 1
        try:
            with super().reading() as session:
                yield session
        finally:
            self.open -= 1


@pytest.mark.twin
def test_no_transaction_is_open_while_a_mail_is_sent(
    site: Site, mailing_context: AppContext, mail_server: MailServer
) -> None:
    record_heartbeat(site.city)
    site.city.clock.move(HOUR)
    single_instance, open_then = CountingDatabase(site.city.database.url), list[int]()

    class Noting(list[Mail]):
        def append(self, mail: Mail) -> None:
            open_then.append(single_instance.open)
            super().append(mail)

    mail_server.mails = Noting()
    assert ring(replace(mailing_context, database=single_instance)) == 1
    assert open_then == [0]
    single_instance.dispose()


def test_the_page_lists_clocks_with_their_beats_and_times_without_any(site: Site) -> None:
    city = site.city
    empty = site.browser("lead").page("/clocks")
    assert "प्रसिद्धीची यंत्रणा अद्याप एकदाही सुरू झालेली नाही." in empty
    record_heartbeat(city, "gone-7")
    city.clock.move(HOUR)
    worker_health.close_past_outage(city.database, now=city.now)
    record_heartbeat(city, "here-8")
    city.clock.move(30 * SECOND)
    page = site.browser("admin").page("/clocks")
    here, gone = rows(page)
    assert "here-8" in here
    assert "सुरू" in here
    assert "gone-7" in gone
    assert "संकेत नाही" in gone
    assert "प्रसिद्धीची यंत्रणा बंद असलेला काळ" in page
    assert "कालावधी: १ तास" in page
    city.clock.move(SECOND)
    assert "संकेत नाही" in rows(site.browser("admin").page("/clocks"))[0]


def test_a_clock_that_has_ended_is_no_longer_called_alive(site: Site) -> None:
    record_heartbeat(site.city, "clock-1")
    dispatch.record_end(site.city.context)
    (row,) = rows(site.browser("admin").page("/clocks"))
    assert "संकेत नाही" in row


def test_heartbeats_of_ended_clocks_are_deleted_after_seven_days(site: Site) -> None:
    city = site.city
    record_heartbeat(city, "gone-7")
    city.clock.move(7 * DAY - SECOND)
    record_heartbeat(city, "here-8")
    retention.tick_retention(city.database, city.store, now=city.now)
    assert "gone-7" in site.browser("admin").page("/clocks")
    city.clock.move(SECOND)
    assert retention.tick_retention(city.database, city.store, now=city.now) == 1
    page = site.browser("admin").page("/clocks")
    assert "gone-7" not in page
    assert "here-8" in page
