"""No mail costs more than its size allows, and none ends the reader."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.i18n.text_cleaning import clean
from publisher.mail.messages.content import MOST_TEXT
from publisher.mail.messages.files import MOST_FILES
from publisher.mail.messages.message import MailMessage, MailNoteCode, UnreadableMessage
from publisher.mail.messages.read import read_message
from tests.support.mail_samples.all_samples import SAMPLES
from tests.support.mail_samples.builder import NOTICE, base64_lines, headers, lines, multipart, part
from tests.support.tables import each

_IMAGE = part(b"aGk=", "Content-Type: image/png; name=a.png", "Content-Transfer-Encoding: base64")
_PLAIN = "Content-Type: text/plain; charset=utf-8"
_MEGABYTE = 2**20
_WITH_DOCUMENTS = {"scanner_pdf", "docx_with_a_greeting", "pdf_beside_a_text"}


def mixed(*parts: bytes) -> bytes:
    return (
        headers("x", "Content-Type: multipart/mixed; boundary=b") + b"\r\n" + multipart("b", *parts)
    )


def codes(message: MailMessage) -> list[MailNoteCode]:
    return [note.code for note in message.notes]


def test_of_ten_thousand_files_a_hundred_are_read_and_all_counted() -> None:
    message = read_message(mixed(part(lines(NOTICE), _PLAIN), *[_IMAGE] * 10_000))
    assert (message.text, len(message.files)) == (NOTICE, MOST_FILES)
    (note,) = message.notes
    assert note.values == {"most": MOST_FILES, "count": 10_000}


@pytest.mark.parametrize("depth", [25, 400])
@pytest.mark.parametrize("kind", ["multipart/mixed", "message/rfc822"])
def test_a_mail_that_nests_too_deeply_is_read_and_said_to_be_broken(depth: int, kind: str) -> None:
    content, content_type = lines(NOTICE), _PLAIN
    for level in range(depth):
        is_multipart = kind == "multipart/mixed"
        inner = part(content, content_type)
        content = multipart(f"b{level}", inner) if is_multipart else inner
        content_type = f"Content-Type: {kind}; boundary=b{level}"
    message = read_message(headers("x", content_type) + b"\r\n" + content)
    assert MailNoteCode.BROKEN_STRUCTURE in codes(message)


@pytest.mark.ci
@each(
    "content",
    [
        b"a\n" * 500_000,
        b"> a\n" * 300_000,
        b"On 1 a@b wrote:\n> x\n" * 50_000,
        b"---- Forwarded message ----\nFrom: a@b.c\n\n" * 30_000,
        b"-- \n" * 300_000,
        b" \n" * 500_000,
        "a\u0301\u0316".encode() * 3 + "\u0301\u0316".encode() * 200_000,
        "\u202e\ufdd0\x07".encode() * 150_000,
    ],
)
@each("content_type", ["text/plain", "text/plain; format=flowed", "text/html"])
def test_a_text_of_a_megabyte_is_read_at_once(content: bytes, content_type: str) -> None:
    raw = headers("x", f"Content-Type: {content_type}; charset=utf-8") + b"\r\n" + content
    message = read_message(raw)
    assert len(message.text) <= MOST_TEXT
    assert MailNoteCode.TEXT_SHORTENED in codes(message) or len(message.text) < MOST_TEXT


@each(
    "header",
    [
        b"From: " + b'"a\\' * 50_000,
        b"From: " + b"(" * 100_000,
        b"To: " + b"a@b.example, " * 20_000,
        b"Subject: " + b"=?utf-8?q?a?= " * 20_000,
        b"Content-Type: a/b" + b';a="' * 50_000,
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 100_000,
        b"Authentication-Results: " + b"(;" * 100_000,
        b"References: " + b"<a@b> " * 50_000,
        b"X: y\r\n" * 50_000 + b"X: y",
    ],
)
def test_a_header_that_repeats_is_read_at_once(header: bytes) -> None:
    message = read_message(header + b"\r\n\r\n" + NOTICE.encode())
    assert message.size > len(header)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_said_to_be_unreadable(content: bytes) -> None:
    for raw in (content, b"Subject: x\r\n" + content, headers("x") + content):
        _expect_message(raw)


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(sorted(set(SAMPLES) - _WITH_DOCUMENTS)),
    at=st.floats(0, 1),
    change=st.binary(max_size=8),
    length=st.integers(0, 40),
)
def test_a_damaged_mail_is_a_message_too(name: str, at: float, change: bytes, length: int) -> None:
    raw = SAMPLES[name]
    # Photos are long, and a damaged one is a file like any other.
    index = int(at * min(len(raw), 4_000))
    _expect_message(raw[:index] + change + raw[index + length :])
    _expect_message(raw[:index])


def _expect_message(raw: bytes) -> None:
    try:
        message = read_message(raw)
    except UnreadableMessage:
        return
    for text in (message.text, message.subject, message.sender.name):
        assert clean(text).ok
    assert "\n" not in message.subject


@pytest.mark.proof
@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: mixed(part(lines(NOTICE), _PLAIN), _video()), 45),
        (lambda: headers("x", _PLAIN) + b"\r\n" + b"word word\n" * 2 * _MEGABYTE, 130),
    ],
    ids=["video", "short lines"],
)
def test_a_mail_takes_little_memory_beside_itself(make: Callable[[], bytes], most: int) -> None:
    raw = make()
    tracemalloc.start()
    try:
        read_message(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * _MEGABYTE


def _video() -> bytes:
    content = base64_lines(os.urandom(18 * _MEGABYTE))
    video = "Content-Type: video/mp4; name=a.mp4"
    return part(content, video, "Content-Transfer-Encoding: base64")
