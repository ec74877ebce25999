"""Let files and mails of strangers be read by processes with limits, two of them at once.

What asks for too much, or is made to crash its reader, ends such a process and nothing else.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import Any, Final

from publisher.media.store import StoreAway

DEADLINE: Final = 60.0  # seconds, for what may take 20 of the processor on a busy machine
LARGE_BYTES: Final = 2**20

_READER: Final = Path(__file__).with_name("file_reader.py")
_AT_ONCE: Final = BoundedSemaphore(2)


class _Reader:
    """A process that reads files in turn; what it writes is in a file without a name."""

    def __init__(self) -> None:
        self._output = TemporaryFile(buffering=0)  # noqa: SIM115  open as long as the process
        self._socket, other_end = socket.socketpair()
        self._socket.settimeout(DEADLINE)
        self._answers = self._socket.makefile("rb")
        output = self._output.fileno()
        command = [sys.executable, "-I", str(_READER), str(output)]
        with other_end:
            end = other_end.fileno()
            self._process = Popen(  # noqa: S603  our own script; the files are its input
                command, stdin=end, stdout=end, stderr=DEVNULL, pass_fds=[output], env={}
            )

    def read(self, kind: str, content: bytes, *numbers: int) -> tuple[Any, bytes]:
        """Return what `read_file` does, and wait for the next mail unless this is the end."""
        answer, written = None, b""
        with suppress(ValueError, ConnectionError, TimeoutError):
            request = (kind, len(content), *numbers)
            self._socket.sendall(f"{' '.join(map(str, request))}\n".encode())
            self._socket.sendall(content)
            line = self._answers.readline()
            self._output.seek(0)
            written = self._output.read()
            answer = json.loads(line)
        # After a large mail it would keep the memory.
        if isinstance(answer, dict) and len(content) <= LARGE_BYTES:
            _idle.append(self)
        else:
            self.end()
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))
        return answer, written

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for file in (self._answers, self._socket, self._output):
            file.close()


_idle: Final[list[_Reader]] = []


def read_file(kind: str, content: bytes, *numbers: int) -> tuple[Any, bytes]:
    """Return what `file_reader` answers about a file, None if it was ended, and what it wrote.

    Raises `StoreAway` if there is no room for it.
    """
    with _AT_ONCE:
        try:
            # An idle process may have ended by itself, or lack the memory that other mails took.
            with suppress(IndexError):
                answer, written = (_idle if kind == "mail" else []).pop().read(kind, content)
                if isinstance(answer, dict):
                    return answer, written
            return _Reader().read(kind, content, *numbers)
        except OSError as problem:
            raise StoreAway(problem.strerror or "", "folder of temporary files") from problem


@atexit.register
def end_idle() -> None:
    """End the processes that wait for another mail."""
    while _idle:
        _idle.pop().end()
