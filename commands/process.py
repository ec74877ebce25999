"""A command's own process: how it imports many modules before it serves, and how it ends."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def pause_collector() -> Iterator[None]:
    """Pause garbage collection while modules are imported.

    What they define stays and is not collected later: that saves a fifth of a command's start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def keeping_exit_code() -> Iterator[None]:
    """Let the process end with the exit code of its command, also if it used an object store.

    obstore's threads run on until the process ends. If one of them calls Python during interpreter
    shutdown, the process aborts: of short programs that had just asked a bucket, two in five ended
    with 134 or 139.
    """
    codes = [1]
    # What is registered first is called last, when all others have ended.
    atexit.register(_exit_at_once, codes)
    try:
        yield
    except SystemExit as ending:
        code = ending.code
        codes[0] = code if isinstance(code, int) else int(code is not None)
        raise
    codes[0] = 0


def _exit_at_once(codes: list[int]) -> None:
    """Exit here, before the interpreter shuts down, if threads of an object store may run."""
    if "obstore" not in sys.modules:
        return
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(codes[0])
