"""Limits of requests, and where uploaded files are stored while a request is read.

An upload over the limit is read to its end and discarded, so that the texts of the form can be
shown again.
"""

from __future__ import annotations

import io
import threading
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

import flask
from flask import g
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from publisher.intake.form import MOST_FILES

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MEGABYTE = 1024 * 1024
MOST_WITHOUT_FILES = 2 * MEGABYTE
"""The most bytes of a body that is not multipart, and so brings no files."""

MOST_FIELDS = 2_000
"""The most fields of a form, files included."""

MOST_TEXT = 2 * MEGABYTE
"""The most bytes of a signed-in person's form, without the contents of its files."""

MOST_TEXT_SIGNED_OUT = 200_000
"""The most bytes of a form without a session, without the contents of its files."""

MOST_OF_WEBHOOK = 4 * MEGABYTE
"""The most bytes of a platform's webhook."""

WEBHOOKS = "/webhooks/"
"""Where the addresses of webhooks begin."""

_ADDED_BY_SIGN_IN = 16_000
"""The bytes that the sign-in page adds to the longest form that it carries."""

MOST_HELD = 256 * MEGABYTE
"""The most bytes that the files of a request may take on disk while it is read."""

MOST_READ = 4096 * MEGABYTE
"""The most bytes read of an upload by a signed-in person."""

MOST_READ_SIGNED_OUT = 256 * MEGABYTE
"""The most bytes read of an upload without a session; only texts and file names are kept."""

_IN_MEMORY = 500_000
_FILES = frozenset(
    {"submissions.new", "submissions.change", "submissions.upload", "answer_letters.new"}
)
_PARSING = threading.Lock()


class Budget:
    """The bytes and the number of files that a request may still store.

    `bytes_of_files` are those that have arrived, stored or not.
    """

    def __init__(self, bytes_left: int, files_left: int) -> None:
        self.bytes_left = bytes_left
        self.files_left = files_left
        self.bytes_of_files = 0
        self.files: list[HeldFile] = []


class HeldFile(SpooledTemporaryFile[bytes]):
    """An uploaded file while its request is read: in memory if small, else on disk.

    Beyond the budget nothing more is written, and `is_cut` is True.
    """

    def __init__(self, budget: Budget) -> None:
        super().__init__(max_size=_IN_MEMORY, mode="w+b")
        self.budget = budget
        budget.files.append(self)
        budget.files_left -= 1
        self.is_cut = budget.files_left < 0

    def write(self, content: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        """Store the content, or discard it if the budget is used up; returns its length."""
        self.budget.bytes_of_files += len(content)
        if self.is_cut or len(content) > self.budget.bytes_left:
            self.is_cut = True
            return len(content)
        self.budget.bytes_left -= len(content)
        return super().write(content)


class TextLimit(io.RawIOBase):
    """The body of a multipart form; exceeding the limit, file contents excluded, is a 413."""

    def __init__(self, stream: IO[bytes], budget: Budget, most_text: int) -> None:
        super().__init__()
        self.stream = stream
        self.budget = budget
        self.bytes_left = most_text

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raises `RequestEntityTooLarge`."""
        # Everything returned before has reached its file, except for the parser's buffer.
        if self.bytes_left + self.budget.bytes_of_files < 0:
            raise RequestEntityTooLarge
        content = self.stream.read(size)
        self.bytes_left -= len(content)
        return content


class FormParser(FormDataParser):
    """Werkzeug's parser, with limits for what it does not limit itself.

    These are urlencoded forms, and all texts and names of a multipart form together.
    """

    def __init__(self, budget: Budget, most_text: int) -> None:
        super().__init__(
            stream_factory=lambda *_sizes, **_names: HeldFile(budget),
            max_form_memory_size=most_text,
            max_form_parts=MOST_FIELDS,
            cls=ImmutableMultiDict,
        )
        self.budget = budget
        self.most_text = most_text

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]:
        """Return the stream, the fields and the files; raises `RequestEntityTooLarge`."""
        if mimetype != URLENCODED:
            limited = cast(IO[bytes], TextLimit(stream, self.budget, self.most_text))
            return super().parse(limited, mimetype, content_length, options)
        body = stream.read() + stream.read(1)  # the second read refuses what the first has cut
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
        # Python needs 80 bytes to unquote one, so the threads of a process take turns.
        with _PARSING:
            stream, form, files = super().parse(io.BytesIO(body), mimetype, len(body), options)
        if sum(len(f"{name}{text}".encode()) for name, text in form.items(multi=True)) > (
            self.most_text
        ):
            raise RequestEntityTooLarge
        return stream, form, files


class Request(flask.Request):
    """A request whose limits depend on its kind, its endpoint and on who sends it."""

    _budget: Budget | None = None

    @property
    def max_content_length(self) -> int | None:
        """The most bytes of the body; a larger request is refused with 413."""
        if self.endpoint == "webhooks.receive":
            return MOST_OF_WEBHOOK
        if self.mimetype != MULTIPART:
            return min(MOST_WITHOUT_FILES, 3 * self._most_text)  # a byte is quoted as three
        if self.endpoint not in _FILES:
            return super().max_content_length
        return MOST_READ if _is_signed_in() else MOST_READ_SIGNED_OUT

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    @property
    def is_json(self) -> bool:
        """False, so that Flask-WTF does not treat JSON as a form: no page reads any."""
        return False

    def make_form_data_parser(self) -> FormParser:
        """Return the parser of this request's form."""
        self._budget = Budget(MOST_HELD if _is_signed_in() else 0, MOST_FILES)
        return FormParser(self._budget, self._most_text)

    def close(self) -> None:
        """Close its files, including those of a form that was refused."""
        for file in self._budget.files if self._budget else ():
            file.close()

    @property
    def _most_text(self) -> int:
        if _is_signed_in():
            return MOST_TEXT
        is_sign_in = self.endpoint == "sign_in.ask"
        return MOST_TEXT_SIGNED_OUT - (0 if is_sign_in else _ADDED_BY_SIGN_IN)


def _is_signed_in() -> bool:
    return g.get("acting") is not None
