"""Celery's side: a task that posts through the same client of X as the clock.

Set up as its documentation says for work that must not be lost: `acks_late`, and a task goes back
to the queue when its process dies (`reject_on_worker_lost`). Results are not kept, which is
faster; every other setting is Celery's own default.
"""

from __future__ import annotations

import os

from celery import Celery, signals

from bench import posting
from publisher.platforms.base.protocol import Platform

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", ""))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)

_OPENED: dict[str, Platform] = {}


def open_account(**_settings: object) -> None:
    """Open the account once per process."""
    _OPENED["x"] = posting.open_account(os.environ["BENCH_X"])


def post(text: str) -> str:
    """Publish a text; return its id on the platform."""
    return posting.publish(_OPENED["x"], text)


signals.worker_process_init.connect(open_account)
app.task(name="bench.post")(post)
