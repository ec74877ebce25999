"""Copies the rows of a city's first post: the use cases write them once a process.

Only a city in which nothing was written since it was built gets a copy, so that its rows are
those that the use cases would write.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from publisher.database.session import Database
from tests.support.row_copy import RowCopy

_WRITTEN: dict[Hashable, tuple[RowCopy, int]] = {}


def write_once(database: Database, key: Hashable, write: Callable[[], int]) -> int:
    """Write a post with its submission, or copy the rows that this key wrote; return its id."""
    if key in _WRITTEN:
        rows, post_id = _WRITTEN[key]
        rows.insert_into(database)
        return post_id
    before = RowCopy.read(database)
    post_id = write()
    _WRITTEN[key] = (RowCopy.read(database).without(before), post_id)
    return post_id
