from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from commands.process import pause_collector


def test_the_collector_rests_while_modules_are_imported_and_works_again() -> None:
    frozen = gc.get_freeze_count()
    with pause_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_a_failed_import_leaves_the_collector_working() -> None:
    with pytest.raises(ImportError), pause_collector():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('why')", 1), ("1 / 0", 1)],
)
def test_a_process_with_an_object_store_ends_with_its_own_exit_code(ending: str, code: int) -> None:
    """An object that aborts while Python takes itself apart stands for a thread of obstore."""
    program = f"""
import atexit, obstore, os, sys
from commands.process import keeping_exit_code

class Thread:
    def __del__(self):
        os.abort()

with keeping_exit_code():
    thread = Thread()
    atexit.register(print, "and others have ended", end="")
    print("printed", end=", ")
    {ending}
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (code, "printed, and others have ended")
