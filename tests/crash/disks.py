"""A disk of a few mebibytes that a scenario fills, so that the kernel returns ENOSPC."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.runs import is_alive

PAGE = 4096
PREFIX = "nagarvani-disk-"


@dataclass(frozen=True)
class Disk:
    """A tmpfs, by its folder."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Leave only `but` pages free, although others write at the same time."""
        with self._ballast.open("ab") as ballast:
            while (free := self._free() - but) > 0:
                at = os.fstat(ballast.fileno()).st_size
                try:
                    os.posix_fallocate(ballast.fileno(), at, free * PAGE)
                except OSError:  # another process used the space first
                    continue

    def _free(self) -> int:
        statistics = os.statvfs(self.folder)
        return statistics.f_bavail * statistics.f_frsize // PAGE

    def empty(self) -> None:
        """Free the space."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Disk]:
    """Mount a small disk, or skip the test if this process must not mount.

    The disk lies outside the run's folder, which could not be removed while it is mounted. If a run
    is killed, the next run unmounts its disks.
    """
    _unmount_stale()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("this process must not mount a disk")
    try:
        yield Disk(folder)
    finally:
        _unmount(folder)


def _unmount_stale() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not is_alive(int(folder.name.removeprefix(PREFIX).split("-")[0])):
            _unmount(folder)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
    folder.rmdir()
