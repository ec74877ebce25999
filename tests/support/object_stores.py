"""Object stores of the tests: behind a line on which things go wrong, or as a process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import requests

from publisher.media.object_store import ObjectStore
from publisher.settings.environment import load
from publisher.settings.media import MediaSettings
from tests.support.object_line import ObjectLine
from tests.support.processes import Starter, free_port
from tests.support.runs import wait_until

KEY, SECRET = "KEY-OF-THE-CITY", "tell-nobody"
BUCKET = "media"
STARTS_WITHIN = 60


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


def start_object_store(start: Starter) -> dict[str, str]:
    """Start moto's server with an empty bucket; return the settings that keep media in it.

    It checks no signature and keeps everything in memory, so that it must not be restarted.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = start([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)])
    if not wait_until(lambda: _has_bucket(url), within=STARTS_WITHIN):
        raise AssertionError(server.written_output())
    return {
        "NAGARVANI_MEDIA_URL": f"s3://{BUCKET}/city",
        "NAGARVANI_MEDIA_ENDPOINT": url,
        "NAGARVANI_MEDIA_REGION": "us-east-1",
        "NAGARVANI_MEDIA_PATH_STYLE": "1",
        "NAGARVANI_MEDIA_KEY": "practice",
        "NAGARVANI_MEDIA_SECRET": "a-secret-of-the-tests",
        "NAGARVANI_MEDIA_CACHE_MB": "100",
    }


def _has_bucket(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.put(f"{url}/{BUCKET}", timeout=5).ok
    return False
