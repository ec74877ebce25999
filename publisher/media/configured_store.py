"""Opens the media store that the settings name: a folder, or a bucket with copies here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from publisher.media.folder_store import FolderStore
from publisher.media.store import MediaStore
from publisher.settings.environment import Settings

if TYPE_CHECKING:
    from publisher.media.object_store import ObjectStore


def open_store(settings: Settings) -> MediaStore:
    """Return the media store; nothing is asked of it yet, so that a process may fork after this."""
    return (
        bucket_store(settings) if settings.media.bucket else FolderStore(settings.media.media_dir)
    )


def bucket_store(settings: Settings) -> ObjectStore:
    """Return the bucket that the settings name.

    It answers within the time that a post has to be sent, less than half of a claim's lease.
    """
    from publisher.media.object_store import ObjectStore  # asyncio takes a tenth of a second

    return ObjectStore(settings.media, deadline=settings.delivery.send_deadline)
