"""A proxy to PostgreSQL that cuts connections during chosen COMMITs.

It forwards the bytes between a process and the server's socket. In a transaction with a chosen
statement it forwards the COMMIT or drops it, then disconnects in either case, or kills the client,
which has not read a response.
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
"""The format of a local peer's credentials: process, user and group."""

WRITES_SENDING, WRITES_RECEIPTS = b'"verb": "send"', b'"verb": "publish"'
"""Parts of the Events that are written with the state `sending`, and with receipts."""

DONE = b"Z\x00\x00\x00\x05I"
"""PostgreSQL's ReadyForQuery outside a transaction: the COMMIT has been done."""


@dataclass
class CuttingProxy:
    """Cuts the COMMITs of transactions that contain `pattern`, but at most `most` of them."""

    url: str
    folder: Path
    pattern: bytes
    lets_through: bool
    most: int
    kills_client: bool = False
    cut_count: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_UNIX))
    _connections: list[_ProxiedConnection] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The path of the server's own socket."""
        (folder,) = parse_qs(urlsplit(self.url).query)["host"]
        return f"{folder}/{SOCKET}"

    @property
    def own_url(self) -> str:
        """The database address of the proxy."""
        return f"{self.url.partition('?')[0]}?host={self.folder}"

    def run(self) -> None:
        """Accept connections until the proxy is closed."""
        self._listener.bind(f"{self.folder}/{SOCKET}")
        self._listener.listen(64)
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                listener = socket.socket(socket.AF_UNIX)
                listener.connect(self.server)
                self._connections.append(_ProxiedConnection(self, client, listener))
                self._connections[-1].begin()

    def stop_accepting(self) -> None:
        """Let `run` end, after a connection that it is accepting at this moment."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def end_connections(self) -> None:
        """End the connections that were accepted; no more may be accepted meanwhile."""
        for passage in self._connections:
            passage.end()


@dataclass
class _ProxiedConnection:
    """A connection with a thread for each direction."""

    proxy: CuttingProxy
    client: socket.socket
    server: socket.socket
    received: bytes = b""
    is_cut: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.threads = [
            threading.Thread(target=direction, daemon=True)
            for direction in (self._to_server, self._to_client)
        ]
        for way in self.threads:
            way.start()

    def end(self) -> None:
        self._disconnect()
        for way in self.threads:
            way.join(10)
        self.client.close()
        self.server.close()

    def _to_server(self) -> None:
        with suppress(OSError):
            while data := self.client.recv(65_536):
                self.received += data
                if b"COMMIT" in data:
                    self._commit(data)
                    self.received = b""
                else:
                    self.server.sendall(data)
        self._disconnect()

    def _commit(self, data: bytes) -> None:
        cutter = self.proxy
        if cutter.pattern not in self.received or cutter.cut_count >= cutter.most:
            self.server.sendall(data)
            return
        cutter.cut_count += 1
        self.is_cut = True
        if cutter.lets_through:
            self.server.sendall(data)  # the other thread waits until it is done, and disconnects
        else:
            self._cut()

    def _to_client(self) -> None:
        with suppress(OSError):
            while data := self.server.recv(65_536):
                if not self.is_cut:
                    self.client.sendall(data)
                elif DONE in data:
                    self._cut()
                    break
        self._disconnect()

    def _cut(self) -> None:
        """Disconnect, or kill the client, before it reads a response."""
        if self.proxy.kills_client:
            credentials = self.client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
            os.kill(PEER.unpack(credentials)[0], signal.SIGKILL)
        self._disconnect()

    def _disconnect(self) -> None:
        for connection in (self.client, self.server):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_commits(
    url: str, folder: Path, pattern: bytes, *, lets_through: bool, most: int, kills: bool = False
) -> Iterator[CuttingProxy]:
    """Run a proxy, whose socket lies in `folder`, for the length of the block."""
    proxy = CuttingProxy(url, folder, pattern, lets_through, most, kills)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop_accepting()
        thread.join(10)
        proxy.end_connections()
