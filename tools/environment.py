"""The virtual environment, installed from a lock file with hashes whenever that changes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.console import UsageError, say

SAID_EVERY = 10
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """A virtual environment in a folder."""

    folder: Path

    @property
    def python(self) -> Path:
        """The path of its interpreter."""
        return self.folder / "bin" / "python"

    def program(self, name: str) -> Path:
        """Return the path of one of its commands."""
        return self.folder / "bin" / name

    def ensure(self, lock: str) -> None:
        """Install `requirements/<lock>.txt` and the project, if either has changed."""
        if not self._works():
            say(f"Making {self.folder.name} with Python {sys.version.split()[0]}")
            venv.create(self.folder, clear=True, with_pip=True)
        requirements = ROOT / "requirements" / f"{lock}.txt"
        if self.is_new(lock, requirements):
            count = requirements.read_text(encoding="utf-8").count("==")
            say(f"Installing {count} packages (once; it takes two or three minutes)")
            # Python compiles what it imports; most of the packages' modules are never imported.
            self._pip("--no-compile", "--require-hashes", "-r", str(requirements))
            self.note(lock, requirements)
        if self.is_new("project", ROOT / "pyproject.toml"):
            self._pip("--require-hashes", "-r", str(ROOT / "requirements" / "build.txt"))
            self._pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
            self.note("project", ROOT / "pyproject.toml")

    def _works(self) -> bool:
        try:
            call = [
                str(self.python),
                "-c",
                "import pip, sys; sys.exit(sys.version_info < (3, 11))",
            ]
            return subprocess.run(call, check=False, capture_output=True).returncode == 0
        except OSError:
            return False

    def _pip(self, *arguments: str) -> None:
        call = [str(self.python), "-m", "pip", "install", "--no-input", *arguments]
        quiet = {
            **os.environ,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        with subprocess.Popen(call, env=quiet, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pip:
            _show_progress(pip.stdout or ())
        if pip.returncode:
            raise UsageError("The packages could not be installed; what pip said stands above.")

    def is_new(self, name: str, source: Path) -> bool:
        """Return True if this source has changed since `note`, or was never noted."""
        stamp = self._stamp(name)
        return not stamp.exists() or stamp.read_text() != self._digest(source)

    def note(self, name: str, source: Path) -> None:
        """Remember that this source has been installed."""
        self._stamp(name).write_text(self._digest(source))

    def _stamp(self, name: str) -> Path:
        return self.folder / f"installed-{name}"

    @staticmethod
    def _digest(source: Path) -> str:
        return hashlib.sha256(str(ROOT).encode() + source.read_bytes()).hexdigest()


def _show_progress(lines: Iterable[str]) -> None:
    """Say how many packages pip has fetched, ten by ten, and when it unpacks them."""
    fetched = 0
    for line in lines:
        if line.startswith("Collecting "):
            fetched += 1
            if fetched % SAID_EVERY == 0:
                say(f"  {fetched} packages fetched")
        elif line.startswith("Installing collected packages"):
            say(f"  Unpacking {fetched} packages")


def chosen() -> Environment:
    """Return the environment at `.venv`, or at the path in `VENV`."""
    return Environment(ROOT / (os.environ.get("VENV") or ".venv"))
