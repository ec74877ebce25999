"""The media store: files are saved and opened by their SHA-256, under one folder."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

log = logging.getLogger("nagarvani.media")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1_000_000


class MediumMissing(Exception):
    """No medium is stored under this digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class MediumChanged(Exception):
    """The file under this digest is no longer what was saved."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class StoreAway(Exception):
    """Nothing can be stored now: the disk is full, or the folder is not writable."""


class MediaStore(Protocol):
    """The interface of a media store, so that a shared store can replace this one."""

    def save(self, content: bytes) -> str:
        """Store `content` durably; return its SHA-256 in 64 hexadecimal digits.

        Raises StoreAway.
        """

    def save_file(self, source: BinaryIO) -> str:
        """Store a file of any length, from its beginning, in chunks; otherwise as `save`."""

    def open(self, digest: str) -> bytes:
        """Return the bytes under `digest`. Raises MediumMissing or MediumChanged."""

    def open_file(self, digest: str) -> BinaryIO:
        """Return an open file at its beginning, which the caller closes; otherwise as `open`."""

    def exists(self, digest: str) -> bool:
        """Return True if a medium is stored under `digest`; its bytes are not compared."""

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return the medium's thumbnail of `side` pixels; `make` creates it from its bytes.

        Raises MediumMissing or MediumChanged.
        """

    def remove(self, digest: str) -> None:
        """Remove the medium under `digest`, if there is one, and its thumbnails."""


class Store:
    """Media as files `aa/bb/<sha256>` under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Return the path of a digest's medium, stored or not.

        Raises MediumMissing if it is no digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise MediumMissing(digest)
        return self.root / digest[:2] / digest[2:4] / digest

    def digests(self) -> Iterator[str]:
        """Yield the digest of every stored medium, in no order."""
        for file in self.root.glob("??/??/*"):
            if _DIGEST.fullmatch(file.name):
                yield file.name

    def exists(self, digest: str) -> bool:
        """Return True if a file is stored under `digest`; its bytes are not compared."""
        return _DIGEST.fullmatch(digest) is not None and self.path(digest).is_file()

    def open(self, digest: str) -> bytes:
        """Return the bytes under `digest`, compared with it.

        Raises MediumMissing or MediumChanged.
        """
        try:
            content = self.path(digest).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MediumMissing(digest) from error
        if sha256(content).hexdigest() != digest:
            raise MediumChanged(digest)
        return content

    def save(self, content: bytes) -> str:
        """Store `content` atomically even in a power cut, and return its digest.

        Content that is stored already is not written again, and a damaged file is repaired. Raises
        StoreAway if the folder is not writable.
        """
        digest = sha256(content).hexdigest()
        if not self._stands(digest):
            self._keep(self.path(digest), [content])
        return digest

    def open_file(self, digest: str) -> BinaryIO:
        """Return the file under `digest`, compared with it.

        Raises MediumMissing or MediumChanged.
        """
        try:
            file = self.path(digest).open("rb")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MediumMissing(digest) from error
        if digest_of(file) != digest:
            file.close()
            raise MediumChanged(digest)
        return file

    def save_file(self, source: BinaryIO) -> str:
        """Store a file of any length as `save` does, without holding it in memory."""
        digest = digest_of(source)
        if not self._stands(digest):
            self._keep(self.path(digest), _pieces(source))
        return digest

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return the thumbnail beside a medium; if there is none, `make` and keep it.

        A backup leaves thumbnails out. Raises MediumMissing or MediumChanged.
        """
        target = self.path(digest).with_suffix(f".{side}")
        if target.is_file():
            return target.read_bytes()
        content = make(self.open(digest))
        with suppress(StoreAway):  # shown nevertheless, and made again the next time
            self._keep(target, [content])
        return content

    def _keep(self, target: Path, pieces: Iterable[bytes]) -> None:
        try:
            self._make_folders(target.parent)
            _write(target, pieces)
        except OSError as problem:
            log.warning("media folder %s: %s", self.root, problem.strerror)
            raise StoreAway from problem

    def remove(self, digest: str) -> None:
        """Remove the file under `digest`, if there is one, and its thumbnails.

        Raises MediumMissing if it is no digest. The caller has to know that nothing refers to it
        any more.
        """
        medium = self.path(digest)
        for file in (medium, *medium.parent.glob(f"{digest}.*")):
            file.unlink(missing_ok=True)

    def _stands(self, digest: str) -> bool:
        try:
            self.open_file(digest).close()
        except (MediumMissing, MediumChanged):
            return False
        return True

    def _make_folders(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for parent in (folder.parent, self.root):
            _sync_folder(parent)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    while piece := source.read(_PIECE):
        yield piece
    source.seek(0)


def digest_of(source: BinaryIO) -> str:
    """Return the digest of an open file, and leave it at its beginning."""
    whole = sha256()
    for piece in _pieces(source):
        whole.update(piece)
    return whole.hexdigest()


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    finally:
        # Once it has its own name there is nothing left to remove.
        Path(name).unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the folder's own entries durable, including new names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
