"""Copies of media on this machine's disk: what was used last, up to a size."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from publisher.media.folder_store import FolderStore
from publisher.media.store import MediumChanged, MediumMissing, StoreAway

_LEFT: Final = 0.9
"""The share of the limit that is left when files have been removed."""

_STEP: Final = 0.01
"""The share of the limit that a process adds before it looks at all files again."""


class MediaCache:
    """A folder of copies, shared by several processes; those unused the longest go first.

    All files together are at most `limit` bytes, except for what was added since a process last
    looked at them: a hundredth of the limit for each process, and the file that it added last.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._copies = FolderStore(folder, kind="media cache")
        self._limit = limit
        self._added = limit  # what earlier processes have left is not known

    def open_file(self, digest: str) -> BinaryIO | None:
        """Return the open copy of a medium; None if there is no sound one."""
        try:
            file = self._copies.open_file(digest)
        except (MediumMissing, MediumChanged, StoreAway):
            return None
        with suppress(OSError):  # where files may not be written any more, they can still be read
            os.utime(file.fileno())
        return file

    def add(self, source: BinaryIO) -> None:
        """Copy a medium from its beginning; if the disk is full, nothing is copied.

        Nor is a medium larger than the limit of all copies: it would replace them all.
        """
        size = source.seek(0, os.SEEK_END)
        if size > self._limit:
            return
        with suppress(StoreAway):
            self._copies.save_file(source)
            self._count(size)

    def thumbnail(self, digest: str, side: int, make: Callable[[], bytes]) -> bytes:
        """Return a medium's thumbnail; what `make` returns is kept."""
        with suppress(OSError):  # so that it is among those used last
            os.utime(self._copies.path(digest).with_suffix(f".{side}"))

        def make_and_count() -> bytes:
            content = make()
            self._count(len(content))
            return content

        return self._copies.thumbnail_file(digest, side, make_and_count)

    def remove(self, digest: str) -> None:
        """Remove the copy of a medium and its thumbnails, where files may be removed."""
        with suppress(StoreAway):
            self._copies.remove(digest)

    def _count(self, size: int) -> None:
        self._added += size
        if self._added >= self._limit * _STEP:
            self._added = 0
            self._shrink()

    def _shrink(self) -> None:
        """If the files together have become too large, remove some until there is room again."""
        files = sorted(_ages_and_sizes(self._copies.root))
        excess = sum(size for _age, size, _file in files) - self._limit
        if excess <= 0:
            return
        excess += int(self._limit * (1 - _LEFT))
        for _age, size, file in files:
            if excess <= 0:
                return
            with suppress(OSError):
                file.unlink(missing_ok=True)
            excess -= size


def _ages_and_sizes(folder: Path) -> list[tuple[float, int, Path]]:
    rows: list[tuple[float, int, Path]] = []
    for file in folder.glob("??/??/*"):
        with suppress(FileNotFoundError):  # another process has removed it
            status = file.stat()
            rows.append((status.st_mtime, status.st_size, file))
    return rows
