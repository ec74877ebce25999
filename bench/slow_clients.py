"""Compares WSGI servers under clients that send slowly: how long does a page take meanwhile?

Run `python -m bench.slow_clients` in an environment that has the servers; one that is not installed
is left out. The application is the same for all: it reads the body and returns a short page.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec

from flask import Flask, request

APP = "bench.slow_clients:app"
WORKERS = 2
THREADS = 4
HALF_SENT = 200
SLOW_UPLOADS = 8
MEGABIT = 125_000
"""Bytes a second of a slow upload."""

UPLOAD_SIZE = 10 * MEGABIT
LONGEST_WAIT = 8.0
PROBES = 10
WATCHED = 32
"""Seconds after which the connections that are still open are counted."""

SERVERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "gunicorn gthread": ("gunicorn", ("gunicorn", "-k", "gthread", "--threads", str(THREADS))),
    "gunicorn gevent": ("gevent", ("gunicorn", "-k", "gevent")),
    "granian": ("granian", ("granian", "--interface", "wsgi", "--blocking-threads", str(THREADS))),
    "waitress": ("waitress", ("waitress", "--threads", str(THREADS))),
    "gunicorn and waitress": ("waitress", ("bench.slow_clients", "serve")),
}
"""By name: the package that must be installed, and the module to run with its options."""


app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def page() -> str:
    """Read the body, and return a short page."""
    while request.stream.read(65_536):
        pass
    return "ok"


def _serve(port: int) -> None:
    from web.request_reader import Limits
    from web.server import GunicornServer, gunicorn_options

    listener = socket.create_server(("127.0.0.1", port))
    GunicornServer(lambda: app, [listener], gunicorn_options(WORKERS, 4), Limits()).run()


def _command(name: str, port: int) -> list[str]:
    module, *options = SERVERS[name][1]
    address: list[str] = [f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}", APP]
    if module == "granian":
        address = ["--host=127.0.0.1", f"--port={port}", f"--workers={WORKERS}", APP]
    elif module == "waitress":
        address = [f"--listen=127.0.0.1:{port}", APP]
    elif module == "bench.slow_clients":
        address = [str(port)]
    return [sys.executable, "-m", module, *options, *address]


@contextmanager
def _running(name: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(_command(name, port), stdout=quiet, stderr=quiet)
    try:
        for _attempt in range(100):
            time.sleep(0.1)
            if _page_time(port) < LONGEST_WAIT:
                break
        yield port
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _page_time(port: int) -> float:
    """Return the seconds that a page takes; `LONGEST_WAIT` if it does not come."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return LONGEST_WAIT
    finally:
        connection.close()
    return time.monotonic() - began


def _worst_page_time(port: int) -> float:
    time.sleep(1)  # what was sent before has arrived
    worst = 0.0
    for _probe in range(PROBES):
        worst = max(worst, _page_time(port))
        if worst >= LONGEST_WAIT:
            break
        time.sleep(0.2)
    return worst


def _half_sent(port: int, beginning: bytes) -> list[socket.socket]:
    connections = []
    for _number in range(HALF_SENT):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(beginning)
        connections.append(connection)
    return connections


def _still_open(connections: list[socket.socket], drip: bytes) -> int:
    """Send a byte every two seconds on each, and return how many are still open at the end."""
    is_open = dict.fromkeys(connections, True)
    for _step in range(WATCHED // 2):
        time.sleep(2)
        for connection in connections:
            try:
                connection.sendall(drip)
                connection.setblocking(False)
                if not connection.recv(1000):
                    is_open[connection] = False
            except BlockingIOError:
                pass
            except OSError:
                is_open[connection] = False
            finally:
                connection.setblocking(True)
    return sum(is_open.values())


def _upload(port: int, size: int, rate: float) -> bool:
    """Send so many bytes at so many bytes a second; return whether they arrived."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        kind = b"Content-Type: multipart/form-data; boundary=a"
        head = b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\nContent-Length: %d\r\n\r\n" % (kind, size)
        connection.sendall(head)
        step = min(size, 65_536)
        began = time.monotonic()
        try:
            for sent in range(0, size, step):
                connection.sendall(bytes(min(step, size - sent)))
                time.sleep(max(0.0, began + (sent + step) / rate - time.monotonic()))
            return b"200" in connection.recv(100)
        except OSError:
            return False


def _pages_a_second(port: int) -> float:
    def ask(_number: int) -> int:
        connection, count = http.client.HTTPConnection("127.0.0.1", port), 0
        ends_at = time.monotonic() + 2
        while time.monotonic() < ends_at:
            connection.request("GET", "/")
            connection.getresponse().read()
            count += 1
        return count

    with ThreadPoolExecutor(4) as askers:
        return sum(askers.map(ask, range(4))) / 2


def measure(name: str) -> str:
    """Return a line of the table: seconds, counts and rates of this server."""
    with _running(name) as port:
        rate = _pages_a_second(port)
        began = time.monotonic()
        _upload(port, 200 * 8 * MEGABIT, 1e12)
        speed = 200 / (time.monotonic() - began)
    with _running(name) as port:
        connections = _half_sent(port, b"GET / HTTP/1.1\r\nX: ")
        heads = _worst_page_time(port)
        heads_open = _still_open(connections, b"a")
    with _running(name) as port:
        connections = _half_sent(
            port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\na"
        )
        bodies = _worst_page_time(port)
        bodies_open = _still_open(connections, b"a")
    with _running(name) as port, ThreadPoolExecutor(SLOW_UPLOADS) as senders:
        uploads = [
            senders.submit(_upload, port, UPLOAD_SIZE, MEGABIT) for _number in range(SLOW_UPLOADS)
        ]
        slow = _worst_page_time(port)
        arrived = sum(upload.result() for upload in uploads)
    return (
        f"| {name} | {_seconds(heads)} | {heads_open} | {_seconds(bodies)} | {bodies_open} "
        f"| {_seconds(slow)} | {arrived} of {SLOW_UPLOADS} | {rate:.0f} | {speed:.0f} |"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < LONGEST_WAIT else f"over {LONGEST_WAIT:.0f} s"


def main() -> None:
    """Print the table."""
    print(f"{WORKERS} processes (waitress alone: 1) of {THREADS} threads")
    print("| server | half heads | open | half bodies | open | uploads | whole | pages/s | MB/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (package, _module) in SERVERS.items():
        if find_spec(package):
            print(measure(name), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(int(sys.argv[2]))
    else:
        main()
