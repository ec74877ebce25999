"""One file that holds the whole house, database and media, and the way back from it.

The file is a zip: `manifest.json`, one file of JSON lines for each table, and each medium under
its digest. It does not depend on the kind of database, but on the revision of the schema.
"""

from __future__ import annotations

from publisher.office.backup.reading import Damaged, Manifest, check, manifest_of
from publisher.office.backup.restoring import (
    NotEmpty,
    OtherSchema,
    Restored,
    restore,
)
from publisher.office.backup.seeking import Sought, seek, tick_seeking
from publisher.office.backup.writing import Progress, write

__all__ = [
    "Damaged",
    "Manifest",
    "NotEmpty",
    "OtherSchema",
    "Progress",
    "Restored",
    "Sought",
    "check",
    "manifest_of",
    "restore",
    "seek",
    "tick_seeking",
    "write",
]
