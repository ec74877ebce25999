"""Writes the archive that a city installs from: `make release`.

It has the wheel and what lies beside it in a checkout: lock files, `deploy/`, `.env.example` and
the docs. All of it is taken from the commit, so what is not committed is not in it, and its bytes
depend on the commit alone: every time in it is that of the commit. The wheel is built by packages
of their own lock, in an environment that is removed again.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.console import UsageError, say
from tools.environment import ROOT
from tools.own_environment import own_environment

SECONDS = 600
BESIDE = (
    *("deploy", "docs", "requirements/run.txt", "requirements/sandbox.txt", ".env.example"),
    *("CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"),
)
VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)


def commit_time() -> int:
    """Return when the commit was made, in seconds."""
    return int(subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT))


@contextmanager
def exported_commit() -> Iterator[Path]:
    """Yield a folder with the files of the commit, which is removed again."""
    content = subprocess.check_output(["git", "archive", "--format=tar", "HEAD"], cwd=ROOT)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder, filter="data")
        yield Path(folder)


def build_wheel(python: Path, source: Path, folder: Path, *, at: int) -> Path:
    """Build the wheel by a Python that has the packages for it; raises `UsageError`."""
    call = [str(python), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*call, "--wheel-dir", str(folder), str(source)],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(at)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(f"The wheel was not built: {done.stderr.strip()[-500:]}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_archive(wheel: Path, source: Path, folder: Path, *, at: int) -> Path:
    """Write the archive with this wheel and what lies beside it; return its path."""
    name = f"nagarvani-{VERSION.findall((source / 'pyproject.toml').read_text())[0]}"
    folder.mkdir(exist_ok=True)
    target = folder / f"{name}.tar.gz"
    # A header of gzip has a name and a time of its own.
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=at) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for inside, path in sorted(_files(wheel, source)):
            entry = tarfile.TarInfo(f"{name}/{inside}")
            entry.size, entry.mtime = path.stat().st_size, at
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return target


def _files(wheel: Path, source: Path) -> Iterator[tuple[str, Path]]:
    """Yield the path of each file in the archive, and where it is."""
    yield f"dist/{wheel.name}", wheel
    for name in BESIDE:
        path = source / name
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file():
                yield str(file.relative_to(source)), file


def make_release(folder: Path) -> Path:
    """Build the wheel and write the archive; raises `UsageError`."""
    at = commit_time()
    with (
        own_environment("build", seconds=SECONDS) as environment,
        tempfile.TemporaryDirectory() as built,
        exported_commit() as source,
    ):
        wheel = build_wheel(environment.python, source, Path(built), at=at)
        return write_archive(wheel, source, folder, at=at)


if __name__ == "__main__":
    try:
        say(str(make_release(ROOT / "dist").relative_to(ROOT)))
    except UsageError as stop:
        sys.exit(str(stop))
