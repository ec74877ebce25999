"""A web worker: a process that gunicorn starts and watches, and in which waitress serves."""

from __future__ import annotations

import logging
import os
import resource

from gunicorn.workers.base import Worker

from web.request_reader import RequestReader

_TURN = 1.0
"""Seconds that the loop waits for something to happen, at most."""


class ServerWorker(Worker):
    """Serves until gunicorn ends it, and then finishes what is under way."""

    def run(self) -> None:
        """Serve; the loop tells gunicorn that it is alive."""
        _allow_many_files()
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every wait
        reader = RequestReader(
            self.wsgi,
            self.sockets[0].sock,
            threads=self.cfg.threads,
            limits=self.app.limits,
            is_signed_in=lambda cookies: self.app.is_signed_in(self.wsgi, cookies),
        )
        while self.alive and self.ppid == os.getppid():
            self.notify()
            reader.turn(_TURN)
        self._finish(reader)

    def _finish(self, reader: RequestReader) -> None:
        reader.stop_accepting()
        # When all of the server stops, gunicorn kills what is not finished in time.
        while reader.close_idle():
            self.notify()
            reader.turn(_TURN / 10)
        reader.task_dispatcher.shutdown(timeout=_TURN)


def _allow_many_files() -> None:
    """Raise the limit of open files as far as it may be: a connection may need two."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
