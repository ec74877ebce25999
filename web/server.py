"""The gunicorn server: worker processes with several threads, bound to loopback."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from web.app import create_app
from web.controls.workers import keep_watch
from web.core.context import AppContext


class _Response(wsgi.Response):
    def default_headers(self) -> list[str]:
        """Return gunicorn's own headers without the one that names the software."""
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class _Server(BaseApplication):
    def __init__(self, context: AppContext, options: dict[str, Any]) -> None:
        self.context = context
        self.options = options
        self.ended = threading.Event()
        options["worker_exit"] = self._end
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def _end(self, _server: object, _worker: object) -> None:
        """End the watch thread of a worker process that exits."""
        self.ended.set()

    def load(self) -> Flask:
        """Create the application in each worker process, so that no connection is shared.

        Each process also watches whether a clock runs, since a dead clock cannot report itself.
        """
        self.context.database.dispose()
        self.ended = threading.Event()  # each process has its own end
        app = create_app(self.context)
        if self.context.rings:
            keep_watch(self.context, ended=self.ended)
        return app


def serve(context: AppContext, *, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = {
        "bind": f"127.0.0.1:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": 4,
        "timeout": 120,
        "graceful_timeout": 10,
        "control_socket_disable": True,
        "umask": 0o077,  # its own default is 0
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
    }
    wsgi.Response = _Response  # there is no setting for it
    _Server(context, options).run()
