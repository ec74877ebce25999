"""A message is read into plain values, or said to be unreadable with the reason."""

from __future__ import annotations

from hashlib import sha256

import pytest

from publisher.mail_messages.message import MailAddress, UnreadableMessage, UnreadableReason
from publisher.mail_messages.read import MOST_BYTES, read_message


def test_a_plain_message_is_read() -> None:
    raw = (
        b"From: Ward Office <Ward@City.example>\r\nTo: cell@city.example\r\nSubject: Water\r\n"
        b"Message-ID: <1@city.example>\r\n\r\nNo water on Thursday.\r\n"
    )
    message = read_message(raw)
    assert message.sender == MailAddress("ward@city.example", "Ward Office")
    assert (message.subject, message.text) == ("Water", "No water on Thursday.")
    assert (message.message_id, message.size) == ("1@city.example", len(raw))
    assert message.sha256 == sha256(raw).hexdigest()
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
