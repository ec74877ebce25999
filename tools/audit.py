"""Reports in one line which locked packages have known weaknesses: `python -m tools.audit`.

It never fails: what became known since yesterday is no fault of what is tested today. pip-audit is
installed into a virtual environment that is removed again, and asks the package index.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.console import say
from tools.environment import ROOT

SECONDS = 60
LOCKS = ROOT / "requirements"
NOT_LOOKED_FOR = f"not looked for: pip-audit could not be had, or took more than {SECONDS} seconds"


def report(seconds: float = SECONDS) -> str:
    """Return what pip-audit says of all that may run, or that it could not look."""
    deadline = time.monotonic() + seconds
    try:
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            return summary(json.loads(_answer(Path(folder, "bin", "python"), deadline)))
    except (subprocess.SubprocessError, OSError, ValueError, KeyError):
        return NOT_LOOKED_FOR


def _answer(python: Path, deadline: float) -> str:
    """Return what pip-audit prints as JSON, or nothing if it could not be installed."""
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes"]
    _call([*install, "--requirement", str(LOCKS / "audit.txt")], deadline)
    ask = [str(python), "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    quiet = ["--progress-spinner", "off"]
    return _call([*ask, *quiet, "--requirement", str(LOCKS / "sandbox.txt")], deadline)


def _call(call: Sequence[str], deadline: float) -> str:
    left = max(deadline - time.monotonic(), 0.1)
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=left)
    return done.stdout


def summary(answer: Mapping[str, Any]) -> str:
    """Return each package with a known weakness, with its names and the versions that mend it."""
    weak = [package for package in answer["dependencies"] if package.get("vulns")]
    lines = [
        f"{package['name']} {package['version']} "
        + ", ".join(
            f"{vuln['id']} (mended in {' or '.join(vuln['fix_versions']) or 'no version'})"
            for vuln in package["vulns"]
        )
        for package in weak
    ]
    return "; ".join(lines) or f"none of {len(answer['dependencies'])} packages"


if __name__ == "__main__":
    say(report())
    sys.exit(0)
