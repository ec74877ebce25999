"""Everything that the commands write belongs to their own user alone: files 0600, folders 0700."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from publisher.settings.environment import Settings

OTHERS_MAY_NOTHING: Final = 0o077
"""The umask of every command, and so of each process that it starts."""

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_BESIDE_SQLITE: Final = ("", "-wal", "-shm", ".clock")


def take_from_others() -> None:
    """Create files and folders for this user alone from now on, whatever the umask was."""
    os.umask(OTHERS_MAY_NOTHING)


def close_existing(settings: Settings) -> None:
    """Close to other users what an earlier version left readable.

    These are the SQLite database with the files next to it, and the folders of media; what belongs
    to another user stays as it is.
    """
    for path in _existing(settings):
        with suppress(PermissionError):
            path.chmod(_FOLDER if path.is_dir() else _FILE)


def _existing(settings: Settings) -> Iterator[Path]:
    from sqlalchemy import make_url

    url = make_url(settings.database_url)
    paths = [settings.media.media_dir, settings.media.media_cache_dir]
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        paths += [Path(url.database + suffix) for suffix in _BESIDE_SQLITE]
    return (path for path in paths if path.exists())
