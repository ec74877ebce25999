"""Procrastinate's side: a worker whose task posts through the same client of X as the clock.

    python -m bench.procrastinate_worker DATABASE ADDRESS WARM-QUEUE CONNECTIONS READY-FILE

It works off the warm queue, writes the ready file, waits for SIGUSR1, and then works on the queue
`posts` until SIGTERM. Jobs that have ended stay in the database with their states, which is
Procrastinate's default; so is every other setting but the number of jobs at the same time, and
the threads and database connections that they need.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from procrastinate import App, PsycopgConnector

from bench import posting
from publisher.platforms.base.protocol import Platform

TASK, POSTS = "bench.post", "posts"
_OF_THREAD = threading.local()


def make_app(database: str, *, max_size: int = 4) -> App:
    """Return the application on this database; its pool has 4 connections by default too."""
    return App(connector=PsycopgConnector(conninfo=database, max_size=max_size))


async def work(app: App, address: str, warm_queue: str, connections: int, ready: Path) -> None:
    """Warm up, wait for the signal, and work until the process is stopped."""
    loop, is_opened = asyncio.get_running_loop(), asyncio.Event()
    loop.set_default_executor(ThreadPoolExecutor(connections))
    loop.add_signal_handler(signal.SIGUSR1, is_opened.set)

    def post(text: str) -> str:
        platform: Platform | None = getattr(_OF_THREAD, "platform", None)
        if platform is None:
            platform = _OF_THREAD.platform = posting.open_account(address)
        return posting.publish(platform, text)

    app.task(name=TASK)(post)
    async with app.open_async():
        await app.run_worker_async(queues=[warm_queue], concurrency=connections, wait=False)
        ready.write_text("warm")
        await is_opened.wait()
        await app.run_worker_async(queues=[POSTS], concurrency=connections)


def main(database: str, address: str, warm_queue: str, connections: int, ready: Path) -> None:
    """Run a worker."""
    # Each job at the same time has a connection; one more fetches jobs, and one listens for them.
    app = make_app(database, max_size=connections + 2)
    asyncio.run(work(app, address, warm_queue, connections, ready))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
