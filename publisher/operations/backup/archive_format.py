"""What a backup says of itself, and whether that is true."""

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
    """The file is no backup, or not what was written; the sentence says which part."""


@dataclass(frozen=True)
class TablePart:
    """One table: how many rows, and the digest of their lines."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """When it was made (ISO 8601, UTC), of which schema, and what it holds.

    `lost` are media that the rows name or the store had kept, and that could not be read whole.
    """

    made_at: str
    revision: str
    tables: tuple[TablePart, ...]
    media: tuple[str, ...]
    lost: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """When it was made, aware and in UTC."""
        return datetime.fromisoformat(self.made_at)


def manifest_of(file: Path) -> Manifest:
    """What the file says of itself. Raises `Damaged`, and `OSError` where there is no file."""
    try:
        with ZipFile(file) as archive:
            found = json.loads(archive.read(MANIFEST))
            parts = tuple(TablePart(**one) for one in found["tables"])
            media, lost = tuple(found["media"]), tuple(found.get("lost", ()))
            return Manifest(found["made_at"], found["revision"], parts, media, lost)
    except (BadZipFile, zlib.error, KeyError, TypeError, ValueError) as problem:
        raise Damaged("this file is no backup, or its end is missing") from problem


def check(file: Path, *, tell: Callable[[str, int, int], None]) -> Manifest:
    """Read everything back and compare it with its digests. Raises `Damaged`."""
    manifest = manifest_of(file)
    wanted = {f"rows/{one.name}.jsonl": one.sha256 for one in manifest.tables}
    wanted |= {f"media/{digest}": digest for digest in manifest.media}
    with ZipFile(file) as archive:
        for number, (name, digest) in enumerate(wanted.items(), start=1):
            tell("reading back", number, len(wanted))
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
