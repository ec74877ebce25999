"""Opens the media store that the settings name: a folder, or a bucket with copies here."""

from __future__ import annotations

from publisher.media.store import MediaStore, Store
from publisher.settings.environment import Settings


def open_store(settings: Settings) -> MediaStore:
    """Return the media store; nothing is asked of it yet.

    It answers within the time that a post has to be sent, less than half of a claim's lease.
    """
    if not settings.media.bucket:
        return Store(settings.media.media_dir)
    from publisher.media.object_store import ObjectStore

    return ObjectStore(settings.media, deadline=settings.delivery.send_deadline)
