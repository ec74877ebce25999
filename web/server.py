"""The web server: gunicorn's processes, in each of which waitress reads the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker

from web.app import create_app
from web.controls.workers import keep_watch
from web.core.auth import SESSION_KEY
from web.core.context import AppContext
from web.core.request_times import add_up, run_folder
from web.request_reader import Limits
from web.server_worker import ServerWorker


class GunicornServer(BaseApplication):
    """A gunicorn server of an application that each of its processes creates by `create`."""

    def __init__(
        self, create: Callable[[], Flask], options: dict[str, Any], limits: Limits
    ) -> None:
        self.create = create
        self.options = options
        self.limits = limits
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Create the application in each web worker, so that no connection is shared."""
        return self.create()

    def is_signed_in(self, app: Flask, cookies: str) -> bool:
        """Return whether the cookies hold a session that this application has signed in.

        Whether the session has ended since is seen when the request is handled.
        """
        request = Request({"HTTP_COOKIE": cookies})
        session = app.session_interface.open_session(app, request)
        return session is not None and SESSION_KEY in session


def serve(context: AppContext, *, port: int, workers: int, limits: Limits | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Each process also watches whether a clock runs, since a dead clock cannot report itself.
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
                add_up(folder, worker.pid)

        options = gunicorn_options(port, workers) | {"worker_exit": end, "child_exit": count}
        GunicornServer(create, options, limits or Limits()).run()


def gunicorn_options(port: int, workers: int) -> dict[str, Any]:
    """Return gunicorn's settings: loopback, nobody else's files, no access log."""
    return {
        "bind": f"127.0.0.1:{port}",
        "workers": workers,
        "worker_class": ServerWorker,
        "threads": 4,
        "timeout": 120,
        "graceful_timeout": 10,
        "control_socket_disable": True,
        "umask": 0o077,  # its own default is 0
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
    }
