"""Celery's side: a task that posts through the very client that the press posts through.

Set up as its documentation says for work that must not be lost: `acks_late`, and a task goes back
to the queue when its process dies (`reject_on_worker_lost`). Results are not kept, which is
faster; every other setting is Celery's own default.
"""

from __future__ import annotations

import os
import time

from celery import Celery, signals

from bench.town import CREDENTIALS
from publisher.platforms.base.protocol import Deadline, Platform
from publisher.platforms.base.types import Outgoing
from publisher.platforms.registry import open_platform

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", ""))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)

_OPENED: dict[str, Platform] = {}


def open_account(**_settings: object) -> None:
    """Open the account once per process, as the worker opens it once per thread."""
    url = os.environ["BENCH_X"]
    _OPENED["x"] = open_platform(
        "x", CREDENTIALS, {"x_api_url": url, "graph_api_url": url, "graph_api_version": "v26.0"}
    )


def post(text: str) -> str:
    """Publish a text; return its id on the platform."""
    platform = _OPENED["x"]
    deadline = Deadline.after(45.0, time.monotonic)
    prepared = platform.prepare(Outgoing(text), deadline=deadline)
    return platform.publish(prepared, deadline=deadline).platform_id


signals.worker_process_init.connect(open_account)
posting = app.task(name="bench.post")(post)
