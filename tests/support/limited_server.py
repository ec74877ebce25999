"""The product's web server with limits of a test: `python -m tests.support.limited_server`.

Its arguments are the port, the number of processes and the limits as JSON.
"""

from __future__ import annotations

import json
import sys

from commands.app_setup import open_app_context
from commands.web_server import open_listeners
from publisher.settings.environment import load
from publisher.settings.web_server import BindAddress
from web.request_reader import Limits
from web.server import serve


def main(port: str, workers: str, limits: str) -> None:
    """Serve until SIGTERM."""
    context = open_app_context(load())
    listeners = open_listeners([BindAddress("127.0.0.1", int(port))])
    own = Limits(**json.loads(limits))
    serve(context, listeners, workers=int(workers), threads=4, limits=own)


if __name__ == "__main__":
    main(*sys.argv[1:])
