"""Starts a command that goes on by itself, says its pid, and ends: nobody has to wait for it.

`python detached.py LOG FD PROGRAM ARGUMENT…`; the open file of number FD is handed on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Start it in a session of its own, with its words in the log."""
    log, number, *command = sys.argv[1:]
    with Path(log).open("w") as file:
        popen = subprocess.Popen(  # noqa: S603  our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            pass_fds=(int(number),),
            start_new_session=True,
        )
    sys.stdout.write(str(popen.pid))
    sys.stdout.flush()
    os._exit(0)  # without waiting for what it started


if __name__ == "__main__":
    main()
