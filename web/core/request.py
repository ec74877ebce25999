"""Limits of requests, and where uploaded files are stored while a request is read.

An upload over the limit is read to its end and discarded, so that the texts of the form can be
shown again.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO

import flask
from flask import g

from publisher.intake.form import MOST_FILES

MEGABYTE = 1024 * 1024
MOST_HELD = 256 * MEGABYTE
"""The most bytes that the files of a request may take on disk while it is read."""

MOST_READ = 4096 * MEGABYTE
"""The most bytes read of an upload by a signed-in person."""

MOST_READ_SIGNED_OUT = 256 * MEGABYTE
"""The most bytes read of an upload without a session; only texts and file names are kept."""

_IN_MEMORY = 500_000
_FILES = frozenset({"submissions.new", "submissions.change", "submissions.upload"})


class Budget:
    """The bytes and the number of files that a request may still store."""

    def __init__(self, bytes_left: int, files_left: int) -> None:
        self.bytes_left = bytes_left
        self.files_left = files_left


class HeldFile(SpooledTemporaryFile[bytes]):
    """An uploaded file while its request is read: in memory if it is small, else on disk.

    Beyond the budget nothing more is written, and `is_cut` is True.
    """

    def __init__(self, budget: Budget) -> None:
        super().__init__(max_size=_IN_MEMORY, mode="w+b")
        self.budget = budget
        budget.files_left -= 1
        self.is_cut = budget.files_left < 0

    def write(self, content: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        """Store the content, or discard it if the budget is used up; returns its length."""
        if self.is_cut or len(content) > self.budget.bytes_left:
            self.is_cut = True
            return len(content)
        self.budget.bytes_left -= len(content)
        return super().write(content)


class Request(flask.Request):
    """A request with a higher size limit on upload endpoints."""

    _budget: Budget | None = None

    @property
    def max_content_length(self) -> int | None:
        """The most bytes of the body; a larger request is refused with 413."""
        if self.endpoint not in _FILES:
            return super().max_content_length
        return MOST_READ if g.get("acting") is not None else MOST_READ_SIGNED_OUT

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
            is_signed_in = g.get("acting") is not None
            self._budget = Budget(MOST_HELD if is_signed_in else 0, MOST_FILES)
        return HeldFile(self._budget)
