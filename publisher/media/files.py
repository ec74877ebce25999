"""Files handed in with a submission: pictures, and videos and PDFs that are only kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from publisher.media import file_signatures


class FileKind(StrEnum):
    """What a file is to us."""

    PICTURE = "picture"
    VIDEO = "video"
    DOCUMENT = "document"
    REFUSED = "refused"


class FileProblem(StrEnum):
    """Why a file is not taken in."""

    EMPTY = "empty"
    UNSUPPORTED_TYPE = "unsupported_type"
    NAME_AND_CONTENT_DIFFER = "name_and_content_differ"
    TOO_MANY_BYTES = "too_many_bytes"


class BadFile(Exception):
    """A refused file: `code` says why, `values` what the sentence about it needs."""

    def __init__(self, code: FileProblem, **values: int | str) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class FileType:
    """One type that is taken in, with the endings its names may have."""

    kind: FileKind
    mime: str
    extensions: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The most bytes of each kind of file."""

    picture: int = 20_000_000
    video: int = 200_000_000
    document: int = 20_000_000

    def of(self, kind: FileKind) -> int:
        """The limit of one kind, in bytes; what is refused has none to spend."""
        return {
            FileKind.PICTURE: self.picture,
            FileKind.VIDEO: self.video,
            FileKind.DOCUMENT: self.document,
        }.get(kind, 0)


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


def kind_of(content_head: bytes, filename: str) -> FileKind:
    """What a file is, where its first bytes and its name's ending agree; else `refused`."""
    try:
        return file_type(content_head, filename).kind
    except BadFile:
        return FileKind.REFUSED


def file_type(content_head: bytes, filename: str) -> FileType:
    """The type by content and by name; raises BadFile where they differ or it is not taken in.

    `content_head` is the file's first 4,096 bytes, or more.
    """
    if not content_head:
        raise BadFile(FileProblem.EMPTY)
    found = file_signatures.found_type(content_head[: file_signatures.HEAD_BYTES])
    known = TYPES.get(found)
    if known is None:
        raise BadFile(FileProblem.UNSUPPORTED_TYPE, found=found)
    ending = extension(filename)
    if ending not in known.extensions:
        raise BadFile(FileProblem.NAME_AND_CONTENT_DIFFER, found=found, extension=ending)
    return known


def accept(content_head: bytes, filename: str, *, size: int, limits: FileLimits) -> FileType:
    """The type of a file of `size` bytes that may be taken in; raises BadFile."""
    known = file_type(content_head, filename)
    limit = limits.of(known.kind)
    if size > limit:
        raise BadFile(FileProblem.TOO_MANY_BYTES, found=size, limit=limit)
    return known


def extension(filename: str) -> str:
    """What follows the last dot of a name, in small letters; empty where there is no dot."""
    before, dot, after = filename.rpartition(".")
    return after.strip().lower() if dot and before else ""
