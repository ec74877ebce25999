"""Writes the archive that a city installs from: `make release`.

It has the wheel and what lies beside it in a checkout: lock files, `deploy/`, `.env.example` and
the docs. Its bytes depend on the commit alone: every time in it is that of the commit. The wheel is
built by packages of their own lock, in an environment that is removed again.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.console import UsageError, say
from tools.environment import ROOT
from tools.own_environment import own_environment
from tools.source import read

SECONDS = 600
BESIDE = (
    *("deploy", "docs", "requirements/run.txt", "requirements/sandbox.txt", ".env.example"),
    *("CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"),
)
VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)


def commit_time() -> int:
    """Return when the commit was made, in seconds; SOURCE_DATE_EPOCH goes before it."""
    call = ["git", "log", "-1", "--format=%ct"]
    named = os.environ.get("SOURCE_DATE_EPOCH")
    return int(named or subprocess.check_output(call, cwd=ROOT, text=True))


def build_wheel(python: Path, folder: Path, *, at: int) -> Path:
    """Build the wheel by a Python that has the packages for it; raises `UsageError`."""
    call = [str(python), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*call, "--wheel-dir", str(folder), str(ROOT)],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(at)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(f"The wheel was not built: {done.stderr.strip()[-500:]}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_archive(wheel: Path, folder: Path, *, at: int) -> Path:
    """Write the archive with this wheel, and return its path."""
    name = f"nagarvani-{VERSION.findall(read('pyproject.toml'))[0]}"
    folder.mkdir(exist_ok=True)
    target = folder / f"{name}.tar.gz"
    # A header of gzip has a name and a time of its own.
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=at) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for inside, source in sorted(_files(wheel)):
            entry = tarfile.TarInfo(f"{name}/{inside}")
            entry.size, entry.mtime = source.stat().st_size, at
            entry.mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
            with source.open("rb") as content:
                archive.addfile(entry, content)
    return target


def _files(wheel: Path) -> Iterator[tuple[str, Path]]:
    """Yield the path of each file in the archive, and where it is."""
    yield f"dist/{wheel.name}", wheel
    # What git does not keep, as the settings of containers in deploy/, is nobody else's.
    call = ["git", "ls-files", "-z", "--", *BESIDE]
    for name in filter(None, subprocess.check_output(call, cwd=ROOT, text=True).split("\0")):
        yield name, ROOT / name


def make_release(folder: Path) -> Path:
    """Build the wheel and write the archive; raises `UsageError`."""
    at = commit_time()
    with (
        own_environment("build", seconds=SECONDS) as environment,
        tempfile.TemporaryDirectory() as built,
    ):
        return write_archive(build_wheel(environment.python, Path(built), at=at), folder, at=at)


if __name__ == "__main__":
    try:
        say(str(make_release(ROOT / "dist").relative_to(ROOT)))
    except UsageError as stop:
        sys.exit(str(stop))
