"""Reading a mailbox of a real Dovecot, whole and with faults on the way."""

from __future__ import annotations

import dataclasses
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.mail.mailbox.imap import (
    ImapServer,
    MailboxSignInRefused,
    MailboxUnreachable,
    imap_server,
    open_mailbox,
)
from tests.support import dovecot
from tests.support.certificates import self_signed_certificate
from tests.support.dovecot import Dovecot
from tests.support.imap_line import changing
from tests.support.runs import wait_until

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing()),
]
# Line ends and bytes as no mail library would write them.
MESSAGES = [
    b"From: a@pmc.example\r\nSubject: one\r\n\r\nhello\r\n",
    "From: a@pmc.example\nSubject: पाणी\n\nबंद राहील\n".encode(),
    b"Subject: \xff\xfe\r\n\r\n\x80\x81 + {7}\r\n)\r\n* BYE\r\n",
]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """Return a Dovecot whose mailbox is empty."""
    with dovecot.serving() as running:
        yield running


def test_messages_come_in_their_order_with_size_and_bytes(server: Dovecot) -> None:
    server.deliver(*MESSAGES)
    with open_mailbox(imap_server(server.url)) as mailbox:
        listed = list(mailbox.listed_after(0))
        raw = [mailbox.raw(message.uid) for message in listed]
        assert list(mailbox.listed_after(listed[-1].uid)) == []
        assert list(mailbox.listed_after(listed[0].uid)) == listed[1:]
    # A mailbox hands out line ends as CRLF; else the bytes are those that came.
    assert raw == [message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for message in MESSAGES]
    assert [message.size for message in listed] == [len(text or b"") for text in raw]
    assert server.flags() == [(), (), ()], "reading marks nothing"


def test_a_message_is_marked_and_one_marked_as_deleted_stays(server: Dovecot) -> None:
    server.deliver(*MESSAGES)
    server.flag(3, r"\Deleted")
    with open_mailbox(imap_server(server.url)) as mailbox:
        first, *_others = mailbox.listed_after(0)
        mailbox.mark_seen(first.uid)
        assert [message.is_seen for message in mailbox.listed_after(0)] == [True, False, False]
    assert server.flags() == [(r"\Seen",), (), (r"\Deleted",)]


def test_of_a_large_message_the_headers_alone_are_read(server: Dovecot) -> None:
    server.deliver(b"From: a@pmc.example\r\nSubject: large\r\n\r\n" + b"x" * 200_000)
    with open_mailbox(imap_server(server.url)) as mailbox:
        (message,) = mailbox.listed_after(0)
        assert mailbox.headers(message.uid) == b"From: a@pmc.example\r\nSubject: large\r\n\r\n"
        assert message.size > 200_000
        assert message.arrived_at.tzinfo is not None


def test_a_message_that_is_gone_is_none(server: Dovecot) -> None:
    with open_mailbox(imap_server(server.url)) as mailbox:
        assert mailbox.raw(77) is None
        assert list(mailbox.listed_after(0)) == []


def test_a_mailbox_that_is_renumbered_says_so(server: Dovecot) -> None:
    server.deliver(*MESSAGES)
    with open_mailbox(imap_server(server.url)) as mailbox:
        before = mailbox.validity
    server.renumber()
    with open_mailbox(imap_server(server.url)) as mailbox:
        assert mailbox.validity != before
        assert len(list(mailbox.listed_after(0))) == 3


def test_waiting_ends_when_a_message_comes(server: Dovecot) -> None:
    with open_mailbox(imap_server(server.url)) as mailbox:
        delivery = threading.Timer(0.2, server.deliver, MESSAGES[:1])
        delivery.start()
        assert mailbox.wait(30)
        delivery.join()
        assert len(list(mailbox.listed_after(0))) == 1
        assert not mailbox.wait(0.1)


def test_a_wrong_password_is_told_from_a_server_that_is_away(server: Dovecot) -> None:
    wrong = dataclasses.replace(imap_server(server.url), password="other")
    with pytest.raises(MailboxSignInRefused), open_mailbox(wrong):
        pass
    away = imap_server("imap://cell:secret@127.0.0.1:9")
    with pytest.raises(MailboxUnreachable, match="ConnectionRefusedError"), open_mailbox(away):
        pass


def test_a_folder_that_is_not_there_is_said(server: Dovecot) -> None:
    other = imap_server(f"{server.url}/Nowhere")
    with pytest.raises(MailboxUnreachable, match="doesn't exist"), open_mailbox(other):
        pass


def test_no_password_goes_to_a_server_whose_certificate_nobody_trusts(tmp_path: Path) -> None:
    certificate = self_signed_certificate(tmp_path)
    with dovecot.serving(certificate) as server:
        with (
            pytest.raises(MailboxUnreachable, match="CERTIFICATE_VERIFY_FAILED"),
            open_mailbox(imap_server(server.tls_url)),
        ):
            pass
        trusting = ssl.create_default_context(cafile=certificate)
        with open_mailbox(imap_server(server.tls_url, trusting)) as mailbox:
            assert list(mailbox.listed_after(0)) == []
        # One sign-in is the start's own. Dovecot writes its log a moment later.
        log = server.folder / "log"
        assert wait_until(lambda: log.read_text().count("Logged in") >= 2, within=10)
        assert log.read_text().count("Logged in") == 2


@pytest.mark.parametrize("answer", [b"BODY[]", b"RFC822.SIZE", b"* SEARCH", b"+ idling"])
def test_a_line_that_is_cut_is_a_mailbox_out_of_reach(server: Dovecot, answer: bytes) -> None:
    server.deliver(*MESSAGES)
    with (
        changing(server, lambda data: None if answer in data else data) as own,
        pytest.raises(MailboxUnreachable),
    ):
        read_all(own)


def read_all(own: ImapServer) -> None:
    """Read every message, and wait for more."""
    with open_mailbox(own) as mailbox:
        for message in mailbox.listed_after(0):
            mailbox.raw(message.uid)
        mailbox.wait(20)


def test_an_address_is_read_whole() -> None:
    own = imap_server("imaps://cell%40pmc.example:p%40ss@mail.pmc.example/Social%20Media")
    assert (own.host, own.port, own.is_imaps) == ("mail.pmc.example", 993, True)
    assert (own.name, own.password, own.folder) == ("cell@pmc.example", "p@ss", "Social Media")
    assert own.label == "cell@pmc.example@mail.pmc.example/Social Media"
    assert "p@ss" not in own.label
    assert imap_server("imap://cell@mail.pmc.example").port == 143
