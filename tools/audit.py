"""Says in one line which locked packages have known weaknesses: `make audit`.

It ends with 1 if there are some, and with 2 if it could look for less than half of them.
`--report`, as in the continuous integration, never fails: what became known since yesterday is no
fault of what is tested today, and not every index has such data.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tools.console import say
from tools.own_environment import LOCKS, own_environment

SECONDS = 60
NOT_LOOKED_FOR = f"not looked for: pip-audit could not be had, or took more than {SECONDS} seconds"
SOUND, WEAK, BLIND = 0, 1, 2


def audit(seconds: float = SECONDS) -> tuple[str, int]:
    """Return what pip-audit says of all that may run, and the exit code."""
    ask = ["-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    quiet = ["--progress-spinner", "off"]
    try:
        with own_environment("audit", seconds=seconds) as environment:
            done = environment.run(*ask, *quiet, "--requirement", str(LOCKS / "sandbox.txt"))
            return summary(json.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError, KeyError):
        return NOT_LOOKED_FOR, BLIND


def summary(answer: Mapping[str, Any]) -> tuple[str, int]:
    """Return each package with a known weakness, with its names and the versions that mend it.

    Packages that the index knows nothing about are counted.
    """
    packages = answer["dependencies"]
    skipped = sum("skip_reason" in package for package in packages)
    if not packages or 2 * skipped > len(packages):
        known = f"the index says nothing of {skipped} of {len(packages)} packages"
        return f"not looked for: {known}", BLIND
    weak = [
        f"{package['name']} {package['version']} "
        + ", ".join(
            f"{vuln['id']} (mended in {' or '.join(vuln['fix_versions']) or 'no version'})"
            for vuln in package["vulns"]
        )
        for package in packages
        if package.get("vulns")
    ]
    text = "; ".join(weak) or f"none of {len(packages) - skipped} packages"
    return text + (f"; not looked for: {skipped} packages" if skipped else ""), bool(weak)


if __name__ == "__main__":
    line, code = audit()
    say(line)
    sys.exit(SOUND if "--report" in sys.argv[1:] else code)
