"""The files of a mail: taken as by the form if it accepts them, else attached as they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import Final

from publisher.intake import scans
from publisher.intake.form import MOST_PICTURES
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused, check_upload, own_name
from publisher.mail.messages.message import MailFile
from publisher.media.files import is_program
from publisher.media.store import MediaStore
from publisher.media.virus_scanner import Clamd

UNKNOWN_TYPE: Final = "application/octet-stream"
PROGRAM: Final = "program"
_WITHOUT_NAME: Final = "file"
Note = dict[str, str | int]


@dataclass(frozen=True)
class MailFiles:
    """The files of a submission that came by mail.

    There is a note for each that was only attached, and for each that was left out.
    """

    files: tuple[KeptFile, ...]
    notes: tuple[Note, ...]

    @property
    def has_virus(self) -> bool:
        """True if a file was left out because of a virus."""
        return any(note["code"] == scans.INFECTED for note in self.notes)

    @property
    def programs(self) -> list[str]:
        """The names of the files that were left out because a computer would run them."""
        return [str(note["name"]) for note in self.notes if note["code"] == PROGRAM]


def choose_files(mail_files: Iterable[MailFile]) -> MailFiles:
    """Return the files, each once, within the form's limits; files beyond them are attached.

    Programs are left out.
    """
    notes: list[Note] = []
    files = tuple(_each_once(_limit_files(mail_files, notes)))
    return MailFiles(files, tuple(notes))


def scan_files(clamd: Clamd, mail_files: MailFiles) -> MailFiles:
    """Have each file scanned: one with a virus is left out, and noted.

    A file without a clear result waits. The total time for all of them is limited.
    """
    ends_at = clamd.monotonic() + scans.ENDS_WITHIN
    files: list[KeptFile] = []
    notes: list[Note] = []
    for file in mail_files.files:
        try:
            files.append(
                scans.scan_file(clamd, file, BytesIO(file.content or b""), ends_at=ends_at)
            )
        except UploadRefused as refusal:
            notes.append(
                {"code": refusal.code, "name": file.name, "virus": str(refusal.values["virus"])}
            )
    return MailFiles(tuple(files), (*mail_files.notes, *notes))


def store_files(store: MediaStore, mail_files: MailFiles) -> MailFiles:
    """Store the contents before a transaction begins. Raises `StoreAway`."""
    for file in mail_files.files:
        if file.content is not None:
            store.save(file.content)
    files = tuple(replace(file, content=None) for file in mail_files.files)
    return replace(mail_files, files=files)


def _limit_files(mail_files: Iterable[MailFile], notes: list[Note]) -> Iterator[KeptFile]:
    pictures = 0
    for mail_file in mail_files:
        name = own_name(mail_file.name) or _WITHOUT_NAME
        try:
            file = check_upload(UploadedFile(name, mail_file.content), by_mail=True)
        except UploadRefused as refusal:
            if is_program(mail_file.content, name):
                notes.append({"code": PROGRAM, "name": name})
                continue
            notes.append({"code": refusal.code, "name": name})
            yield _attachment(name, mail_file)
            continue
        pictures += file.is_picture
        if file.is_picture and pictures > MOST_PICTURES:
            notes.append({"code": "too_many_pictures", "name": name, "most": MOST_PICTURES})
            file = replace(_attachment(name, mail_file), mime=file.mime)
        yield file


def _attachment(name: str, mail_file: MailFile) -> KeptFile:
    content = mail_file.content
    digest = sha256(content).hexdigest()
    return KeptFile(name, digest, UNKNOWN_TYPE, len(content), content=content)


def _each_once(files: Iterable[KeptFile]) -> Iterator[KeptFile]:
    digests: set[str] = set()
    for file in files:
        if file.sha256 not in digests:
            digests.add(file.sha256)
            yield file


def attachment_kind(file: KeptFile) -> str:
    """Return what a list of attachments calls the file: photo, video or attachment."""
    if file.is_picture:
        return "photo"
    return "video" if file.mime.startswith("video/") else "attachment"
