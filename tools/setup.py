"""The way in: finds a Python that fits, or says in one sentence what to install.

It must be readable by any Python 3, however old, and so keeps to plain words: no f-strings and
no import from the future. All else stands in its neighbours, which need Python 3.11.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NAMES = ["python3", "python3.13", "python3.12", "python3.11"]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUESTION = """
import sys
try:
    import ensurepip, venv
    print(sys.version_info[0], sys.version_info[1], 1)
except ImportError:
    print(sys.version_info[0], sys.version_info[1], 0)
"""


def ask(python: str) -> "tuple[tuple[int, int], bool]":
    """Return its version, and True if it can make virtual environments: ((3, 11), True)."""
    try:
        answer = subprocess.check_output([python, "-c", QUESTION], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ((0, 0), False)
    major, minor, complete = answer.split()
    return ((int(major), int(minor)), complete == b"1")


def choose(names: "list[str]") -> "tuple[str | None, str]":
    """Return the first that fits, or None with the message to print."""
    candidates = [(name, ask(name)) for name in names]
    for name, (version, complete) in candidates:
        if version >= OLDEST and complete:
            return (name, "")
    for name, (version, _) in candidates:
        if version >= OLDEST:
            return (None, say_incomplete(name, version))
    return (None, say_old(max([version for _, (version, _) in candidates] or [(0, 0)])))


def say_incomplete(name: str, version: "tuple[int, int]") -> str:
    """Return the message for a Python without venv."""
    package = (
        "python3-venv" if os.path.basename(name) == "python3" else "python%d.%d-venv" % version
    )
    return "%s (Python %d.%d) cannot make a virtual environment: apt-get install %s" % (
        (name, *version, package)
    )


def say_old(newest: "tuple[int, int]") -> str:
    """Return the message for a machine whose Pythons are all too old, or absent."""
    finding = "this is Python %d.%d" % newest if newest > (0, 0) else "none was found"
    return (
        "Nagarvani needs Python 3.11 or newer, and %s: install one "
        "(Debian 12, Ubuntu 24.04 or later: apt-get install python3 python3-venv) "
        "or name it: make PYTHON=python3.12" % finding
    )


def main() -> int:
    """Run the target in a Python that fits: this one, or another of the machine."""
    named = os.environ.get("PYTHON")
    others = [] if named else list(filter(shutil.which, NAMES))
    python, sentence = choose([sys.executable, *others])
    if python is None:
        sys.stderr.write(sentence + "\n")
        return 1
    if python != sys.executable:
        os.execvp(python, [python, *sys.argv])
    sys.path.insert(0, ROOT)
    from tools.commands import run  # only a Python that fits can read it

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
