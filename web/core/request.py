"""What comes in with a request: how much may, and where files lie while it is being read.

Where files are handed in, more of them than we keep is read to the end and thrown away, so that
whatever was typed beside them is there to be shown again.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO

import flask
from flask import g

from publisher.intake.form import MOST_FILES

MEGABYTE = 1024 * 1024
MOST_HELD = 256 * MEGABYTE
"""What the files of one request may take on disk while it is read."""

MOST_READ = 4096 * MEGABYTE
"""What is read of a request of somebody who has signed in and hands files in."""

MOST_OF_A_STRANGER = 256 * MEGABYTE
"""The same of somebody who has not: the texts are kept, of the files only the names."""

_IN_MEMORY = 500_000
_FILES = frozenset({"submissions.create", "submissions.save", "submissions.upload"})


class Budget:
    """What the files of a request may still take, and how many of them."""

    def __init__(self, bytes_left: int, files_left: int) -> None:
        self.bytes_left = bytes_left
        self.files_left = files_left


class HeldFile(SpooledTemporaryFile[bytes]):
    """A file while its request is read: in memory where it is small, else on disk.

    Beyond the budget nothing more is written, and `is_cut` says so.
    """

    def __init__(self, budget: Budget) -> None:
        super().__init__(max_size=_IN_MEMORY, mode="w+b")
        self.budget = budget
        budget.files_left -= 1
        self.is_cut = budget.files_left < 0

    def write(self, content: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        """Keep it, or let it go by."""
        if self.is_cut or len(content) > self.budget.bytes_left:
            self.is_cut = True
            return len(content)
        self.budget.bytes_left -= len(content)
        return super().write(content)


class Request(flask.Request):
    """A request of ours: where files are handed in it may be large."""

    _budget: Budget | None = None

    @property
    def max_content_length(self) -> int | None:
        """How many bytes of it are read; more of them are refused as a whole."""
        if self.endpoint not in _FILES:
            return super().max_content_length
        return MOST_READ if g.get("acting") is not None else MOST_OF_A_STRANGER

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self._budget is None:
            is_known = g.get("acting") is not None
            self._budget = Budget(MOST_HELD if is_known else 0, MOST_FILES)
        return HeldFile(self._budget)
