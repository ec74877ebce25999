"""A stand-in for X that costs next to nothing: it answers posts and records when each arrived.

    python -m bench.stand_in READY-FILE

It speaks HTTP/1.1 with keep-alive, answers a post as X does (201, its text, the rate-limit headers)
and every GET with an empty list. Times are seconds since the epoch by this machine's clock; a post
arrives when the first byte of its request is read.

`GET /arrivals` returns a row `text, arrived, answered` for each post, `HEAD` only their number;
`DELETE /arrivals` clears them; `PUT /patience` sets the seconds that a response takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

HEAD_END = b"\r\n\r\n"
LIMIT = 1_000_000
FIRST_ID = 1_990_000_000_000_000_000
WINDOW = 900.0
"""Seconds until X's shortest rate limit resets."""


@dataclass
class Ledger:
    """The arrivals: text, time of the first byte read, time of the response."""

    patience: float = 0.0
    arrivals: list[tuple[str, float, float]] = field(default_factory=list)
    post_count: int = 0
    began_at: float = field(default_factory=time.time)


class Connection(asyncio.Protocol):
    """A connection: its requests are answered one after the other."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._got = bytearray()
        self._began = 0.0
        self._out: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        if isinstance(transport, asyncio.Transport):
            self._out = transport

    def data_received(self, data: bytes) -> None:
        """Collect a request, and answer it once it is complete."""
        if not self._got:
            self._began = time.time()
        self._got += data
        end = self._got.find(HEAD_END)
        if end < 0:
            return
        head = bytes(self._got[:end])
        size = _length(head)
        if len(self._got) < end + len(HEAD_END) + size:
            return
        body = bytes(self._got[end + len(HEAD_END) :])
        self._got.clear()
        self._answer(head.split(b" ", 2), body)

    def _answer(self, request_line: list[bytes], body: bytes) -> None:
        method, path = request_line[0], request_line[1].split(b"?", 1)[0]
        if method == b"POST":
            self._post(body)
        elif path == b"/arrivals":
            self._tell_arrivals(method)
        elif path == b"/patience":
            self._ledger.patience = float(body)
            self._write(200, b"{}")
        else:
            self._write(200, b'{"data":[],"meta":{"result_count":0}}')

    def _post(self, body: bytes) -> None:
        text, arrived = str(json.loads(body)["text"]), self._began
        if self._ledger.patience:
            loop = asyncio.get_running_loop()
            loop.call_later(self._ledger.patience, self._made, text, arrived)
        else:
            self._made(text, arrived)

    def _made(self, text: str, arrived: float) -> None:
        ledger = self._ledger
        ledger.post_count += 1
        number = str(FIRST_ID + ledger.post_count)
        data = {"id": number, "text": text, "edit_history_tweet_ids": [number]}
        answer = json.dumps({"data": data}, ensure_ascii=False).encode()
        reset = int(ledger.began_at + WINDOW * (1 + (time.time() - ledger.began_at) // WINDOW))
        limits = (
            f"x-rate-limit-limit: {LIMIT}\r\n"
            f"x-rate-limit-remaining: {LIMIT - ledger.post_count}\r\n"
            f"x-rate-limit-reset: {reset}\r\n"
        )
        self._write(201, answer, limits)
        ledger.arrivals.append((text, arrived, time.time()))

    def _tell_arrivals(self, method: bytes) -> None:
        ledger = self._ledger
        if method == b"DELETE":
            ledger.arrivals = []
            self._write(200, b"{}")
        elif method == b"HEAD":
            self._write(200, b"", f"x-count: {len(ledger.arrivals)}\r\n")
        else:
            self._write(200, json.dumps(ledger.arrivals, ensure_ascii=False).encode())

    def _write(self, code: int, body: bytes, more: str = "") -> None:
        reason = "Created" if code == 201 else "OK"
        head = (
            f"HTTP/1.1 {code} {reason}\r\ndate: {formatdate(usegmt=True)}\r\n"
            f"content-type: application/json; charset=utf-8\r\n{more}"
            f"content-length: {len(body)}\r\n\r\n"
        )
        if self._out is not None:
            self._out.write(head.encode() + body)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def serve(ready: Path) -> None:
    """Serve on a free loopback port until killed; write the address into `ready`."""
    ledger = Ledger()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(ledger), "127.0.0.1", 0, backlog=512)
    host, port = server.sockets[0].getsockname()[:2]
    ready.write_text(f"http://{host}:{port}")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
