"""Answers for programs: whether this web runs (`/healthz`), can serve (`/readyz`), and metrics.

They are for this machine itself and for clients with the token. For everybody else these paths are
unknown pages.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from ipaddress import IPv6Address, ip_address
from time import monotonic as seconds
from typing import Final, Generic, TypeVar

from flask import Blueprint, Flask, current_app, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response
from werkzeug.exceptions import NotFound

from publisher.database.revisions import is_newer, latest_revision
from publisher.media.store_in_use import is_still_in_use
from publisher.operations import worker_health
from publisher.operations.table_metrics import Gauge, read_gauges
from web.core.context import AppContext
from web.core.permissions import allow_programs
from web.core.request_times import request_histogram

routes = Blueprint("monitoring", __name__)
log = logging.getLogger("nagarvani.web")
ReadValue = TypeVar("ReadValue")

PREFIX: Final = "nagarvani_"
PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
METRICS_FOR: Final = 10.0
"""The seconds for which a process returns what it has read from the tables."""

READY_FOR: Final = 1.0
"""The seconds for which a process answers whether it can serve."""

PATIENCE: Final = 5.0
"""The seconds that a response waits for the database, which may exist but not respond."""

_OF_PROXIES: Final = ("Forwarded", "X-Real-Ip", "Via")
_EXTENSION: Final = "monitor"


def register(app: Flask) -> None:
    """Hide these paths from strangers; registered before access is checked."""
    app.before_request(_hide_from_strangers)


def _hide_from_strangers() -> None:
    """Treat a request as one for an unknown page, whatever its method."""
    if request.path in PATHS and not (_is_from_this_machine() or _has_token()):
        request.url_rule, request.view_args = None, None
        request.routing_exception = NotFound()


def _is_from_this_machine() -> bool:
    """Return True if the connection itself comes from loopback, and no proxy sent the request."""
    names = [name for name, _value in request.headers]
    if any(name in _OF_PROXIES or name.startswith("X-Forwarded-") for name in names):
        return False
    # ProxyFix replaces the address of the connection with the one that a header names.
    original: dict[str, str] = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    try:
        address = ip_address(original.get("REMOTE_ADDR", ""))
    except ValueError:
        return False  # a Unix socket, which a proxy may be using
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _has_token() -> bool:
    token = _context().settings.metrics_token
    scheme, _, given_token = request.headers.get("Authorization", "").partition(" ")
    is_same = hmac.compare_digest(given_token.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_same


@routes.get("/healthz")
@allow_programs
def health() -> Response:
    """Say that this process responds; the database is not queried."""
    return _forbid_caching(Response("ok\n", mimetype="text/plain"))


@routes.get("/readyz")
@allow_programs
def ready() -> Response:
    """Say whether this web can serve; 503 if the database is away or lacks tables of this version.

    It is also 503 if the database names another media store than when this web started. With the
    tables of a later version it continues until it is replaced: a release under which it could not
    asks to stop it first.
    """
    state = _monitor().readiness.latest()
    is_ready = state is not None and _can_serve(state.revision) and state.has_its_store
    response = jsonify(
        ready=is_ready,
        database="unreachable" if state is None else "reachable",
        revision=state.revision if state else None,
        wanted_revision=_required_revision(),
        media_store=None if state is None else "same" if state.has_its_store else "another",
        clock_beat_seconds=state.clock_beat_seconds if state else None,
    )
    response.status_code = 200 if is_ready else 503
    return _forbid_caching(response)


@routes.get("/metrics")
@allow_programs
def metrics() -> Response:
    """Return the metrics, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_AllMetrics(_monitor().gauges.latest()))
    return _forbid_caching(
        Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    )


def _forbid_caching(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


class _AllMetrics(Collector):
    """What this web knows; the values from the tables are None if they could not be read."""

    def __init__(self, gauges: list[Gauge] | None) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        yield _family(
            Gauge(
                "build_info",
                "1, with the version of this web and the revision of the tables that it needs.",
                ("version", "tables"),
                {(metadata.version("nagarvani"), str(_required_revision())): 1},
            )
        )
        is_up = self._gauges is not None
        yield _family(
            Gauge("database_up", "1 if the tables were read, else 0.", samples={(): is_up})
        )
        yield from map(_family, self._gauges or ())
        yield from request_histogram(current_app)


def _family(gauge: Gauge) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + gauge.name, gauge.help, labels=gauge.labels)
    for labels, number in gauge.samples.items():
        family.add_metric(labels, number)
    return family


@cache
def _can_serve(revision: str | None) -> bool:
    return revision == _required_revision() or (revision is not None and is_newer(revision))


@cache
def _required_revision() -> str | None:
    return latest_revision()


@dataclass(frozen=True)
class _DatabaseState:
    """The revision of the tables and, if it is ours, what else a web depends on.

    `has_its_store` is False if the database names another store than when this web started.
    """

    revision: str | None
    clock_beat_seconds: float | None = None
    has_its_store: bool = True


class _Monitor:
    """What a process reads from the database of this context for those who ask."""

    def __init__(self, context: AppContext) -> None:
        self.context = context
        self.gauges = SharedRead(self._read_gauges, METRICS_FOR)
        self.readiness = SharedRead(self._read_state, READY_FOR)

    def _read_gauges(self) -> list[Gauge]:
        with self.context.database.reading() as session:
            return read_gauges(session, now=self.context.now())

    def _read_state(self) -> _DatabaseState:
        revision = self.context.database.revision()
        if revision != _required_revision():
            return _DatabaseState(revision)
        with self.context.database.reading() as session:
            beat_at = worker_health.latest_beat(session)
            is_same = is_still_in_use(session, self.context.store_identity)
        age = max(0.0, (self.context.now() - beat_at).total_seconds()) if beat_at else None
        return _DatabaseState(revision, age, is_same)


def _monitor() -> _Monitor:
    """Return the monitor of the application's context."""
    monitor: _Monitor | None = current_app.extensions.get(_EXTENSION)
    if monitor is None or monitor.context is not _context():
        monitor = current_app.extensions[_EXTENSION] = _Monitor(_context())
    return monitor


def _context() -> AppContext:
    # Not its proxy, which the reading thread could not use.
    context: AppContext = current_app.extensions["house"]
    return context


class SharedRead(Generic[ReadValue]):
    """Reads in a thread, for all who ask meanwhile and for `kept_for` seconds after it began.

    So many requests at once share one read, and a database that does not respond delays none for
    longer than `PATIENCE`.
    """

    def __init__(
        self,
        read: Callable[[], ReadValue],
        kept_for: float,
        monotonic: Callable[[], float] = seconds,
    ) -> None:
        self._read = read
        self._kept_for = kept_for
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._thread: _ReadingThread[ReadValue] | None = None
        self._began_at = 0.0

    def latest(self) -> ReadValue | None:
        """Return what was read; None if it cannot be read, or not soon enough."""
        with self._lock:
            if self._thread is None or self._is_over(self._thread):
                self._thread = _ReadingThread(self._read)
                self._began_at = self._monotonic()
                self._thread.start()
            thread, ends_at = self._thread, self._began_at + PATIENCE
        thread.join(max(0.0, ends_at - self._monotonic()))
        return thread.outcome

    def _is_over(self, thread: threading.Thread) -> bool:
        return not thread.is_alive() and self._monotonic() - self._began_at >= self._kept_for


class _ReadingThread(threading.Thread, Generic[ReadValue]):
    """A read; `outcome` is None until it has ended, and if it failed."""

    def __init__(self, read: Callable[[], ReadValue]) -> None:
        super().__init__(name="monitoring", daemon=True)
        self._read = read
        self.outcome: ReadValue | None = None

    def run(self) -> None:
        """Read."""
        try:
            self.outcome = self._read()
        except SQLAlchemyError as problem:
            # The response says so as well, and is repeated again and again.
            log.debug("the database was not read for monitoring: %s", type(problem).__name__)
