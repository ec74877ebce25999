"""How long requests take: a histogram over all processes of a web.

Each process counts in its own file (prometheus-client's multiprocess mode), and the one that is
asked adds the files up. Their folder belongs only to one run of the web.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic as seconds
from typing import Any, Final

import prometheus_client
from flask import Flask, Response, current_app, g, request
from prometheus_client import Histogram, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from web.core import permissions, static_files
from web.core.auth import ASKS_FOR_CHANGES

log = logging.getLogger("nagarvani.web")

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client knows the folder; without it a process counts alone."""

NAME: Final = "nagarvani_request_seconds"
HELP: Final = "Seconds from the whole request to the whole response, by part and status class."
BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
PREFIX: Final = "nagarvani-web-"
RESERVED: Final = 512 * 1024
"""The bytes of each file: room for every part and status class."""

_ENDED = "0"
"""Replaces the process id in the name of the file with the sums of all ended processes."""

_EXTENSION = "request_times"

# Not all of prometheus-client has types.
_library: Any = prometheus_client
_CountFile: Any = MmapedDict
_AllProcesses: Any = MultiProcessCollector


class RequestTimes:
    """The histogram of an application. `monotonic` returns seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        _count_together()
        self._monotonic = monotonic
        self._histogram = Histogram(NAME, HELP, ("part", "status"), buckets=BUCKETS, registry=None)

    def begin(self) -> None:
        """Note when the request begins."""
        g.began_at = self._monotonic()

    def end(self, response: Response) -> Response:
        """Count the request."""
        part, status = part_of(current_app, request.endpoint), f"{response.status_code // 100}xx"
        self._histogram.labels(part, status).observe(self._monotonic() - g.began_at)
        return response

    def collect(self) -> Iterable[Metric]:
        """Return what all processes of this web have counted."""
        folder = os.environ.get(FOLDER)
        if folder is None:
            return self._histogram.collect()
        metrics: Iterable[Metric] = _AllProcesses(None, folder).collect()
        return metrics


def register(app: Flask, monotonic: Callable[[], float] = seconds) -> None:
    """Measure every request; registered before everything else that handles requests."""
    times = RequestTimes(monotonic)
    app.extensions[_EXTENSION] = times
    app.before_request(times.begin)
    app.after_request(times.end)


def request_histogram(app: Flask) -> Iterable[Metric]:
    """Return the histogram of this application's requests."""
    times: RequestTimes = app.extensions[_EXTENSION]
    return times.collect()


def part_of(app: Flask, endpoint: str | None) -> str:
    """Return the part of the pages that an endpoint belongs to: the package of its view.

    Endpoints requested again and again have their own part, or they would hide the pages' times.
    """
    if endpoint is None:
        return "unknown"
    if endpoint == static_files.ENDPOINT:
        return "static"
    if endpoint == ASKS_FOR_CHANGES:
        return "changes"
    if permissions.get_rule(app, endpoint).sessionless:
        return "monitoring"
    return app.view_functions[endpoint].__module__.split(".")[1]


@cache
def _count_together() -> None:
    """Make this process count in a file, if there is a folder for that."""
    _library.disable_created_metrics()
    folder = os.environ.get(FOLDER)
    if folder is None:
        return
    try:
        _reserve(_file(folder, str(os.getpid())))
    except OSError as problem:
        log.warning("requests are counted by this process alone: %s", problem.strerror)
        del os.environ[FOLDER]
        return
    # It was chosen when the package was imported, possibly before the folder existed.
    _library.values.ValueClass = _library.values.get_value_class()


@contextmanager
def run_folder() -> Iterator[Path | None]:
    """Make the folder of a run, which only this user can enter, and erase it at its end.

    Yields None if it cannot be made. Folders of earlier runs that were killed are erased too.
    """
    owner = os.getpid()
    os.environ.pop(FOLDER, None)  # that of another web that started this one
    try:
        for left_folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            match = re.fullmatch(rf"{PREFIX}(\d+)-\w+", left_folder.name)
            is_ours = left_folder.lstat().st_uid == os.getuid() and not left_folder.is_symlink()
            if match and is_ours and not _is_running(int(match[1])):
                shutil.rmtree(left_folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{owner}-"))
        _reserve(_file(folder, _ENDED))
    except OSError as problem:
        log.warning("requests are not counted together: %s", problem.strerror)
        yield None
        return
    os.environ[FOLDER] = str(folder)
    try:
        yield folder
    finally:
        if os.getpid() == owner:  # processes forked inside the block leave it too
            del os.environ[FOLDER]
            shutil.rmtree(folder, ignore_errors=True)


def merge_counts(folder: Path, pid: int) -> None:
    """Add the counts of an ended process to those of earlier ones, and remove its file.

    So no count decreases when a process ends, which Prometheus would take for a restart.
    """
    file = _file(folder, str(pid))
    try:
        values_of_file = _CountFile.read_all_values_from_file(file)
        counted = [(key, value) for key, value, *_rest in values_of_file if json.loads(key)]
        total = _CountFile(str(_file(folder, _ENDED)))
        for key, value in counted:
            total.write_value(key, total.read_value(key)[0] + value, 0.0)
        total.close()
    except FileNotFoundError:
        return  # it ended before its first request
    except (OSError, RuntimeError, ValueError, struct.error) as problem:
        # This must not end the process that supervises all others.
        log.warning("what process %s counted is lost: %s", pid, problem)
    file.unlink(missing_ok=True)


def _file(folder: str | Path, process: str) -> Path:
    """Return the file of a process, as prometheus-client names it."""
    return Path(folder, f"histogram_{process}.db")


def _reserve(file: Path) -> None:
    """Make the file with all its bytes: a process that maps one dies when the disk is full."""
    with file.open("wb") as content:
        os.posix_fallocate(content.fileno(), 0, RESERVED)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as problem:
        return not isinstance(problem, ProcessLookupError)
    return True
