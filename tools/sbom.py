"""Writes what the wheel is made of as a CycloneDX document: `make sbom`.

It names the packages of `requirements/run.txt` with their hashes. cyclonedx-py is installed from
its own lock into an environment that is removed again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tools.console import UsageError, say
from tools.environment import ROOT
from tools.own_environment import LOCKS, own_environment

SECONDS = 300
_VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)


def write(folder: Path) -> Path:
    """Write the document beside the wheel, and return its path. Raises `UsageError`."""
    project = ROOT / "pyproject.toml"
    version = _VERSION.findall(project.read_text(encoding="utf-8"))[0]
    folder.mkdir(exist_ok=True)
    target = folder / f"nagarvani-{version}.cdx.json"
    read = ["-m", "cyclonedx_py", "requirements", str(LOCKS / "run.txt"), "--pyproject"]
    form = ["--output-reproducible", "--output-format", "JSON", "--output-file", str(target)]
    with own_environment("sbom", seconds=SECONDS) as environment:
        done = environment.run(*read, str(project), "--mc-type", "application", *form)
    if done.returncode:
        raise UsageError(f"cyclonedx-py failed: {done.stderr.strip()[-500:]}")
    return target


if __name__ == "__main__":
    try:
        say(str(write(ROOT / "dist").relative_to(ROOT)))
    except UsageError as stop:
        sys.exit(str(stop))
