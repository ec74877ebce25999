"""Runs a command that gets SIGTERM when the process that started it dies, even by SIGKILL.

`python child_process.py PID PROGRAM ARGUMENT…`, where PID is the starter's. It runs as a script
without the project's packages, so it may import nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask Linux for the signal, then replace this process with the command."""
    starter, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(starter):
        sys.exit(1)  # the starter died before the signal was asked for
    os.execv(command[0], command)  # noqa: S606  the demo's own commands


if __name__ == "__main__":
    main()
