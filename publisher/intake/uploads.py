"""Check uploaded files before they are stored, and count them per person and day."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import BinaryIO, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.i18n import text_cleaning
from publisher.media import (
    file_signatures,
    files,
    image_checks,
    metadata,
    office_documents,
    video,
)
from publisher.media.files import BadFile, FileKind
from publisher.media.image_checks import BadPicture
from publisher.media.store import StoreAway, digest_of
from publisher.models.submission_details import Upload
from publisher.models.submissions import ScanResult, SubmissionFile
from publisher.validation import FieldError, Invalid, person_of
from publisher.working_time import day_bounds, local_day

MOST_BYTES_A_DAY = 1_000_000_000
MOST_UPLOADS_A_DAY = 200

BEING_REMOVED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of old uploads whose file the clock is removing: it may be gone at any moment."""

_LONGEST_FILE_NAME = 200
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class UploadedFile:
    """An uploaded file with its descriptions."""

    name: str
    content: bytes = field(repr=False)
    alt_mr: str = ""
    alt_en: str = ""


@dataclass(frozen=True)
class KeptFile:
    """A checked file with its descriptions.

    `size` is in bytes, `width` and `height` are in pixels (pictures only), `seconds` is the length
    of a video if known. `scan` is what the virus scanner said. `content` is None if the bytes are
    already stored.
    """

    name: str
    sha256: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    alt_mr: str = ""
    alt_en: str = ""
    scan: ScanResult | None = None
    content: bytes | None = field(default=None, repr=False)

    @property
    def is_picture(self) -> bool:
        """Return True if the file can be shown in a post."""
        return self.width is not None

    @property
    def is_usable(self) -> bool:
        """Return True if the file may be shown: no scanner is set, or it found nothing."""
        return self.scan is None or self.scan is ScanResult.CLEAN


#: The fields of a file that are columns of a submission's file.
FILE_COLUMNS = tuple(column.name for column in fields(KeptFile) if column.name != "content")


class UploadRefused(Exception):
    """A refused file: `code` is the error code, `values` are those of its message."""

    def __init__(self, code: str, values: Mapping[str, object]) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def check_upload(upload: UploadedFile, *, by_mail: bool = False) -> KeptFile:
    """Check an upload in memory; raises `UploadRefused`."""
    kept_file = check_file(upload.name, io.BytesIO(upload.content), by_mail=by_mail)
    content = kept_file.content if kept_file.content is not None else upload.content
    return replace(kept_file, content=content, alt_mr=upload.alt_mr, alt_en=upload.alt_en)


def check_file(name: str, source: BinaryIO, *, by_mail: bool = False) -> KeptFile:
    """Check a file's type by content and name, its size and its metadata; raises `UploadRefused`.

    A mail may bring types that the form refuses. Only a picture within the limits is held in
    memory; a video is read in chunks. For a picture, `content` is returned as it is to be stored:
    without location, comments and trailing data.
    """
    display_name = own_name(name)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    try:
        head = source.read(file_signatures.HEAD_BYTES)
        file_type = files.accept(head, name, size=size, by_mail=by_mail)
        if file_type.kind is FileKind.PICTURE:
            return _picture(display_name, file_type.mime, source)
        if (extension := files.extension(name)) in office_documents.MAIN_PARTS:
            office_documents.check(source, extension)
    except (BadFile, BadPicture) as bad:
        raise UploadRefused(bad.code.value, {**bad.values, "name": display_name}) from bad
    seconds = video.video_seconds(source) if file_type.kind is FileKind.VIDEO else None
    return KeptFile(display_name, digest_of(source), file_type.mime, size, seconds=seconds)


def _picture(name: str, mime: str, source: BinaryIO) -> KeptFile:
    source.seek(0)
    content = metadata.strip_metadata(source.read())
    picture = image_checks.inspect(content)
    digest, size = sha256(content).hexdigest(), len(content)
    return KeptFile(name, digest, mime, size, picture.width, picture.height, content=content)


def own_name(name: str) -> str:
    """Return the file's name without folders and deceptive characters, shortened."""
    last = name.replace("\\", "/").rpartition("/")[2]
    cleaned = text_cleaning.clean(last)
    bad = {problem.index for problem in cleaned.problems}
    visible = "".join("_" if at in bad else letter for at, letter in enumerate(cleaned.text))
    return " ".join(visible.split())[-_LONGEST_FILE_NAME:]


def kept_of(file: SubmissionFile) -> KeptFile:
    """Return a submission's file as a checked file, to be submitted again."""
    return KeptFile(**{column: getattr(file, column) for column in FILE_COLUMNS})


def admit(session: Session, *, actor: Actor, now: datetime, file: KeptFile) -> int | None:
    """Count a file towards the person's daily quota, before it is stored.

    The same bytes count once a day. Returns the id for `give_back`, or None if they were counted
    before. Raises `Invalid` beyond the quota, and `UploadRefused` while an old unused file with the
    same bytes is being removed.
    """
    person = person_of(actor)
    begin, end = day_bounds(local_day(now))
    today = (Upload.person_id == person, Upload.at >= begin, Upload.at < end)
    if session.scalar(select(Upload.id).where(*today, Upload.sha256 == file.sha256).limit(1)):
        return None
    sums = select(func.count(), func.coalesce(func.sum(Upload.size), 0)).where(*today)
    count, size = session.execute(sums).one()
    if count >= MOST_UPLOADS_A_DAY or int(size) + file.size > MOST_BYTES_A_DAY:
        raise Invalid([_quota_error(file, count, int(size))])
    upload = Upload(person_id=person, at=now, sha256=file.sha256, size=file.size)
    session.add(upload)
    session.flush()
    # Only now: an insert waits for the lock under which uploads are marked.
    same = select(Upload.id).where(Upload.sha256 == file.sha256, Upload.at == BEING_REMOVED)
    if session.scalar(same.limit(1)):
        raise UploadRefused("store_away", {"name": file.name})
    return upload.id


def give_back(session: Session, *, upload_id: int | None) -> None:
    """Remove the count of a file that could not be stored; None does nothing."""
    session.execute(delete(Upload).where(Upload.id == upload_id))


def put_off_removal(session: Session, *, digests: Collection[str], now: datetime) -> None:
    """Keep the clock from removing these old unused uploads, for nearly as long as a new upload.

    Every caller that saves or finds a file before the transaction that first refers to it calls
    this beforehand, in a separate transaction. Raises `StoreAway` while one of them is being
    removed.
    """
    # A day ago, so that they count towards nobody's quota today.
    yesterday = now - timedelta(days=1)
    same = Upload.sha256.in_(digests)
    is_older = Upload.at.between(BEING_REMOVED + timedelta(days=1), yesterday)
    session.execute(update(Upload).where(same, is_older).values(at=yesterday))
    # Only now: an update waits for the lock under which uploads are marked.
    if session.scalar(select(Upload.id).where(same, Upload.at == BEING_REMOVED).limit(1)):
        raise StoreAway("a file with the same bytes, which nobody used, is being removed")


def _quota_error(file: KeptFile, count: int, size: int) -> FieldError:
    values = {
        "name": file.name,
        "count": count,
        "found": size // _MEGABYTE,
        "most": MOST_BYTES_A_DAY // _MEGABYTE,
        "most_files": MOST_UPLOADS_A_DAY,
    }
    return FieldError("files", "quota", values)
