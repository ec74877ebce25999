"""A web server that ends takes who has connected already, and refuses who comes later."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import wait_until
from web.request_reader import Limits, RequestReader

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Answer with the address of the client."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REMOTE_ADDR"].encode()]


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[list[socket.socket]]:
    """Listen at two sockets of the file system, and at a port."""
    sockets = [socket.create_server(("127.0.0.1", 0))]
    for name in ("a", "b"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / name))
        listener.listen(10)
        sockets.append(listener)
    yield sockets
    for listener in sockets:
        listener.close()


@pytest.fixture(params=["port first", "socket first"])
def reader(
    request: pytest.FixtureRequest, listeners: list[socket.socket]
) -> Iterator[RequestReader]:
    """Return a reader of copies of the sockets, as each process has them."""
    copies = [listener.dup() for listener in listeners]
    if request.param == "socket first":
        copies.reverse()
    reader = RequestReader(
        application, copies, threads=1, limits=Limits(), is_signed_in=lambda _cookies: False
    )
    yield reader
    reader.task_dispatcher.shutdown(timeout=5)
    reader.trigger.close()


def connect(listener: socket.socket) -> socket.socket:
    """Return a new connection to a listening socket."""
    client = socket.socket(listener.family)
    client.settimeout(10)
    client.connect(listener.getsockname())
    return client


def finish(reader: RequestReader) -> None:
    """Do what a process does that ends."""
    reader.stop_accepting()
    close_all(reader)


def close_all(reader: RequestReader) -> None:
    """Do so after it has stopped accepting."""

    def is_done() -> bool:
        reader.turn(0.02)
        return not reader.close_idle()

    assert wait_until(is_done, within=10)


def test_who_waits_to_be_taken_is_answered(
    reader: RequestReader, listeners: list[socket.socket]
) -> None:
    clients = [connect(listener) for listener in listeners for _ in range(3)]
    for client in clients:
        client.sendall(REQUEST)
    finish(reader)
    for client in clients:
        with client:
            assert client.makefile("rb").read().endswith(b"\r\n\r\n127.0.0.1")


def test_who_has_connected_and_begins_a_moment_later_is_answered(
    reader: RequestReader, listeners: list[socket.socket]
) -> None:
    clients = [connect(listener) for listener in listeners]
    reader.stop_accepting()
    reader.turn(0)
    assert reader.close_idle() == len(clients)
    for client in clients:
        client.sendall(REQUEST)
    close_all(reader)
    for client in clients:
        with client:
            assert client.makefile("rb").read().startswith(b"HTTP/1.0 200 ")


def test_who_never_begins_does_not_hold_up_the_end(
    reader: RequestReader, listeners: list[socket.socket]
) -> None:
    with connect(listeners[0]) as silent:
        finish(reader)
        assert silent.recv(1) == b""


def test_who_comes_after_the_end_is_refused_and_who_waits_is_answered(
    reader: RequestReader, listeners: list[socket.socket]
) -> None:
    with connect(listeners[1]) as client:
        client.sendall(REQUEST)
        listeners[1].shutdown(socket.SHUT_RD)
        with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
            late.connect(listeners[1].getsockname())
        finish(reader)
        assert client.makefile("rb").read().startswith(b"HTTP/1.0 200 ")
