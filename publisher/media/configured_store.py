"""Open the media store that the settings name: a folder, or a bucket with copies here."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from publisher.media.folder_store import FolderStore
from publisher.media.store import MediaStore
from publisher.settings.environment import Settings

if TYPE_CHECKING:
    from publisher.media.object_store import ObjectStore


def open_store(settings: Settings, *, within: float = inf) -> MediaStore:
    """Return the media store; it is not accessed yet, so that a process may fork after this.

    A bucket answers within `within` seconds, a folder when it can.
    """
    if settings.media.bucket:
        return bucket_store(settings, within=within)
    return FolderStore(settings.media.media_dir)


def bucket_store(settings: Settings, *, within: float = inf) -> ObjectStore:
    """Return the bucket that the settings name.

    It answers within the time allowed for sending a post, less than half of a claim's lease.
    """
    from publisher.media.object_store import ObjectStore  # asyncio takes a tenth of a second

    return ObjectStore(settings.media, deadline=min(within, settings.delivery.send_deadline))
