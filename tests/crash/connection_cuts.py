"""A way to PostgreSQL that breaks in the midst of chosen COMMITs: nobody here learns what became.

It stands between a process and the server's socket, and passes on what both say. Of a transaction
that said certain words it lets the COMMIT through or not, and hangs up in either case; or it kills
who asked for it, who has then read no answer.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"
PEER = struct.Struct("3i")
"""Who holds the other end of a socket on this machine: process, user and group."""

SENDING, RECEIPTS = b"EXECUTE send(", b'"platform_id"'
"""What the transactions say in which `sending` and receipts are written."""

DONE = b"Z\x00\x00\x00\x05I"
"""PostgreSQL is ready, and inside no transaction: what was asked has been done."""


@dataclass
class Cutter:
    """`pattern` are what a transaction has to say for its COMMIT to be cut; at most `most` are."""

    url: str
    folder: Path
    pattern: bytes
    lets_through: bool
    most: int
    kills: bool = False
    cut: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_UNIX))
    _passages: list[_Passage] = field(default_factory=list)

    @property
    def server(self) -> str:
        """Where the server's own socket lies."""
        (folder,) = parse_qs(urlsplit(self.url).query)["host"]
        return f"{folder}/{SOCKET}"

    @property
    def own_url(self) -> str:
        """The address by which this way is taken."""
        return f"{self.url.partition('?')[0]}?host={self.folder}"

    def run(self) -> None:
        """Pass on whatever comes, until closed."""
        self._listener.bind(f"{self.folder}/{SOCKET}")
        self._listener.listen(64)
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                listener = socket.socket(socket.AF_UNIX)
                listener.connect(self.server)
                self._passages.append(_Passage(self, client, listener))
                self._passages[-1].begin()

    def close(self) -> None:
        """Take nobody on any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for passage in self._passages:
            passage.end()


@dataclass
class _Passage:
    """One connection, both ways."""

    cutter: Cutter
    client: socket.socket
    server: socket.socket
    received: bytes = b""
    is_cut: bool = False
    ways: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.ways = [
            threading.Thread(target=direction, daemon=True) for direction in (self._up, self._down)
        ]
        for way in self.ways:
            way.start()

    def end(self) -> None:
        self._hang_up()
        for way in self.ways:
            way.join(10)
        self.client.close()
        self.server.close()

    def _up(self) -> None:
        with suppress(OSError):
            while data := self.client.recv(65_536):
                self.received += data
                if b"COMMIT" in data:
                    self._commit(data)
                    self.received = b""
                else:
                    self.server.sendall(data)
        self._hang_up()

    def _commit(self, data: bytes) -> None:
        cutter = self.cutter
        if cutter.pattern not in self.received or cutter.cut >= cutter.most:
            self.server.sendall(data)
            return
        cutter.cut += 1
        self.is_cut = True
        if cutter.lets_through:
            self.server.sendall(data)  # the other way waits until it is done, and hangs up
        else:
            self._end()

    def _down(self) -> None:
        with suppress(OSError):
            while data := self.server.recv(65_536):
                if not self.is_cut:
                    self.client.sendall(data)
                elif DONE in data:
                    self._end()
                    break
        self._hang_up()

    def _end(self) -> None:
        """Nobody will read what became of it."""
        if self.cutter.kills:
            credentials = self.client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
            os.kill(PEER.unpack(credentials)[0], signal.SIGKILL)
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in (self.client, self.server):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(
    url: str, folder: Path, pattern: bytes, *, lets_through: bool, most: int, kills: bool = False
) -> Iterator[Cutter]:
    """Such a way, for as long as the block runs; the folder takes its socket."""
    cutter = Cutter(url, folder, pattern, lets_through, most, kills)
    thread = threading.Thread(target=cutter.run, daemon=True)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.close()
        thread.join(10)
