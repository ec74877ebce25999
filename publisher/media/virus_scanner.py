"""Ask clamd whether a file carries a virus: only a clear answer lets a file pass."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Self
from urllib.parse import urlsplit

DEADLINE: Final = 30.0
"""Seconds for one file, from the connection to the answer."""
_CONNECT: Final = 5.0  # seconds for the connection, which on one machine takes no time
_PIECE: Final = 65_536
_MOST_ANSWER: Final = 4_096
_LONGEST: Final = 200
_ANSWER: Final = re.compile(r"stream: (?:OK|(?P<virus>\S.*) FOUND)")
_TOO_LARGE: Final = "INSTREAM size limit exceeded"


class ScannerAway(Exception):
    """There was no clear answer; the message says what failed, or what was answered instead."""


class TooLargeForScanner(ScannerAway):
    """The scanner takes no file of this size: its StreamMaxLength is too small."""


@dataclass(frozen=True)
class Clamd:
    """A clamd: a host with its port, or the path of a unix socket; `deadline` is in seconds."""

    address: tuple[str, int] | str
    deadline: float = DEADLINE
    monotonic: Callable[[], float] = time.monotonic

    def ends_at(self) -> float:
        """Return by when, on the monotonic clock, a conversation that begins now has to end."""
        return self.monotonic() + self.deadline


def clamd(url: str) -> Clamd | None:
    """Parse a setting such as `tcp://127.0.0.1:3310` or `unix:/run/clamd.ctl`; empty is None."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return Clamd(parts.path)
    return Clamd((parts.hostname or "", parts.port or 0))


def find_virus(clamd: Clamd, source: BinaryIO, *, ends_at: float | None = None) -> str:
    """Return the name of the virus in an open file, or an empty text.

    The file is read in pieces from its beginning, and left there. Raises `ScannerAway`, at the
    latest after the deadline or at `ends_at`.
    """
    until = min(clamd.ends_at(), ends_at) if ends_at is not None else clamd.ends_at()
    source.seek(0)
    try:
        with _Conversation(clamd, until) as conversation:
            answer = conversation.stream(source)
    finally:
        source.seek(0)
    match = _ANSWER.fullmatch(answer)
    if match is not None:
        return match["virus"] or ""
    if _TOO_LARGE in answer:
        raise TooLargeForScanner(answer)
    raise ScannerAway(f"answered {answer!r}")


def scanner_version(clamd: Clamd) -> str:
    """Return the version of the scanner and of its signatures. Raises `ScannerAway`."""
    with _Conversation(clamd, clamd.ends_at()) as conversation:
        conversation.send(b"zVERSION\0")
        answer = conversation.answer()
    if not answer.startswith("ClamAV "):
        raise ScannerAway(f"answered {answer!r}")
    return answer


def _connect(address: tuple[str, int] | str, seconds: float) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, seconds)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class _Conversation:
    """One command and its answer, with a time limit."""

    def __init__(self, clamd: Clamd, until: float) -> None:
        self._clamd, self._until = clamd, until

    def __enter__(self) -> Self:
        try:
            self._socket = _connect(self._clamd.address, min(_CONNECT, self._left()))
        except OSError as problem:
            raise ScannerAway(f"{type(problem).__name__}: {problem}") from problem
        return self

    def __exit__(self, *_problem: object) -> None:
        self._socket.close()

    def stream(self, source: BinaryIO) -> str:
        """Send a file, and return the answer, which may come before all of it is sent."""
        self.send(b"zINSTREAM\0")
        while piece := source.read(_PIECE):
            if not self._takes(struct.pack(">I", len(piece)) + piece):
                return self.answer()
        self._takes(bytes(4))
        return self.answer()

    def send(self, content: bytes) -> None:
        """Send bytes; raises `ScannerAway` if they are not taken in time."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(content)
        except OSError as problem:
            raise ScannerAway(f"{type(problem).__name__}: {problem}") from problem

    def _takes(self, content: bytes) -> bool:
        """Send bytes, and return False if the scanner has answered or closed instead."""
        try:
            self._socket.settimeout(0)
            try:
                self._socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                self._socket.settimeout(self._left())
                self._socket.sendall(content)
                return True
        except TimeoutError as problem:
            raise ScannerAway(f"{type(problem).__name__}: {problem}") from problem
        except OSError:
            pass  # it closed the connection: its answer may still be there
        return False

    def answer(self) -> str:
        """Return the answer, up to the NUL that ends it; raises `ScannerAway` without one."""
        received = b""
        try:
            while b"\0" not in received and len(received) < _MOST_ANSWER:
                self._socket.settimeout(self._left())
                if not (piece := self._socket.recv(_MOST_ANSWER)):
                    break
                received += piece
        except OSError as problem:
            raise ScannerAway(f"{type(problem).__name__}: {problem}") from problem
        text, end, _rest = received.partition(b"\0")
        printable = "".join(
            letter if letter.isprintable() else "?" for letter in text.decode("utf-8", "replace")
        )
        if not end:
            raise ScannerAway(f"closed after {printable[:_LONGEST]!r}")
        return printable[:_LONGEST]

    def _left(self) -> float:
        """Return the seconds left; raises TimeoutError if there are none."""
        seconds = self._until - self._clamd.monotonic()
        if seconds <= 0:
            raise TimeoutError("no answer in time")
        return seconds
