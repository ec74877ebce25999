"""The files of a mail: what the form takes is taken as it, all else is attached as it came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from publisher.intake.form import MOST_PICTURES
from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused, look_over, own_name
from publisher.mail_messages.message import MailFile
from publisher.media.store import MediaStore

UNKNOWN_TYPE: Final = "application/octet-stream"
_WITHOUT_NAME: Final = "file"
Note = dict[str, str | int]


@dataclass(frozen=True)
class MailFiles:
    """The files of a submission that came by mail, and a note for each that was only attached."""

    files: tuple[KeptFile, ...]
    notes: tuple[Note, ...]


def files_of(mail_files: Iterable[MailFile]) -> MailFiles:
    """Return the files, each once, within the form's limits; what is over them is attached."""
    notes: list[Note] = []
    files = tuple(_each_once(_limited(mail_files, notes)))
    return MailFiles(files, tuple(notes))


def stored(store: MediaStore, mail_files: MailFiles) -> MailFiles:
    """Store the contents before a transaction begins. Raises `StoreAway`."""
    return replace(mail_files, files=tuple(_stored(store, file) for file in mail_files.files))


def _stored(store: MediaStore, file: KeptFile) -> KeptFile:
    if file.content is not None:
        store.save(file.content)
    return replace(file, content=None)


def _limited(mail_files: Iterable[MailFile], notes: list[Note]) -> Iterator[KeptFile]:
    pictures = 0
    for mail_file in mail_files:
        name = own_name(mail_file.name) or _WITHOUT_NAME
        try:
            file = look_over(UploadedFile(name, mail_file.content), by_mail=True)
        except UploadRefused as refusal:
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


def kind_of(file: KeptFile) -> str:
    """Return what a list of attachments calls the file: photo, video or attachment."""
    if file.is_picture:
        return "photo"
    return "video" if file.mime.startswith("video/") else "attachment"
