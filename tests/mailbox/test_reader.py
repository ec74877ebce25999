"""The reader of the Cell's mailbox, on a real Dovecot: every message once, with faults between."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.mail.mailbox import reader
from publisher.mail.mailbox.imap import imap_server
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from publisher.mail.messages.structure import MOST_BYTES
from publisher.media.folder_store import FolderStore
from publisher.models.mailbox import Mailbox, MailOutcome, ReceivedMail
from publisher.models.submissions import Submission
from publisher.operations.store_identity import identify
from tests.support import dovecot
from tests.support.away_store import AwayStore
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.dovecot import Dovecot
from tests.support.mailed import address_of, intake_of

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """Return a Dovecot whose mailbox is empty."""
    with dovecot.serving() as running:
        yield running


def mail_of(town: City, subject: str, *, who: str = "member", text: str = "Water stops.") -> bytes:
    """Return a mail as a phone writes it."""
    return (
        f"From: <{address_of(town, who)}>\r\nTo: cell@pmc.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject}@phone.example>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0530\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def reading_of(
    town: City,
    server: Dovecot,
    *,
    store: FolderStore | None = None,
    at: Callable[[], datetime] = lambda: NOON,
    is_stopping: Callable[[], bool] = lambda: False,
) -> MailboxReading:
    """Return what a clock reads the mailbox with."""
    intake = intake_of(store or town.store)
    return MailboxReading(town.database, imap_server(server.url), intake, at, is_stopping)


def subjects(town: City, outcome: MailOutcome = MailOutcome.SUBMISSION) -> list[str]:
    """Return the subjects of the mails with this outcome, in their order."""
    with town.read() as session:
        query = select(ReceivedMail.subject).where(ReceivedMail.outcome == outcome)
        return list(session.scalars(query.order_by(ReceivedMail.id)))


def position(town: City) -> Mailbox:
    """Return how far the mailbox was read."""
    with town.read() as session:
        return session.scalars(select(Mailbox)).one()


def test_each_mail_becomes_a_submission_once_and_is_marked(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "first"), mail_of(town, "second", text="Roads."))
    reading = reading_of(town, server)
    assert tick_mailbox(reading, waits=False) == 2
    assert tick_mailbox(reading, waits=False) == 0
    assert subjects(town) == ["first", "second"]
    assert server.flags() == [(r"\Seen",), (r"\Seen",)]
    with town.read() as session:
        assert sorted(session.scalars(select(Submission.title))) == ["first", "second"]
    assert (position(town).read_at, position(town).problem) == (NOON, "")


def test_a_mail_that_could_not_be_stored_for_hours_is_read_again(
    town: City, server: Dovecot, tmp_path: Path
) -> None:
    """The store is to blame, and not the mail: it is not kept unread as one that ends the clock."""
    server.deliver(mail_of(town, "first"))
    full = AwayStore(tmp_path / "full")
    full.is_away = True
    reading = reading_of(town, server, store=full)
    for _time in range(reader.MOST_TRIES + 2):
        assert tick_mailbox(reading, waits=False) == 0
        reading = dataclasses.replace(reading, now=_later(reading.now()))
    assert (subjects(town), server.flags()) == ([], [()])
    assert position(town).failing_since == NOON
    assert position(town).problem == f"media folder {full.root}: away"
    soon = reading_of(town, server, at=reading.now)
    assert tick_mailbox(soon, waits=False) == 1
    assert subjects(town) == ["first"]
    assert position(town).failing_since is None


def test_a_renumbered_mailbox_makes_no_submission_twice(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "first"), mail_of(town, "second", text="Roads."))
    reading = reading_of(town, server)
    tick_mailbox(reading, waits=False)
    before = position(town).validity
    server.renumber()
    server.deliver(mail_of(town, "third", text="Health."))
    tick_mailbox(reading, waits=False)
    assert position(town).validity != before
    assert subjects(town) == ["first", "second", "third"]
    with town.read() as session:
        assert len(session.scalars(select(Submission)).all()) == 3


class MeetingStore(FolderStore):
    """While the first mail is stored, another clock comes to the mailbox."""

    def __init__(self, root: Path, other: Callable[[], int]) -> None:
        super().__init__(root)
        self.other = other
        self.taken_in: int | None = None

    def save(self, content: bytes) -> str:
        """Store it, and let the other clock read before it goes on."""
        if self.taken_in is None:
            self.taken_in = self.other()
        return super().save(content)


@pytest.mark.twin
def test_two_clocks_do_not_read_one_mailbox(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "first"))
    other = reading_of(town, server)
    store = MeetingStore(town.store.root, lambda: tick_mailbox(other, waits=False))
    assert tick_mailbox(reading_of(town, server, store=store), waits=False) == 1
    assert store.taken_in == 0
    assert subjects(town) == ["first"]


@pytest.mark.twin
def test_a_clock_whose_lease_ended_stores_nothing_more(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "first"), mail_of(town, "second", text="Roads."))
    late = reading_of(town, server, at=lambda: NOON + reader.LEASE)
    store = MeetingStore(town.store.root, lambda: tick_mailbox(late, waits=False))
    assert tick_mailbox(reading_of(town, server, store=store), waits=False) == 0
    assert store.taken_in == 2
    assert subjects(town) == ["first", "second"]


def test_a_clock_that_was_turned_back_does_not_wait_for_its_old_lease(
    town: City, server: Dovecot
) -> None:
    server.deliver(mail_of(town, "first"))
    with town.write() as session:
        ends_at = NOON + reader.LONGEST_LEASE + timedelta(seconds=1)
        label = reading_of(town, server).server.label
        session.add(Mailbox(label=label, first_read_at=NOON, leased_until=ends_at))
    assert (
        tick_mailbox(reading_of(town, server, at=lambda: NOON + timedelta(seconds=1)), waits=False)
        == 0
    )
    assert tick_mailbox(reading_of(town, server), waits=False) == 1


def test_a_mail_that_ended_the_clock_three_times_is_kept_unread(
    town: City, server: Dovecot
) -> None:
    server.deliver(mail_of(town, "first"), mail_of(town, "second", text="Roads."))
    reading = reading_of(town, server)
    broken = intake_of(BrokenStore(town.store.root))
    for _time in range(reader.MOST_TRIES):
        with pytest.raises(ZeroDivisionError):
            tick_mailbox(dataclasses.replace(reading, intake=broken), waits=False)
        reading = dataclasses.replace(reading, now=_later(reading.now()))
    assert tick_mailbox(reading, waits=False) == 2
    with town.read() as session:
        mails = session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)).all()
        assert [(mail.outcome, mail.reason) for mail in mails] == [
            (MailOutcome.REFUSED, "failed"),
            (MailOutcome.SUBMISSION, ""),
        ]
        assert town.store.open(mails[0].raw_sha256 or "").startswith(b"From:")


def test_a_clock_whose_store_was_changed_leaves_the_mail_unread(
    town: City, server: Dovecot
) -> None:
    server.deliver(mail_of(town, "first"))
    identity = identify(town.database, town.store, now=town.now)
    reading = reading_of(town, server)
    stale = dataclasses.replace(reading.intake, store_identity="a" * 32)
    assert tick_mailbox(dataclasses.replace(reading, intake=stale), waits=False) == 0
    assert subjects(town) == []
    with town.read() as session:
        assert "names another media store" in session.scalars(select(Mailbox.problem)).one()
    known = dataclasses.replace(reading.intake, store_identity=identity)
    later = dataclasses.replace(reading, intake=known, now=_later(reading.now()))
    assert tick_mailbox(later, waits=False) == 1
    assert subjects(town) == ["first"]


class BrokenStore(FolderStore):
    """Ends the clock with whatever is stored."""

    def save(self, content: bytes) -> str:
        """Store nothing."""
        raise ZeroDivisionError(len(content))


def _later(at: datetime) -> Callable[[], datetime]:
    return lambda: at + reader.LEASE


def test_a_mail_that_is_too_large_is_kept_by_its_headers(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "large", text="x" * MOST_BYTES), mail_of(town, "second"))
    assert tick_mailbox(reading_of(town, server), waits=False) == 2
    with town.read() as session:
        large = session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)).first()
        assert large is not None
        assert (large.outcome, large.reason) == (MailOutcome.REFUSED, "too_large")
        assert (large.subject, large.sender) == ("large", address_of(town, "member"))
        assert large.size > MOST_BYTES
        assert len(town.store.open(large.raw_sha256 or "")) < 1000
    assert subjects(town) == ["second"]


def test_what_was_dealt_with_before_the_first_reading_is_left(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "opened"), mail_of(town, "unopened", text="Roads."))
    server.flag(1, r"\Seen")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert tick_mailbox(reading_of(town, server, at=lambda: tomorrow), waits=False) == 1
    assert subjects(town) == ["unopened"]
    with town.read() as session:
        assert position(town).last_uid == 2
        assert session.scalars(select(Mailbox.first_read_at)).one() == tomorrow


def test_mail_that_lay_unopened_for_long_is_left_too(town: City, server: Dovecot) -> None:
    server.deliver(mail_of(town, "unopened"))
    later = datetime.now(UTC) + reader.BEFORE_FIRST + timedelta(days=1)
    assert tick_mailbox(reading_of(town, server, at=lambda: later), waits=False) == 0
    assert subjects(town) == []


def test_a_refused_password_is_tried_again_after_a_quarter_of_an_hour(
    town: City, server: Dovecot
) -> None:
    right = reading_of(town, server)
    wrong = dataclasses.replace(right, server=dataclasses.replace(right.server, password="no"))
    assert tick_mailbox(wrong, waits=False) == 0
    stored = position(town)
    assert stored.leased_until == NOON + reader.AFTER_REFUSAL
    assert "AUTHENTICATIONFAILED" in stored.problem
    assert tick_mailbox(right, waits=False) == 0


def test_a_mail_that_comes_while_the_clock_waits_is_taken_in_at_once(
    town: City, server: Dovecot
) -> None:
    begun = threading.Event()

    def is_stopping() -> bool:
        begun.set()
        return subjects(town) != []

    def deliver() -> None:
        begun.wait(20)
        server.deliver(mail_of(town, "first"))

    delivery = threading.Thread(target=deliver)
    delivery.start()
    assert tick_mailbox(reading_of(town, server, is_stopping=is_stopping), waits=True) == 1
    delivery.join()
    assert subjects(town) == ["first"]
