"""Becomes a command that is ended when whoever started it is no more, killed or not.

`python tethered.py PID PROGRAM ARGUMENT…`, PID being the starter's. Linux keeps the tie over exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie the knot, then become the command."""
    starter, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(starter):
        sys.exit(1)  # it was gone before the knot was tied
    os.execv(command[0], command)  # noqa: S606  the demo's own commands


if __name__ == "__main__":
    main()
