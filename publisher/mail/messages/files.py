"""Read the files of a message: names, contents, and which images are only ornaments."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from publisher.mail.messages.body import Body
from publisher.mail.messages.charsets import decode
from publisher.mail.messages.message import MailFile, MailNote, MailNoteCode
from publisher.mail.messages.plain_text import one_line
from publisher.mail.messages.structure import Part
from publisher.media import file_signatures
from publisher.media.files import TYPES

MOST_FILES: Final = 100
MOST_NAME: Final = 200
SMALL_BYTES: Final = 10_000
SMALL_PIXELS: Final = 200
PHOTO_PIXELS: Final = 600

_ARCHIVES: Final = frozenset({"zip", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz", "cab"})
_ARCHIVE_TYPES: Final = re.compile(
    r"application/(x-)?(zip|rar|7z|gzip|tar|bzip2|zip-compressed|7z-compressed|rar-compressed)"
)
_PERCENT: Final = re.compile(r"(?:%[0-9a-fA-F]{2}|[\w.()+ -])+")
_EXTENSIONS: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/heic": ".heic"}


@dataclass(frozen=True)
class MarkedImages:
    """The Content-IDs of images in the text, and in what was removed from it."""

    in_text: frozenset[str]
    elsewhere: frozenset[str]


def read_files(body: Body, images: MarkedImages) -> tuple[MailFile, ...]:
    """Return the files in their order, without ornaments; no more than `MOST_FILES`."""
    files: list[MailFile] = []
    has_calendar_file = any(part.disposition for part in body.files if _is_calendar(part))
    for part in body.files:
        if len(files) == MOST_FILES:
            break
        if _is_calendar(part) and has_calendar_file and not part.disposition:
            continue  # the same invitation is also attached as a file
        content = part.content
        if not _is_ornament(part, content, body, images):
            files.append(MailFile(file_name(part, content, len(files) + 1), part.mime, content))
    return tuple(files)


def file_notes(files: Iterable[MailFile]) -> Iterator[MailNote]:
    """Yield a note on each file that is attached unopened."""
    for file in files:
        ending = file.name.rpartition(".")[2].lower()
        if file.mime == "application/ms-tnef" or file.name.lower() == "winmail.dat":
            yield MailNote(MailNoteCode.WINMAIL, {"name": file.name})
        elif ending in _ARCHIVES or _ARCHIVE_TYPES.fullmatch(file.mime):
            yield MailNote(MailNoteCode.ARCHIVE, {"name": file.name})


def file_name(part: Part, content: bytes, number: int) -> str:
    """Return the name that the sender gave a file, or one by its number and type."""
    name = part.filename or part.parameters.get("name", "")
    if "%" in name and _PERCENT.fullmatch(name):
        name = decode(unquote_to_bytes(name))[0]
    name = one_line(re.split(r"[\\/]", name.rstrip("\\/ "))[-1], 2_000).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > MOST_NAME:
        name = f"{stem[: MOST_NAME - 20]}{dot}{ending[:10]}" if dot else name[:MOST_NAME]
    return name or f"file-{number}{_extension(part.mime, content)}"


def _extension(mime: str, content: bytes) -> str:
    accepted = TYPES.get(file_signatures.detect_type(content[: file_signatures.HEAD_BYTES]))
    mime = accepted.mime if accepted else mime
    return _EXTENSIONS.get(mime) or mimetypes.guess_extension(mime) or ""


def _is_calendar(part: Part) -> bool:
    return part.mime in ("text/calendar", "application/ics")


def _is_ornament(part: Part, content: bytes, body: Body, images: MarkedImages) -> bool:
    """Return True for a logo or an icon of a signature; a photo in the text is not an ornament."""
    if not part.mime.startswith("image/"):
        return False
    cid = part.headers.first("content-id").strip("<> ")
    is_referenced = cid in images.in_text or cid in images.elsewhere
    is_inline = part.disposition == "inline" or id(part) in body.inline
    if not is_referenced and (not is_inline or part.disposition == "attachment"):
        return False
    size = _pixel_size(content)
    shorter = min(size) if size else 0
    if cid in images.elsewhere and cid not in images.in_text:
        return shorter < PHOTO_PIXELS
    return len(content) < SMALL_BYTES or (size is not None and shorter < SMALL_PIXELS)


def _pixel_size(content: bytes) -> tuple[int, int] | None:
    kind = file_signatures.detect_type(content[: file_signatures.HEAD_BYTES])
    if kind not in ("jpeg", "png", "gif", "webp", "heic"):
        return None
    return file_signatures.pixel_size(content, kind)
