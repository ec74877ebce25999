"""The one place where media are saved and opened: by their SHA-256, under one folder."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

log = logging.getLogger("nagarvani.media")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_READABLE_BY_GROUP = 0o640
_PIECE = 1_000_000


class MediumMissing(Exception):
    """No medium stands under this digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class MediumChanged(Exception):
    """What stands under this digest is no longer what was saved."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class StoreAway(Exception):
    """Nothing can be kept now: the disk is full, or its folder cannot be written."""


class MediaStore(Protocol):
    """What the house needs of a store, so that a shared one can take this one's place."""

    def save(self, content: bytes) -> str:
        """Keep `content` durably, give its SHA-256 in 64 hexadecimal digits; or StoreAway."""

    def save_file(self, source: BinaryIO) -> str:
        """The same for a file of any length, from its beginning, piece by piece."""

    def open(self, digest: str) -> bytes:
        """The bytes under `digest`; raises MediumMissing or MediumChanged."""

    def open_file(self, digest: str) -> BinaryIO:
        """The same as an open file at its beginning, which the caller closes."""

    def exists(self, digest: str) -> bool:
        """Whether something stands under `digest`; its bytes are not compared."""

    def remove(self, digest: str) -> None:
        """Let go of what stands under `digest`, if anything does."""


class Store:
    """Media as files `aa/bb/<sha256>` under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the medium of this digest stands or would stand; MediumMissing for no digest."""
        if not _DIGEST.fullmatch(digest):
            raise MediumMissing(digest)
        return self.root / digest[:2] / digest[2:4] / digest

    def digests(self) -> Iterator[str]:
        """The digest of everything that is kept, in no order."""
        for file in self.root.glob("??/??/*"):
            if _DIGEST.fullmatch(file.name):
                yield file.name

    def exists(self, digest: str) -> bool:
        """Whether a file stands under `digest`; its bytes are not compared."""
        return _DIGEST.fullmatch(digest) is not None and self.path(digest).is_file()

    def open(self, digest: str) -> bytes:
        """The bytes under `digest`, compared with it; raises MediumMissing or MediumChanged."""
        try:
            content = self.path(digest).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MediumMissing(digest) from error
        if sha256(content).hexdigest() != digest:
            raise MediumChanged(digest)
        return content

    def save(self, content: bytes) -> str:
        """Keep `content` so that a power cut leaves all of it or nothing; gives its digest.

        What was saved before is kept once; what has changed on disk since is mended. Raises
        StoreAway where the folder takes nothing.
        """
        digest = sha256(content).hexdigest()
        if not self._stands(digest):
            self._keep(digest, [content])
        return digest

    def open_file(self, digest: str) -> BinaryIO:
        """The file under `digest`, compared with it; raises MediumMissing or MediumChanged."""
        try:
            file = self.path(digest).open("rb")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MediumMissing(digest) from error
        if _digest_of(file) != digest:
            file.close()
            raise MediumChanged(digest)
        return file

    def save_file(self, source: BinaryIO) -> str:
        """Keep a file of any length as `save` does, without holding it in memory."""
        digest = _digest_of(source)
        if not self._stands(digest):
            self._keep(digest, _pieces(source))
        return digest

    def _keep(self, digest: str, pieces: Iterable[bytes]) -> None:
        target = self.path(digest)
        try:
            self._make_folders(target.parent)
            _write(target, pieces)
        except OSError as problem:
            log.warning("media folder %s: %s", self.root, problem.strerror)
            raise StoreAway from problem

    def remove(self, digest: str) -> None:
        """Remove the file under `digest`, if one stands there; raises MediumMissing for no digest.

        Whoever calls this knows that nothing names it any more.
        """
        self.path(digest).unlink(missing_ok=True)

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


def _digest_of(source: BinaryIO) -> str:
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
            os.fchmod(file.fileno(), _READABLE_BY_GROUP)
            os.fsync(file.fileno())
        Path(name).replace(target)
    finally:
        # Once it has its own name there is nothing left to remove.
        Path(name).unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the folder's own entries durable, new names among them."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
