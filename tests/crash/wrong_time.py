"""A clock of the product whose time is wrong by as many seconds as stand in a file.

    python -m tests.crash.wrong_time FILE

The file is read anew each time, so that a scenario can let the time jump while the clock works.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
from datetime import datetime, timedelta
from pathlib import Path

import scheduler
from commands.app_setup import open_worker_context, settings_with_secret
from commands.single_instance import only_clock
from publisher.now import now


def main(by: Path) -> None:
    """Run the clock as `nagarvani clock` does, but for what it takes for the present moment."""

    def wrong() -> datetime:
        return now() + timedelta(seconds=float(by.read_text()))

    logging.basicConfig(level=logging.INFO)
    settings = settings_with_secret()
    context = dataclasses.replace(open_worker_context(settings), now=wrong)
    with only_clock(context.database):
        scheduler.run(context, settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
