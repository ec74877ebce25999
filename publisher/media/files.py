"""Files of a submission: pictures, and videos and PDFs that are only stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from publisher.media import file_signatures


class FileKind(StrEnum):
    """The kind of a file."""

    PICTURE = "picture"
    VIDEO = "video"
    DOCUMENT = "document"


#: The maximum size of each kind of file, in bytes.
LIMITS: Mapping[FileKind, int] = {
    FileKind.PICTURE: 20_000_000,
    FileKind.VIDEO: 200_000_000,
    FileKind.DOCUMENT: 20_000_000,
}


class FileProblem(StrEnum):
    """The reason why a file is refused."""

    EMPTY = "empty"
    UNSUPPORTED_TYPE = "unsupported_type"
    NAME_AND_CONTENT_DIFFER = "name_and_content_differ"
    TOO_MANY_BYTES = "too_many_bytes"


class BadFile(Exception):
    """A file was refused: `code` is the reason, `values` are the values of its message."""

    def __init__(self, code: FileProblem, **values: int | str) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class FileType:
    """A type that is accepted, with the extensions its file names may have."""

    kind: FileKind
    mime: str
    extensions: frozenset[str]


def _type(kind: FileKind, mime: str, *extensions: str) -> FileType:
    return FileType(kind, mime, frozenset(extensions))


TYPES: dict[str, FileType] = {
    file_signatures.JPEG: _type(FileKind.PICTURE, "image/jpeg", "jpg", "jpeg", "jpe", "jfif"),
    file_signatures.PNG: _type(FileKind.PICTURE, "image/png", "png"),
    file_signatures.GIF: _type(FileKind.PICTURE, "image/gif", "gif"),
    file_signatures.WEBP: _type(FileKind.PICTURE, "image/webp", "webp"),
    file_signatures.HEIC: _type(FileKind.PICTURE, "image/heic", "heic", "heif", "hif"),
    "mp4": _type(FileKind.VIDEO, "video/mp4", "mp4", "m4v", "3gp", "3gpp", "mov"),
    "mov": _type(FileKind.VIDEO, "video/quicktime", "mov", "qt"),
    "webm": _type(FileKind.VIDEO, "video/webm", "webm"),
    "pdf": _type(FileKind.DOCUMENT, "application/pdf", "pdf"),
}


def file_type(content_head: bytes, filename: str) -> FileType:
    """Return the type by content and name. Raises BadFile if they differ or it is not accepted.

    `content_head` is the file's first 4,096 bytes, or more.
    """
    if not content_head:
        raise BadFile(FileProblem.EMPTY)
    type_name = file_signatures.found_type(content_head[: file_signatures.HEAD_BYTES])
    accepted_type = TYPES.get(type_name)
    if accepted_type is None:
        raise BadFile(FileProblem.UNSUPPORTED_TYPE, found=type_name)
    ending = extension(filename)
    if ending not in accepted_type.extensions:
        raise BadFile(FileProblem.NAME_AND_CONTENT_DIFFER, found=type_name, extension=ending)
    return accepted_type


def accept(content_head: bytes, filename: str, *, size: int) -> FileType:
    """Return the type of an acceptable file of `size` bytes. Raises BadFile."""
    accepted_type = file_type(content_head, filename)
    limit = LIMITS[accepted_type.kind]
    if size > limit:
        raise BadFile(FileProblem.TOO_MANY_BYTES, found=size, limit=limit)
    return accepted_type


def extension(filename: str) -> str:
    """Return the text after the last dot of a name, in lower case; empty if there is no dot."""
    before, dot, after = filename.rpartition(".")
    return after.strip().lower() if dot and before else ""
