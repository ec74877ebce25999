"""Looks for files and folders that other users of the machine may read, write or enter."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

USUAL_UMASK = 0o022
"""The umask with which a shell or a service unit starts commands."""


def open_to_others(folder: Path, *, ignored: Collection[Path] = ()) -> list[str]:
    """Return each file and folder under `folder` that others may use, with its mode."""
    return [
        f"{path.relative_to(folder)} {path.stat().st_mode & 0o777:04o}"
        for path in sorted(folder.rglob("*"))
        if path not in ignored and path.stat().st_mode & 0o077
    ]
