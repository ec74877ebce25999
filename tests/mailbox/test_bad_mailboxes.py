"""Mailboxes that are full, silent, drop in mid-message or end the wait: nothing lost or doubled."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from publisher.mail.mailbox import reader
from publisher.mail.mailbox.imap import ImapServer
from publisher.mail.mailbox.reader import MailboxReading, tick_mailbox
from tests.mailbox.test_reader import mail_of, position, reading_of, subjects
from tests.support import dovecot
from tests.support.city import City
from tests.support.city_people import NOON
from tests.support.dovecot import Dovecot
from tests.support.imap_line import changing

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]


@pytest.fixture
def server(town: City) -> Iterator[Dovecot]:
    """Return a Dovecot with two mails of a member."""
    with dovecot.serving() as running:
        running.deliver(mail_of(town, "first"), mail_of(town, "second", text="Roads."))
        yield running


def by(reading: MailboxReading, own: ImapServer) -> MailboxReading:
    """Return the reading of the same mailbox by another line."""
    return dataclasses.replace(reading, server=own)


def read_on(town: City, server: Dovecot) -> int:
    """Read the mailbox by a good line, once it may be tried again."""
    at = NOON + reader.AFTER_TROUBLE
    return tick_mailbox(reading_of(town, server, at=lambda: at), waits=False)


def test_a_line_that_drops_in_mid_message_stores_no_half_mail(town: City, server: Dovecot) -> None:
    sent: list[bytes] = []

    def cut_second(data: bytes) -> bytes | None:
        """Pass the second mail on by half, and nothing after it."""
        if len(sent) == 2:
            return None
        if b"BODY[]" in data:
            sent.append(data)
        return data[: len(data) // 2] if len(sent) == 2 else data

    with changing(server, cut_second) as own:
        quick = dataclasses.replace(own, timeout=0.5)
        tick_mailbox(by(reading_of(town, server), quick), waits=False)
    assert subjects(town) == ["first"]
    assert position(town).failing_since == NOON
    assert read_on(town, server) == 1
    assert subjects(town) == ["first", "second"]
    assert (position(town).failing_since, position(town).problem) == (None, "")


@pytest.mark.parametrize("answer", [b"* OK", b"BODY[]"])
def test_a_server_that_falls_silent_is_tried_again(
    town: City, server: Dovecot, answer: bytes
) -> None:
    with changing(server, lambda data: b"" if answer in data else data) as own:
        quick = dataclasses.replace(own, timeout=0.5)
        assert tick_mailbox(by(reading_of(town, server), quick), waits=False) == 0
    assert subjects(town) == []
    assert "timed out" in position(town).problem
    assert read_on(town, server) == 2
    assert subjects(town) == ["first", "second"]


def test_in_a_full_mailbox_nothing_is_marked_and_all_is_taken_in_once(
    town: City, server: Dovecot
) -> None:
    def refuse(data: bytes) -> bytes:
        return data.replace(b"OK Store completed", b"NO [OVERQUOTA] Not enough disk space")

    with changing(server, refuse) as own:
        assert tick_mailbox(by(reading_of(town, server), own), waits=False) == 2
    assert position(town).problem == ""
    assert read_on(town, server) == 0
    assert subjects(town) == ["first", "second"]


@pytest.mark.parametrize("end", [b"* BYE Idle for too long\r\n", None])
def test_a_server_that_ends_the_wait_is_no_trouble(
    town: City, server: Dovecot, end: bytes | None
) -> None:
    with changing(server, lambda data: end if b"+ idling" in data else data) as own:
        quick = dataclasses.replace(own, timeout=0.5)
        assert tick_mailbox(by(reading_of(town, server), quick), waits=True) == 2
    assert subjects(town) == ["first", "second"]
    assert (position(town).failing_since, position(town).read_at) == (None, NOON)
    assert read_on(town, server) == 0
