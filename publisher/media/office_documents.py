"""Check that a DOCX or XLSX really is one, and that it does not unpack to too much."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, Final

from publisher.media.files import BadFile, FileProblem

#: The part that each kind of document has, by file extension.
MAIN_PARTS: Final[Mapping[str, str]] = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
MOST_UNPACKED: Final = 100_000_000
MOST_MEMBERS: Final = 2_000
_MOST_DIRECTORY: Final = 1_000_000  # bytes; zipfile reads all of it at once
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_END_OF_64: Final = b"PK\x06\x07"
_END_OF_64_BYTES: Final = 20
_MOST_TAIL: Final = _END_OF_64_BYTES + _END_BYTES + 65_535
_PIECE: Final = 1_000_000
# The other methods of zipfile unpack a piece of any length at once.
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 1


def check(source: BinaryIO, extension: str) -> None:
    """Raise `BadFile` if the file is not a document of this extension, or unpacks to too much."""
    try:
        _check_directory(source)
        with zipfile.ZipFile(source) as archive:
            _check_members(archive, MAIN_PARTS[extension])
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as problem:
        raise BadFile(FileProblem.NAME_AND_CONTENT_DIFFER, found=extension) from problem
    finally:
        source.seek(0)


def _check_directory(source: BinaryIO) -> None:
    """Check the size of the directory before zipfile makes an object of each entry."""
    size = source.seek(0, io.SEEK_END)
    source.seek(max(0, size - _MOST_TAIL))
    tail = source.read()
    has_comment = tail[-_END_BYTES:][:4] != _END or tail[-2:] != b"\x00\x00"
    at = tail.rfind(_END) if has_comment else len(tail) - _END_BYTES
    if at < 0:
        raise zipfile.BadZipFile
    is_of_64 = tail[max(0, at - _END_OF_64_BYTES) : at].startswith(_END_OF_64)
    if is_of_64 or int.from_bytes(tail[at + 12 : at + 16], "little") > _MOST_DIRECTORY:
        raise _too_large()


def _check_members(archive: zipfile.ZipFile, main_part: str) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _too_large()
    if main_part not in {member.filename for member in members}:
        raise zipfile.BadZipFile
    unpacked = 0
    for member in members:
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise zipfile.BadZipFile
        # zipfile reads no more than the directory says, but other programs do.
        member.file_size = MOST_UNPACKED + 1
        with archive.open(member) as part:
            while piece := part.read(_PIECE):
                unpacked += len(piece)
                if unpacked > MOST_UNPACKED:
                    raise _too_large()


def _too_large() -> BadFile:
    return BadFile(FileProblem.UNPACKS_TOO_LARGE, most=MOST_UNPACKED // 1_000_000)
