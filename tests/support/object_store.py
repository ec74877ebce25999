"""An object store that speaks S3, as a process of the tests: moto's server.

It checks no signature and keeps everything in memory, so that it must not be restarted.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import requests

from tests.support.processes import Starter, free_port
from tests.support.runs import wait_until

BUCKET = "media"
STARTS_WITHIN = 60


def start_object_store(start: Starter) -> dict[str, str]:
    """Start the server with an empty bucket; return the settings that keep media in it."""
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
        "NAGARVANI_MEDIA_SECRET": "a secret of the tests",
        "NAGARVANI_MEDIA_CACHE_MB": "100",
    }


def _has_bucket(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.put(f"{url}/{BUCKET}", timeout=5).ok
    return False
