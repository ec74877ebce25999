"""Uploaded pictures: their bytes by digest, and each upload with its alt text."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, UnidentifiedImageError

from sandbox.now import format_time


@dataclass(frozen=True)
class Picture:
    """The properties of a picture's bytes."""

    mime: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True)
class Medium:
    """An upload of a picture by an account."""

    id: str
    platform: str
    account: str
    digest: str
    alt: str
    width: int
    height: int
    size: int
    created_at: str


def inspect(content: bytes) -> Picture | None:
    """Return the picture in these bytes; None if there is none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            mime = Image.MIME.get(image.format or "", "")
            return Picture(mime, image.width, image.height, content)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None


def store(
    db: sqlite3.Connection, platform: str, account: str, key: str, picture: Picture, now: datetime
) -> Medium:
    """Store an upload."""
    digest = hashlib.sha256(picture.content).hexdigest()
    db.execute(
        "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", (digest, picture.mime, picture.content)
    )
    medium = Medium(
        key,
        platform,
        account,
        digest,
        "",
        picture.width,
        picture.height,
        len(picture.content),
        format_time(now),
    )
    db.execute(
        "INSERT INTO media (id, platform, account, digest, alt, width, height, size, created_at)"
        " VALUES (?, ?, ?, ?, '', ?, ?, ?, ?)",
        (
            key,
            platform,
            account,
            digest,
            medium.width,
            medium.height,
            medium.size,
            medium.created_at,
        ),
    )
    return medium


def describe(db: sqlite3.Connection, platform: str, key: str, alt: str) -> None:
    """Set the alt text of an upload."""
    db.execute("UPDATE media SET alt=? WHERE platform=? AND id=?", (alt, platform, key))


def find(db: sqlite3.Connection, platform: str, key: str) -> Medium | None:
    """Return the upload with this id."""
    row = db.execute("SELECT * FROM media WHERE platform=? AND id=?", (platform, key)).fetchone()
    return Medium(**dict(row)) if row else None


def mime_of(db: sqlite3.Connection, medium: Medium) -> str:
    """Return the media type of an upload's bytes."""
    row = db.execute("SELECT mime FROM pictures WHERE digest=?", (medium.digest,)).fetchone()
    return str(row["mime"])


def attach(db: sqlite3.Connection, platform: str, entry_id: str, media_ids: list[str]) -> None:
    """Attach uploads to an entry, in order."""
    db.executemany(
        "INSERT INTO attachments VALUES (?, ?, ?, ?)",
        [(platform, entry_id, position, key) for position, key in enumerate(media_ids)],
    )


def attached(db: sqlite3.Connection, platform: str, entry_id: str) -> list[Medium]:
    """Return the uploads of an entry, in order."""
    rows = db.execute(
        "SELECT media.* FROM attachments JOIN media ON media.platform=attachments.platform"
        " AND media.id=attachments.media_id"
        " WHERE attachments.platform=? AND entry_id=? ORDER BY place",
        (platform, entry_id),
    )
    return [Medium(**dict(row)) for row in rows]


def is_attached(db: sqlite3.Connection, platform: str, key: str) -> bool:
    """Return True if any entry has this upload."""
    query = "SELECT 1 FROM attachments WHERE platform=? AND media_id=?"
    return db.execute(query, (platform, key)).fetchone() is not None
