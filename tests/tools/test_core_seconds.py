"""What `make test` and `make ci` cost is counted in processor time, of all that they start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import CHECKOUT
from tools.core_seconds import NOISE, verdict

BUSY = "import time\nwhile time.process_time() < 0.5: pass\n"
# The parent ends at once, so that the busy process belongs to nobody: as a database server does.
ORPHAN = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BUSY!r}])\n"
COUNT = "import sys\nfrom tools import core_seconds\ncode = core_seconds.run(sys.argv[1:])\n"
PRINT = "print(code, core_seconds.used())\n"


def count(*call: str) -> list[float]:
    """Run a command in a process that counts; return its exit code and the processor seconds."""
    counting = [sys.executable, "-c", COUNT + PRINT, *call]
    done = subprocess.run(counting, cwd=CHECKOUT, capture_output=True, check=True, text=True)
    return [float(number) for number in done.stdout.split()]


@pytest.mark.parametrize("program", [BUSY, ORPHAN], ids=["child", "orphan"])
def test_the_time_of_every_process_is_counted(program: str) -> None:
    exit_code, seconds = count(sys.executable, "-c", program)
    assert exit_code == 0
    assert seconds >= 0.5


def test_the_exit_code_is_the_commands() -> None:
    assert count(sys.executable, "-c", "raise SystemExit(3)")[0] == 3


def test_a_signal_reaches_the_command() -> None:
    program = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
    counting = [sys.executable, "-c", COUNT + PRINT, sys.executable, "-c", program]
    with subprocess.Popen(counting, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.readline().startswith(f"-{signal.SIGTERM:d} ")


def test_a_ceiling_allows_for_the_noise_of_a_shared_machine(tmp_path: Path) -> None:
    file = tmp_path / "ceilings.toml"
    file.write_text("[core_seconds]\ntest = 100\n")
    assert verdict("test", 99.6, file) == (
        True,
        "make test took 100 core-seconds; its ceiling is 100.",
    )
    is_cheap, sentence = verdict("test", 100 * NOISE, file)
    assert is_cheap
    assert sentence.endswith("its ceiling is 100: make tests faster, or mark them as proofs.")
    assert not verdict("test", 100 * NOISE + 1, file)[0]
