"""`python -m sandbox` runs the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

from sandbox.server import SandboxAddresses, serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--ready", type=Path, help="JSON file to write once it answers")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)

    def ready(places: SandboxAddresses) -> None:
        if options.ready is not None:
            write_addresses(options.ready, places)

    serve(
        host=options.host,
        port=options.port,
        smtp_port=options.smtp_port,
        path=options.state,
        ready=ready,
    )


def write_addresses(file: Path, addresses: SandboxAddresses) -> None:
    """Write the addresses to the file atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(file.name + ".new")
    draft.write_text(json.dumps(asdict(addresses)))
    draft.replace(file)


if __name__ == "__main__":
    main()
