"""Serving the pages with gunicorn: processes of several threads, loopback only."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from web.app import create_app
from web.controls.workers import keep_watch
from web.core.context import AppContext


class _Server(BaseApplication):
    def __init__(self, context: AppContext, options: dict[str, Any]) -> None:
        self.house = context
        self.options = options
        self.ended = threading.Event()
        options["worker_exit"] = self._end
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def _end(self, _server: object, _worker: object) -> None:
        """What a process does before it ends: it begins no look any more."""
        self.ended.set()

    def load(self) -> Flask:
        """Made anew in each process, so that no connection is shared by two.

        Each also watches whether a clock runs: the clock, that is dead then, cannot tell.
        """
        self.house.database.dispose()
        self.ended = threading.Event()  # each process has its own end
        app = create_app(self.house)
        if self.house.rings:
            keep_watch(self.house, ended=self.ended)
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
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
    }
    _Server(context, options).run()
