"""A message is read into plain values, or said to be unreadable with the reason."""

from __future__ import annotations

import pytest

from publisher.mail.messages.message import (
    MailAddress,
    MailNoteCode,
    UnreadableMessage,
    UnreadableReason,
)
from publisher.mail.messages.read import read_message
from publisher.mail.messages.structure import MOST_BYTES
from tests.support.mail_samples.builder import base64_lines, docx, lines, multipart, part

_TYPE = "Content-Type: application/x; name=a.docx"


def test_a_plain_message_is_read() -> None:
    raw = (
        b"From: Ward Office <Ward@City.example>\r\nTo: cell@city.example\r\nSubject: Water\r\n"
        b"Message-ID: <1@city.example>\r\n\r\nNo water on Thursday.\r\n"
    )
    message = read_message(raw)
    assert message.sender == MailAddress("ward@city.example", "Ward Office")
    assert (message.subject, message.text) == ("Water", "No water on Thursday.")
    assert (message.message_id, message.size) == ("1@city.example", len(raw))
    assert message.sent_at is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", UnreadableReason.EMPTY),
        (b"\r\n \r\n\0\0", UnreadableReason.EMPTY),
        (b"no headers at all\r\n", UnreadableReason.NO_HEADERS),
        (b"\x89PNG\r\n\x1a\n: \0", UnreadableReason.NO_HEADERS),
    ],
)
def test_what_is_no_message_says_why(raw: bytes, reason: UnreadableReason) -> None:
    with pytest.raises(UnreadableMessage) as problem:
        read_message(raw)
    assert problem.value.reason is reason


def test_a_message_of_more_than_fifty_megabytes_is_refused() -> None:
    with pytest.raises(UnreadableMessage) as problem:
        read_message(b"Subject: x\r\n\r\n" + bytes(MOST_BYTES))
    assert problem.value.reason is UnreadableReason.TOO_LARGE


def test_a_second_from_that_names_nobody_is_a_second_sender() -> None:
    raw = b"From: nobody:;\r\nFrom: ward@city.example\r\nSubject: Water\r\n\r\nNo water.\r\n"
    message = read_message(raw)
    assert message.sender.address == "ward@city.example"
    assert [note.code for note in message.notes] == [MailNoteCode.SEVERAL_SENDERS]


@pytest.mark.parametrize(
    ("header", "text"), [("List-Id: <ward.city.example>", "No water."), ("X-Autoreply: yes", "")]
)
def test_the_document_of_a_list_is_read_and_that_of_a_program_is_not(
    header: str, text: str
) -> None:
    document = part(base64_lines(docx("No water.")), _TYPE, "Content-Transfer-Encoding: base64")
    rows = lines("From: ward@city.example", header, "Content-Type: multipart/mixed; boundary=b", "")
    assert read_message(rows + multipart("b", document)).text == text
