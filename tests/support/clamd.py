"""A clamd for tests: one that answers by a script on loopback, and a real one on a unix socket."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from publisher.media.virus_scanner import Clamd, ScannerAway, scanner_version
from tests.support import runs

SIGNATURE = b"nagarvani-test-virus-6f1c"
"""What a file carries that the local signature of the real one finds."""

VIRUS = "Nagarvani.Test"
_CONFIGURATION = """
LocalSocket {folder}/clamd.ctl
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
LogFile {folder}/log
Foreground yes
StreamMaxLength 1M
ConcurrentDatabaseReload no
"""

Answer = Callable[[socket.socket, bytes], None]


def says(text: str) -> Answer:
    """Return a script that answers with this text and a NUL."""

    def answer(connection: socket.socket, _content: bytes) -> None:
        connection.sendall(text.encode() + b"\0")

    return answer


def finds(part: bytes) -> Answer:
    """Return a script that finds a virus in each file with this part."""

    def answer(connection: socket.socket, content: bytes) -> None:
        says(f"stream: {VIRUS} FOUND" if part in content else "stream: OK")(connection, content)

    return answer


@dataclass
class ScriptedClamd:
    """Takes one command after another, each on a connection of its own.

    `answer` sends what the scanner says to a file once it is there. `contents` are the files that
    came. It reads no more than `most` bytes of a file before it answers.
    """

    answer: Answer = field(default_factory=lambda: says("stream: OK"))
    version: str = "ClamAV 1.4.6/1/Sun Nov 29 2026"
    most: int = 10_000_000
    contents: list[bytes] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        """The address, for the product's settings."""
        return f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"

    def client(self, *, deadline: float = 10.0) -> Clamd:
        """Return the product's client of it."""
        return Clamd(self.listener.getsockname(), deadline)

    def _serve(self) -> None:
        with suppress(OSError):  # until the listener is closed
            while True:
                connection, _address = self.listener.accept()
                with connection, suppress(OSError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        command = b""
        while not command.endswith(b"\0") and (letter := stream.read(1)):
            command += letter
        if command == b"zVERSION\0":
            connection.sendall(self.version.encode() + b"\0")
            return
        content = b""
        # A client whose time is over closes the connection where it stands.
        while len(size := stream.read(4)) == 4 and len(content) < self.most:
            (length,) = struct.unpack(">I", size)
            if not length:
                break
            content += stream.read(length)
        self.contents.append(content)
        self.answer(connection, content)


@contextmanager
def scripted() -> Iterator[ScriptedClamd]:
    """Run a scripted clamd while the context is open."""
    server = ScriptedClamd()
    thread = Thread(target=server._serve)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone would not wake a thread that waits in `accept`.
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(10)


def missing() -> str:
    """Return why a real clamd cannot be started here; empty if it can."""
    return (
        ""
        if shutil.which("clamd", path="/usr/sbin:/usr/bin")
        else ("clamd is not installed: apt-get install clamav-daemon")
    )


@contextmanager
def real() -> Iterator[Clamd]:
    """Run a real clamd that knows one signature while the context is open."""
    # A path of a unix socket has room for some hundred letters only.
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    (folder / "signatures").mkdir()
    signature = f"{VIRUS}:0:*:{SIGNATURE.hex()}\n"
    (folder / "signatures" / "local.ndb").write_text(signature)
    (folder / "clamd.conf").write_text(_CONFIGURATION.format(folder=folder))
    program = shutil.which("clamd", path="/usr/sbin:/usr/bin") or ""
    command = [program, "--config-file", str(folder / "clamd.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clamd = Clamd(str(folder / "clamd.ctl"))
    try:
        if not runs.wait_until(lambda: _answers(clamd), within=30):
            raise AssertionError((folder / "log").read_text())
        yield clamd
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(clamd: Clamd) -> bool:
    try:
        return bool(scanner_version(clamd))
    except ScannerAway:
        return False
