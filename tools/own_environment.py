"""A tool of the package index, in a virtual environment of its own that is removed again."""

from __future__ import annotations

import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT

LOCKS = ROOT / "requirements"


@dataclass(frozen=True)
class OwnEnvironment:
    """An environment, which has to be done by `deadline`."""

    python: Path
    deadline: float

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its Python. Raises `SubprocessError` if that takes too long."""
        left = max(self.deadline - time.monotonic(), 0.1)
        call = [str(self.python), *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=False, timeout=left)


@contextmanager
def own_environment(lock: str, *, seconds: float) -> Iterator[OwnEnvironment]:
    """Yield an environment with the packages of a lock file; what cannot be had is missing."""
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        environment = OwnEnvironment(Path(folder, "bin", "python"), deadline)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--requirement"]
        environment.run(*install, str(LOCKS / f"{lock}.txt"))
        yield environment
