"""The manifest of a backup file, and the check of its contents."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile, ZipFile

MANIFEST = "manifest.json"
PIECE = 1 << 20


class Damaged(Exception):
    """The file is not a backup or is damaged; the message names the part."""


@dataclass(frozen=True)
class TablePart:
    """A table of the backup: its number of rows, and the digest of its lines."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The time of the backup (ISO 8601, UTC), its schema revision and contents.

    `lost` are media that the rows name or the store listed, and that could not be read. In a backup
    without media, `left_out` is the number that the rows name.
    """

    made_at: str
    revision: str
    tables: tuple[TablePart, ...]
    media: tuple[str, ...]
    lost: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def moment(self) -> datetime:
        """Return the time of the backup, aware and in UTC."""
        return datetime.fromisoformat(self.made_at)


def read_manifest(file: Path) -> Manifest:
    """Return the file's manifest. Raises `Damaged`, and `OSError` if there is no file."""
    try:
        with ZipFile(file) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            parts = tuple(TablePart(**table) for table in manifest["tables"])
            media, lost = tuple(manifest["media"]), tuple(manifest.get("lost", ()))
            left_out = int(manifest.get("left_out", 0))
            return Manifest(manifest["made_at"], manifest["revision"], parts, media, lost, left_out)
    except (BadZipFile, zlib.error, KeyError, TypeError, ValueError) as problem:
        raise Damaged("this file is no backup, or its end is missing") from problem


def check(file: Path, *, tell: Callable[[str, int, int], None]) -> Manifest:
    """Compare every part of the file with its digest. Raises `Damaged`."""
    manifest = read_manifest(file)
    digests = {f"rows/{table.name}.jsonl": table.sha256 for table in manifest.tables}
    digests |= {f"media/{digest}": digest for digest in manifest.media}
    with ZipFile(file) as archive:
        for number, (name, digest) in enumerate(digests.items(), start=1):
            tell("reading back", number, len(digests))
            if _digest(archive, name) != digest:
                raise Damaged(f"{name} is not what was written")
    return manifest


def _digest(archive: ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as part:
            while piece := part.read(PIECE):
                digest.update(piece)
    except (BadZipFile, zlib.error, KeyError, EOFError, OSError) as problem:
        raise Damaged(f"{name} cannot be read") from problem
    return digest.hexdigest()
