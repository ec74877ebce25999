"""Nothing passes the virus scanner but by its plain answer, and none is waited for too long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from io import BytesIO

import pytest

from publisher.media.virus_scanner import (
    Clamd,
    ScannerAway,
    TooLargeForScanner,
    clamd,
    find_virus,
    scanner_version,
)
from tests.support.clamd import (
    SIGNATURE,
    VIRUS,
    ScriptedClamd,
    missing,
    real,
    says,
    scripted,
)
from tests.support.mail_samples.builder import docx
from tests.support.processes import free_port


@pytest.fixture
def scanner() -> Iterator[ScriptedClamd]:
    with scripted() as server:
        yield server


def test_a_file_is_sent_whole_and_left_at_its_beginning(scanner: ScriptedClamd) -> None:
    content = bytes(range(256)) * 1_000
    source = BytesIO(content)
    source.seek(7)
    assert find_virus(scanner.client(), source) == ""
    assert scanner.contents == [content]
    assert source.tell() == 0


def test_a_virus_has_its_name(scanner: ScriptedClamd) -> None:
    scanner.answer = says("stream: Win.Test.EICAR_HDB-1 FOUND")
    assert find_virus(scanner.client(), BytesIO(b"x")) == "Win.Test.EICAR_HDB-1"
    assert scanner_version(scanner.client()) == "ClamAV 1.4.6/1/Sun Nov 29 2026"


def cut(connection: socket.socket, _content: bytes) -> None:
    connection.sendall(b"stream: O")


def closed(connection: socket.socket, _content: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def endless(connection: socket.socket, _content: bytes) -> None:
    while True:
        connection.sendall(b"x" * 1_000)


@pytest.mark.parametrize(
    "answer",
    [
        says("stream: Access denied. ERROR"),
        says("stream: OK stream: OK"),
        says("stream:  FOUND"),
        says("220 mail.example ESMTP"),
        says("\x00"),
        says("stream: OK\n"),
        cut,
        closed,
        endless,
    ],
)
def test_whatever_is_no_plain_answer_lets_nothing_pass(
    scanner: ScriptedClamd, answer: object
) -> None:
    scanner.answer = answer  # type: ignore[assignment]  # each is an answer
    with pytest.raises(ScannerAway):
        find_virus(scanner.client(), BytesIO(b"x"))


def test_a_scanner_that_is_away_is_said_to_be(scanner: ScriptedClamd) -> None:
    for away in (Clamd(("127.0.0.1", free_port())), Clamd("/nowhere/clamd.ctl")):
        with pytest.raises(ScannerAway):
            find_virus(away, BytesIO(b"x"))
        with pytest.raises(ScannerAway):
            scanner_version(away)
    scanner.version = "SSH-2.0-OpenSSH"
    with pytest.raises(ScannerAway, match="SSH"):
        scanner_version(scanner.client())


def test_a_file_that_the_scanner_takes_no_further_is_named_as_too_large(
    scanner: ScriptedClamd,
) -> None:
    scanner.most, scanner.answer = 1, says("INSTREAM size limit exceeded. ERROR")
    with pytest.raises(TooLargeForScanner):
        find_virus(scanner.client(), BytesIO(bytes(5_000_000)))


def test_the_deadline_is_that_of_the_whole_and_no_step_begins_it_again() -> None:
    # Each look at the clock takes a second: an answer that comes letter by letter never ends it.
    def slowly(connection: socket.socket, _content: bytes) -> None:
        for letter in b"stream: OK":
            connection.sendall(bytes([letter]))

    with scripted() as server:
        server.answer = slowly
        seconds = iter(range(1_000))
        impatient = Clamd(server.client().address, 5.0, lambda: float(next(seconds)))
        with pytest.raises(ScannerAway, match="no answer in time"):
            find_virus(impatient, BytesIO(bytes(500_000)))
        past = server.client()
        with pytest.raises(ScannerAway, match="no answer in time"):
            find_virus(past, BytesIO(b"x"), ends_at=past.monotonic() - 1)


def test_the_setting_names_a_host_or_a_path() -> None:
    assert clamd("") is None
    by_host, by_path = clamd("tcp://[::1]:3310"), clamd("unix:/run/clamav/clamd.ctl")
    assert by_host is not None
    assert by_path is not None
    assert (by_host.address, by_path.address) == (("::1", 3310), "/run/clamav/clamd.ctl")


@pytest.fixture(scope="module")
def real_clamd() -> Iterator[Clamd]:
    if reason := missing():
        pytest.skip(reason)
    with real() as client:
        yield client


@pytest.mark.proof
def test_a_real_clamd_finds_a_local_signature_also_inside_a_document(real_clamd: Clamd) -> None:
    assert scanner_version(real_clamd).startswith("ClamAV ")
    infected = docx("Notice", members={"word/media/a.bin": bytes(5_000) + SIGNATURE})
    assert SIGNATURE not in infected
    for content in (b"%PDF-1.7 " + SIGNATURE, infected):
        assert find_virus(real_clamd, BytesIO(content)) == f"{VIRUS}.UNOFFICIAL"
    for content in (b"%PDF-1.7", docx("Notice"), b""):
        assert find_virus(real_clamd, BytesIO(content)) == ""


@pytest.mark.proof
def test_a_real_clamd_takes_no_more_than_its_limit(real_clamd: Clamd) -> None:
    for size in (1_500_000, 30_000_000):
        with pytest.raises(TooLargeForScanner):
            find_virus(real_clamd, BytesIO(bytes(size)))
    assert find_virus(real_clamd, BytesIO(bytes(900_000))) == ""
