"""The product's web server with limits of a test: `python -m tests.support.limited_server`.

Its arguments are the port, the number of processes and the limits as JSON.
"""

from __future__ import annotations

import json
import sys

from commands.app_setup import open_app_context
from publisher.settings.environment import load
from web.request_reader import Limits
from web.server import serve


def main(port: str, workers: str, limits: str) -> None:
    """Serve until SIGTERM."""
    context = open_app_context(load())
    serve(context, port=int(port), workers=int(workers), limits=Limits(**json.loads(limits)))


if __name__ == "__main__":
    main(*sys.argv[1:])
