"""Files of a submission: pictures, and videos, PDFs and attachments that are only stored."""

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
    ATTACHMENT = "attachment"  #: Only ever downloaded: no preview, and never on a platform.


#: The maximum size of each kind of file, in bytes.
LIMITS: Mapping[FileKind, int] = {
    FileKind.PICTURE: 20_000_000,
    FileKind.VIDEO: 200_000_000,
    FileKind.DOCUMENT: 20_000_000,
    FileKind.ATTACHMENT: 20_000_000,
}


_PROGRAM_EXTENSIONS = (
    "apk app application appx bash bat cmd com cpl deb desktop dll dmg exe gadget hta inf jar jnlp"
    " js jse lnk mjs msi msix msp pif pl ps1 psm1 py rb reg rpm run scf scr sct sh url vb vbe vbs"
    " ws wsc wsf wsh"
)
PROGRAM_EXTENSIONS = frozenset(_PROGRAM_EXTENSIONS.split())
"""Extensions of files that a computer runs when they are opened, or that start others."""


class FileProblem(StrEnum):
    """The reason why a file is refused."""

    EMPTY = "empty"
    UNSUPPORTED_TYPE = "unsupported_type"
    NAME_AND_CONTENT_DIFFER = "name_and_content_differ"
    TOO_MANY_BYTES = "too_many_bytes"
    UNPACKS_TOO_LARGE = "unpacks_too_large"


class BadFile(Exception):
    """A file was refused: `code` is the reason, `values` are the values of its message."""

    def __init__(self, code: FileProblem, **values: int | str) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class FileType:
    """A type that is accepted, with the extensions its file names may have.

    The form refuses a type that is accepted `by_mail_only`.
    """

    kind: FileKind
    mime: str
    extensions: frozenset[str]
    by_mail_only: bool = False


def _type(kind: FileKind, mime: str, *extensions: str, by_mail_only: bool = False) -> FileType:
    return FileType(kind, mime, frozenset(extensions), by_mail_only)


_OFFICE = "application/vnd.openxmlformats-officedocument."
# These begin alike: the name says which one it is, and `office_documents` checks it.
_DOCX, _XLSX, _ZIP = "docx", "xlsx", "zip"


# Some phones call it .jpg when they send it.
_NAMES_OF_HEIC = ("heic", "heif", "hif", "jpg", "jpeg")


TYPES: dict[str, FileType] = {
    file_signatures.JPEG: _type(FileKind.PICTURE, "image/jpeg", "jpg", "jpeg", "jpe", "jfif"),
    file_signatures.PNG: _type(FileKind.PICTURE, "image/png", "png"),
    file_signatures.GIF: _type(FileKind.PICTURE, "image/gif", "gif"),
    file_signatures.WEBP: _type(FileKind.PICTURE, "image/webp", "webp"),
    file_signatures.HEIC: _type(FileKind.PICTURE, "image/heic", *_NAMES_OF_HEIC),
    "mp4": _type(FileKind.VIDEO, "video/mp4", "mp4", "m4v", "3gp", "3gpp", "mov"),
    "mov": _type(FileKind.VIDEO, "video/quicktime", "mov", "qt"),
    "webm": _type(FileKind.VIDEO, "video/webm", "webm"),
    "pdf": _type(FileKind.DOCUMENT, "application/pdf", "pdf"),
    _DOCX: _type(FileKind.ATTACHMENT, f"{_OFFICE}wordprocessingml.document", _DOCX),
    _XLSX: _type(FileKind.ATTACHMENT, f"{_OFFICE}spreadsheetml.sheet", _XLSX, by_mail_only=True),
    _ZIP: _type(FileKind.ATTACHMENT, "application/zip", _ZIP, by_mail_only=True),
}


def file_type(content_head: bytes, filename: str, *, by_mail: bool = False) -> FileType:
    """Return the type by content and name. Raises BadFile if they differ or it is not accepted.

    `content_head` is the file's first 4,096 bytes, or more.
    """
    if not content_head:
        raise BadFile(FileProblem.EMPTY)
    type_name = file_signatures.detect_type(content_head[: file_signatures.HEAD_BYTES])
    ending = extension(filename)
    is_office = type_name == _ZIP and ending in (_DOCX, _XLSX)
    accepted_type = TYPES.get(ending if is_office else type_name)
    if accepted_type is None or (accepted_type.by_mail_only and not by_mail):
        raise BadFile(FileProblem.UNSUPPORTED_TYPE, found=type_name)
    if ending not in accepted_type.extensions:
        raise BadFile(FileProblem.NAME_AND_CONTENT_DIFFER, found=type_name, extension=ending)
    return accepted_type


def is_program(content_head: bytes, filename: str) -> bool:
    """Return True if a computer may run the file, by its content or its last extension."""
    is_executable = file_signatures.detect_type(content_head) == file_signatures.EXECUTABLE
    # Windows ignores dots and spaces after an extension.
    return is_executable or extension(filename.rstrip(". ")) in PROGRAM_EXTENSIONS


def accept(content_head: bytes, filename: str, *, size: int, by_mail: bool = False) -> FileType:
    """Return the type of an acceptable file of `size` bytes. Raises BadFile."""
    accepted_type = file_type(content_head, filename, by_mail=by_mail)
    limit = LIMITS[accepted_type.kind]
    if size > limit:
        raise BadFile(FileProblem.TOO_MANY_BYTES, found=size, limit=limit)
    return accepted_type


def extension(filename: str) -> str:
    """Return the text after the last dot of a name, in lower case; empty if there is no dot."""
    before, dot, after = filename.rpartition(".")
    return after.strip().lower() if dot and before else ""
