"""Opens media stores in buckets behind a line, each with a cache of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from publisher.media.object_store import ObjectStore
from publisher.settings.environment import load
from publisher.settings.media import MediaSettings
from tests.support.object_line import ObjectLine

KEY, SECRET = "KEY-OF-THE-CITY", "tell-nobody"


def bucket_variables(line: ObjectLine, bucket: str, folder: Path, **others: str) -> dict[str, str]:
    """Return the settings of a bucket, by name without the prefix."""
    return {
        "MEDIA_URL": f"s3://{bucket}",
        "MEDIA_ENDPOINT": line.endpoint,
        "MEDIA_KEY": KEY,
        "MEDIA_SECRET": SECRET,
        "MEDIA_CACHE_DIR": str(folder / "cache"),
        **others,
    }


def bucket_settings(line: ObjectLine, bucket: str, folder: Path, **others: str) -> MediaSettings:
    """Return the settings of a bucket, as they are read from the environment."""
    variables = bucket_variables(line, bucket, folder, **others)
    texts = {f"NAGARVANI_{name}": text for name, text in variables.items()}
    return load(texts, folder=folder).media


def stores_of(line: ObjectLine, folder: Path) -> Callable[..., ObjectStore]:
    """Return a function that opens a store in a bucket, with settings of its own."""

    def open_one(bucket: str, *, deadline: float = 20, **others: str) -> ObjectStore:
        media = bucket_settings(line, bucket, folder, **others)
        return ObjectStore(media, deadline=deadline)

    return open_one
