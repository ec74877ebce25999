"""Answers to a creation that mean harm or lie, as a stub sends them. None of them proves a post."""

from __future__ import annotations

import gzip
import itertools
import socket
from collections.abc import Iterable

from tests.platforms.stub import Behaviour, http_response

CREATED = {"data": {"id": "77"}, "id": "77"}
WHOLE = b'{"data": {"id": "77"}, "id": "77"}'
MEGABYTE = 1024 * 1024
FOUR_GIGABYTES = 4 * 1024 * MEGABYTE


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 201 Created", *lines, "", ""]).encode()


def stream(first: bytes, pieces: Iterable[bytes]) -> Behaviour:
    """Send the pieces for as long as the client takes them."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        for piece in pieces:
            connection.sendall(piece)

    return behave


def four_gigabytes(code: int = 201) -> Behaviour:
    announced = head(f"Content-Length: {FOUR_GIGABYTES}").replace(b"201", str(code).encode())
    return stream(announced, itertools.repeat(b" " * MEGABYTE, FOUR_GIGABYTES // MEGABYTE))


def without_end(*lines: str) -> Behaviour:
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, b" " * MEGABYTE)
    return stream(head("Transfer-Encoding: chunked", *lines), itertools.repeat(chunk))


def with_length(length: int) -> bytes:
    return head(f"Content-Length: {length}") + WHOLE


PACKED = gzip.compress(gzip.compress(WHOLE))
BOMB = gzip.compress(gzip.compress(b" " * 40 * MEGABYTE + WHOLE))

HOSTILE_ANSWERS: dict[str, bytes | Behaviour] = {
    "moved for ever": http_response({}, 301, {"Location": "/2/tweets"}),
    "moved, and created": http_response(CREATED, 301, {"Location": "/2/tweets"}),
    "moved, to itself": http_response(CREATED, 308, {"Location": ""}),
    "4 GB that are announced": four_gigabytes(),
    "a body without end": without_end(),
    "a body until the connection ends": stream(head(), itertools.repeat(b" " * MEGABYTE)),
    "gzip inside gzip": http_response(PACKED, 201, {"Content-Encoding": "gzip, gzip"}),
    "gzip inside gzip, of which one is told": http_response(
        PACKED, 201, {"Content-Encoding": "gzip"}
    ),
    "a bomb inside a bomb": http_response(BOMB, 201, {"Content-Encoding": "gzip, gzip"}),
    "a header of 1 MB": http_response(CREATED, 201, {"X-More": "x" * MEGABYTE}),
    "1 MB of headers": http_response(
        CREATED, 201, {f"X-{number}": "x" * 1_000 for number in range(1_000)}
    ),
    "a length that is too long": stream(with_length(len(WHOLE) + 10), ()),
    "a length that is too short": with_length(len(WHOLE) - 10),
    "a length that is none": stream(head("Content-Length: many") + WHOLE[:-1], ()),
    "two lengths": head("Content-Length: 5", f"Content-Length: {len(WHOLE)}") + WHOLE,
}
