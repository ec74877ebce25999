"""The web server: gunicorn's processes, each with waitress reading the requests."""

from __future__ import annotations

import logging
import os
import resource
import threading
from collections.abc import Callable, Sequence
from socket import AF_UNIX, SHUT_RD, socket
from typing import Any, Final

from flask import Flask, Request
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from web.app import create_app
from web.controls.workers import keep_watch
from web.core.auth import SESSION_KEY
from web.core.context import AppContext
from web.core.request_times import merge_counts, run_folder
from web.request_reader import Limits, RequestReader

END_WITHIN: Final = 60
"""Seconds in which a server that is asked to stop may finish what is under way."""

_TURN = 1.0
"""The most seconds that the loop of a web worker waits for something to happen."""


class ServerLog(Logger):
    """The log of gunicorn, written like all other lines of this process."""

    def setup(self, cfg: Config) -> None:
        """Pass the lines on instead of using gunicorn's own handlers."""
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True


class ServerWorker(Worker):
    """A web worker: a process in which waitress serves, started and watched by gunicorn.

    It serves until gunicorn ends it, and then finishes what is under way.
    """

    def run(self) -> None:
        """Serve; the loop reports to gunicorn that it is alive."""
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every wait
        reader = RequestReader(
            self.wsgi,
            self.sockets,
            threads=self.cfg.threads,
            limits=self.app.limits,
            is_signed_in=lambda cookies: self.app.is_signed_in(self.wsgi, cookies),
        )
        while self.alive and self.ppid == os.getppid():
            self.notify()
            reader.turn(_TURN)
        reader.stop_accepting()
        # When the whole server stops, gunicorn kills workers that do not finish in time.
        while True:
            self.notify()
            reader.turn(_TURN / 10)  # reads what has arrived, before anything is closed as idle
            if not reader.close_idle():
                break
        reader.task_dispatcher.shutdown(timeout=_TURN)


class ServerArbiter(Arbiter):
    """gunicorn's first process, with listening sockets that are open already."""

    def __init__(self, app: GunicornServer) -> None:
        super().__init__(app)
        self.LISTENERS = list(app.listeners)

    def stop(self, graceful: bool = True) -> None:
        """End the workers; nobody can connect from now on, and who has connected is answered."""
        for listener in self.LISTENERS:
            if listener.family == AF_UNIX:
                # A proxy is refused at once and asks another server. The file stays: without it
                # nginx would write a line with the whole address, for each request.
                listener.shutdown(SHUT_RD)
            listener.close()
        self.LISTENERS = []
        super().stop(graceful)


class GunicornServer(BaseApplication):
    """A gunicorn server of an application that each of its processes creates with `create`."""

    def __init__(
        self,
        create: Callable[[], Flask],
        listeners: Sequence[socket],
        options: dict[str, Any],
        limits: Limits,
    ) -> None:
        self.create = create
        self.listeners = listeners
        self.options = options
        self.limits = limits
        super().__init__()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        ServerArbiter(self).run()

    def load_config(self) -> None:
        """Set gunicorn's settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Create the application in each web worker, so that no connection is shared."""
        return self.create()

    def is_signed_in(self, app: Flask, cookies: str) -> bool:
        """Return True if the cookies hold a session that this application has signed in.

        Whether the session has ended since is checked when the request is handled.
        """
        request = Request({"HTTP_COOKIE": cookies})
        session = app.session_interface.open_session(app, request)
        return session is not None and SESSION_KEY in session


def serve(
    context: AppContext,
    listeners: Sequence[socket],
    *,
    workers: int,
    threads: int,
    limits: Limits | None = None,
) -> None:
    """Serve on listening sockets until SIGTERM or SIGINT.

    Each process also watches whether a clock runs, because a dead clock cannot report itself.
    """
    ended = threading.Event()

    def create() -> Flask:
        context.database.dispose()
        app = create_app(context)
        if context.rings:
            keep_watch(context, ended=ended)
        return app

    def end(_server: object, _worker: object) -> None:
        ended.set()  # each process has its own copy

    with run_folder() as folder:

        def count(_server: object, worker: Worker) -> None:
            if folder is not None:
                merge_counts(folder, worker.pid)

        options = gunicorn_options(workers, threads) | {"worker_exit": end, "child_exit": count}
        GunicornServer(create, listeners, options, limits or Limits()).run()


def gunicorn_options(workers: int, threads: int) -> dict[str, Any]:
    """Return gunicorn's settings: nobody else's files, no access log."""
    return {
        "workers": workers,
        "worker_class": ServerWorker,
        "threads": threads,
        "timeout": 120,
        "graceful_timeout": END_WITHIN,
        "control_socket_disable": True,
        "umask": 0o077,  # its own default is 0
        "accesslog": None,  # `web.core.access_log` writes one without secrets
        "logger_class": ServerLog,
        "loglevel": "warning",
    }
