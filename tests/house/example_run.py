"""A small run of tests, for `test_killed_run.py` to kill: not collected by itself."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psycopg
from playwright.sync_api import Page

from tests.support.processes import Starter


def test_everything_that_a_run_can_leave_behind_is_started(
    postgres_url: str, sqlite_url: str, start: Starter, page: Page
) -> None:
    started = start(
        [sys.executable, "-c", "print('runs', flush=True); import time; time.sleep(300)"]
    )
    started.wait_for("runs")
    page.set_content("<p>open</p>")
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        if ready := os.environ.get("EXAMPLE_RUN_READY"):
            Path(ready).write_text(str(started.pid))
            time.sleep(300)


def test_another_worker_has_something_to_do(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
