"""Mails of many programs are read as a person would read them."""

from __future__ import annotations

from publisher.mail.messages.message import MailMessage
from publisher.mail.messages.read import read_message
from tests.support.mail_samples.all_samples import EXPECTED
from tests.support.mail_samples.builder import Sample
from tests.support.tables import each


@each("name", EXPECTED)
def test_a_mail_is_read(name: str) -> None:
    sample = EXPECTED[name]
    message = read_message(sample.raw)
    assert _differences(message, sample) == {}


def _differences(message: MailMessage, sample: Sample) -> dict[str, tuple[object, object]]:
    """Return what was read and what is expected, of each field in which they differ."""
    pairs: dict[str, tuple[object, object]] = {
        "subject": (message.subject, sample.subject),
        "text": (message.text, sample.text),
        "sender": (message.sender.address, sample.sender),
        "sender_name": (message.sender.name, sample.sender_name),
        "files": (tuple((file.name, file.mime) for file in message.files), sample.files),
        "notes": (tuple(note.code.value for note in message.notes), sample.notes),
        "message_id": (message.message_id, sample.message_id),
        "in_reply_to": (message.in_reply_to, sample.in_reply_to),
        "sent_at": (message.sent_at, sample.sent_at),
    }
    differing = {
        name: pair for name, pair in pairs.items() if pair[1] is not None and pair[0] != pair[1]
    }
    sender = message.forwarded_from.address if message.forwarded_from else None
    if sender != sample.forwarded_from:
        differing["forwarded_from"] = (sender, sample.forwarded_from)
    if message.automatic != sample.automatic:
        differing["automatic"] = (message.automatic, sample.automatic)
    for text in (text for text in sample.contains if text not in message.text):
        differing["contains"] = (message.text, text)
    for text in (text for text in sample.lacks if text in message.text):
        differing["lacks"] = (message.text, text)
    return differing
