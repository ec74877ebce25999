"""A clock of the product whose time is wrong by the number of seconds in a file.

    python -m tests.crash.wrong_time FILE [witnessed]

The file is read each time, so that a scenario can let the time jump while the clock works. Only if
it is witnessed, the clock holds it against what the platforms say.
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
from publisher.delivery.accounts.credentials import opener
from publisher.now import now


def main(file: Path, *, is_witnessed: bool) -> None:
    """Run the clock as `nagarvani clock` does, but with a wrong present moment."""

    def wrong_now() -> datetime:
        return now() + timedelta(seconds=float(file.read_text()))

    logging.basicConfig(level=logging.INFO)
    settings = settings_with_secret()
    context = dataclasses.replace(open_worker_context(settings), now=wrong_now)
    if is_witnessed:
        open_account = opener(settings, context.database, now=wrong_now)
        context = dataclasses.replace(context, open_account=open_account)
    with only_clock(context.database):
        scheduler.run(context, settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_witnessed="witnessed" in sys.argv)
