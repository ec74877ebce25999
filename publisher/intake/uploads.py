"""Files on their way in: looked over before anything is kept, and counted for each person."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.i18n import text_cleaning
from publisher.media import file_signatures, files, images, video
from publisher.media.files import BadFile, FileKind
from publisher.media.images import BadPicture
from publisher.models.submission_details import Upload
from publisher.models.submissions import SubmissionFile
from publisher.validation import FieldError, Invalid, person_of
from publisher.working_time import day_bounds, local_day

MOST_BYTES_A_DAY = 1_000_000_000
MOST_UPLOADS_A_DAY = 200
_LONGEST_FILE_NAME = 200
_PIECE = 1_000_000
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class UploadedFile:
    """A file as it was chosen, with what it shows in words."""

    name: str
    content: bytes = field(repr=False)
    alt_mr: str = ""
    alt_en: str = ""


@dataclass(frozen=True)
class KeptFile:
    """A file that was looked over and may be kept, with what it shows in words.

    Size in bytes, width and height in pixels of a picture, `seconds` of a video that says how
    long it is. `content` is there where its bytes do not lie in the store yet.
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
    content: bytes | None = field(default=None, repr=False)

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown in a post."""
        return self.width is not None


class UploadRefused(Exception):
    """A file that cannot be taken: `code` says why, `values` what the sentence needs."""

    def __init__(self, code: str, values: Mapping[str, object]) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def look_over(upload: UploadedFile) -> KeptFile:
    """What `look_at` finds in bytes in memory, which come along. Raises `UploadRefused`."""
    kept_file = look_at(upload.name, io.BytesIO(upload.content))
    return replace(kept_file, content=upload.content, alt_mr=upload.alt_mr, alt_en=upload.alt_en)


def look_at(name: str, source: BinaryIO) -> KeptFile:
    """Type by content and by name, size, and what the file says of itself. Raises `UploadRefused`.

    Only a picture within the limits is held in memory; a video is read piece by piece.
    """
    display_name = own_name(name)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    try:
        file_type = files.accept(
            source.read(file_signatures.HEAD_BYTES), name, size=size, limits=files.FileLimits()
        )
        kept_file = KeptFile(display_name, _digest_of(source), file_type.mime, size)
        if file_type.kind is FileKind.PICTURE:
            source.seek(0)
            picture = images.inspect(source.read())
            return replace(kept_file, width=picture.width, height=picture.height)
    except (BadFile, BadPicture) as bad:
        raise UploadRefused(bad.code.value, {**bad.values, "name": display_name}) from bad
    is_video = file_type.kind is FileKind.VIDEO
    return replace(kept_file, seconds=video.seconds_of(source) if is_video else None)


def _digest_of(source: BinaryIO) -> str:
    whole = sha256()
    source.seek(0)
    while piece := source.read(_PIECE):
        whole.update(piece)
    return whole.hexdigest()


def own_name(name: str) -> str:
    """A file's name as it can be shown: without folders and deceiving characters, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    cleaned = text_cleaning.clean(last)
    bad = {problem.index for problem in cleaned.problems}
    visible = "".join("_" if at in bad else letter for at, letter in enumerate(cleaned.text))
    return " ".join(visible.split())[-_LONGEST_FILE_NAME:]


def kept_of(file: SubmissionFile) -> KeptFile:
    """A submission's file, to be handed in once more."""
    return KeptFile(
        name=file.name,
        sha256=file.sha256,
        mime=file.mime,
        size=file.size,
        width=file.width,
        height=file.height,
        seconds=file.seconds,
        alt_mr=file.alt_mr,
        alt_en=file.alt_en,
    )


def admit(session: Session, *, actor: Actor, now: datetime, file: KeptFile) -> int | None:
    """Count a file among what the person has sent today; raises `Invalid` beyond the day's quota.

    The same bytes sent again on the same day count once: None, where they were counted before.
    What it gives else is taken by `give_back`, should the file not be stored after all.
    """
    person = person_of(actor)
    begin, end = day_bounds(local_day(now))
    today = (Upload.person_id == person, Upload.at >= begin, Upload.at < end)
    if session.scalar(select(Upload.id).where(*today, Upload.sha256 == file.sha256).limit(1)):
        return None
    sums = select(func.count(), func.coalesce(func.sum(Upload.size), 0)).where(*today)
    count, size = session.execute(sums).one()
    if count >= MOST_UPLOADS_A_DAY or int(size) + file.size > MOST_BYTES_A_DAY:
        raise Invalid([_beyond_quota(file, count, int(size))])
    upload = Upload(person_id=person, at=now, sha256=file.sha256, size=file.size)
    session.add(upload)
    session.flush()
    return upload.id


def give_back(session: Session, *, upload_id: int | None) -> None:
    """The file that was counted could not be stored, and counts no more; None was not counted."""
    session.execute(delete(Upload).where(Upload.id == upload_id))


def _beyond_quota(file: KeptFile, count: int, size: int) -> FieldError:
    values = {
        "name": file.name,
        "count": count,
        "found": size // _MEGABYTE,
        "most": MOST_BYTES_A_DAY // _MEGABYTE,
        "most_files": MOST_UPLOADS_A_DAY,
    }
    return FieldError("files", "quota", values)
