"""APScheduler with a job store, set up as its user guide shows it: a job for each post.

    python -m bench.apscheduler_side lay FOLDER ADDRESS SIZE SECONDS
    python -m bench.apscheduler_side run FOLDER ADDRESS
    python -m bench.apscheduler_side burst FOLDER ADDRESS SIZE SECONDS

`lay` stores jobs for the last so many seconds while nothing runs; `run` starts the scheduler and
ends when no job is left. `burst` does both in one process, all jobs for one moment, so many
seconds ahead. Its default grace of one second is left as it is: that is what is looked at.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bench import town
from publisher.platforms.base.protocol import Deadline, Platform
from publisher.platforms.base.types import Outgoing
from publisher.platforms.registry import open_platform

NAME = "jobs.sqlite"
_OF_THREAD = threading.local()


def post(address: str, text: str) -> None:
    """Publish a text through the product's platform client, opened once per thread."""
    platform: Platform | None = getattr(_OF_THREAD, "platform", None)
    if platform is None:
        platform = _OF_THREAD.platform = open_platform(
            "x",
            town.CREDENTIALS,
            {"x_api_url": address, "graph_api_url": address, "graph_api_version": "v26.0"},
        )
    deadline = Deadline.after(45.0, time.monotonic)
    platform.publish(platform.prepare(Outgoing(text), deadline=deadline), deadline=deadline)


def make(folder: Path) -> BackgroundScheduler:
    """Return the scheduler of the user guide: a job store by SQLAlchemy, twenty threads."""
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{folder / NAME}")},
        executors={"default": ThreadPoolExecutor(20)},
        job_defaults={"coalesce": False, "max_instances": 3},
        timezone=UTC,
    )


def lay(scheduler: BackgroundScheduler, address: str, moments: list[datetime]) -> None:
    """Store a job for each of these moments."""
    for number, at in enumerate(moments):
        text = town.text_of("apscheduler", number)
        scheduler.add_job(post, "date", run_date=at, args=[address, text])


def finish(scheduler: BackgroundScheduler, folder: Path) -> None:
    """Wait until no job is left, and until the running ones have ended."""
    while _left(folder):
        time.sleep(0.5)
    scheduler.shutdown(wait=True)


def _left(folder: Path) -> int:
    with sqlite3.connect(folder / NAME, timeout=30) as connection:
        row = connection.execute("SELECT count(*) FROM apscheduler_jobs").fetchone()
    return int(row[0])


def main(what: str, folder: Path, address: str, size: int = 0, seconds: float = 0) -> None:
    """Run one of the three commands."""
    scheduler, began = make(folder), datetime.now(UTC)
    scheduler.start(paused=what == "lay")
    if what == "burst":
        lay(scheduler, address, [began + timedelta(seconds=seconds)] * size)
    if what == "lay":
        step = seconds / max(1, size)
        lay(scheduler, address, [began - timedelta(seconds=n * step) for n in range(1, size + 1)])
        scheduler.shutdown(wait=True)
    else:
        finish(scheduler, folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
