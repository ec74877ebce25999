"""The media store: files are saved and opened by their SHA-256, under one folder."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, Protocol

log = logging.getLogger("nagarvani.media")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1_000_000

IDENTITY: Final = "identity"
"""The name of the file or object that tells a store from all others."""


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
    """The store cannot be used now: it is full, not writable, or does not answer.

    Nothing is known about a medium by that: whoever reads or writes one tries again later. The
    reason is one line, without key and secret.
    """

    def __init__(self, reason: str = "", store: str = "media store") -> None:
        super().__init__(reason, store)  # so that it is the same after it was pickled
        self.reason = reason
        self.store = store

    def __str__(self) -> str:
        return f"{self.store}: {self.reason}" if self.reason else self.store


class MediaStore(Protocol):
    """The interface of a media store: a folder, or a bucket. Any method may raise `StoreAway`."""

    address: str

    def save(self, content: bytes) -> str:
        """Store `content` durably; return its SHA-256 in 64 hexadecimal digits."""

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

    def digests(self) -> Iterator[str]:
        """Yield the digest of every stored medium, in no order."""

    def identity(self) -> str:
        """Return the text that tells this store from all others; "" if it has none yet."""

    def set_identity(self, identity: str) -> None:
        """Store the text that tells this store from all others, in place of the one it has."""

    def expect_identity(self, identity: str) -> None:
        """Take it that this store has this identity, which another process has read."""


def name_of(digest: str) -> str:
    """Return the name of a medium's file or object: `aa/bb/<sha256>`.

    Raises MediumMissing if it is no digest.
    """
    if not _DIGEST.fullmatch(digest):
        raise MediumMissing(digest)
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def is_digest(text: str) -> bool:
    """Return True if this is a SHA-256 in 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


class StoreWithIdentity(ABC):
    """What both stores do with the text by which they are known.

    Where that has been read once and is no longer there, or another one is, what is missing is the
    store, such as a disk of the network that is not mounted, and not a single medium.
    """

    _expected = ""

    def identity(self) -> str:
        """Return the text that tells this store from all others; "" if it has none yet.

        Raises StoreAway.
        """
        identity = self._read_identity()
        self._expected = identity or self._expected
        return identity

    def expect_identity(self, identity: str) -> None:
        """Take it that this store has this identity, which another process has read."""
        self._expected = identity

    def set_identity(self, identity: str) -> None:
        """Store the identity beside the media; a folder is made if it is missing.

        Raises StoreAway.
        """
        self._write_identity(identity)
        self._expected = identity

    @abstractmethod
    def _write_identity(self, identity: str) -> None:
        """Write the identity. Raises StoreAway."""

    @abstractmethod
    def _read_identity(self) -> str:
        """Return the identity, or ""; raises StoreAway."""

    def _check_identity(self) -> None:
        """Raise StoreAway if the identity has gone or changed since it was read."""
        if self._expected and self._read_identity() != self._expected:
            away = StoreAway("its identity is gone or another, it is not the store that it was")
            log.warning("%s", away)
            raise away


class Store(StoreWithIdentity):
    """Media as files `aa/bb/<sha256>` under `root`."""

    def __init__(self, root: Path, *, kind: str = "media folder") -> None:
        self.root = root
        self.address = str(root)
        self._kind = kind

    def path(self, digest: str) -> Path:
        """Return the path of a digest's medium, stored or not.

        Raises MediumMissing if it is no digest.
        """
        return self.root / name_of(digest)

    def digests(self) -> Iterator[str]:
        """Yield the digest of every stored medium, in no order. Raises StoreAway."""
        self._check_identity()  # a folder that is not mounted is empty
        with self._usable():
            for file in self.root.glob("??/??/*"):
                if is_digest(file.name):
                    yield file.name

    def exists(self, digest: str) -> bool:
        """Return True if a file is stored under `digest`; its bytes are not compared.

        Raises StoreAway.
        """
        with self._usable():
            if is_digest(digest) and self.path(digest).is_file():
                return True
        self._check_identity()
        return False

    def open(self, digest: str) -> bytes:
        """Return the bytes under `digest`, compared with it.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        with self._opened(digest) as file, self._usable():
            content = file.read()
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

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        with ExitStack() as stack:
            file = stack.enter_context(self._opened(digest))
            with self._usable():
                is_sound = digest_of(file) == digest
            if not is_sound:
                raise MediumChanged(digest)
            stack.pop_all()  # who asked for the file closes it
        return file

    def _opened(self, digest: str) -> BinaryIO:
        try:
            return self.path(digest).open("rb")
        except (FileNotFoundError, NotADirectoryError) as error:
            self._check_identity()
            raise MediumMissing(digest) from error
        except OSError as problem:
            raise self._away(problem) from problem

    def save_file(self, source: BinaryIO) -> str:
        """Store a file of any length as `save` does, without holding it in memory."""
        digest = digest_of(source)
        if not self._stands(digest):
            self._keep(self.path(digest), _pieces(source))
        return digest

    def _write_identity(self, identity: str) -> None:
        self._keep(self.root / IDENTITY, [identity.encode()])

    def _read_identity(self) -> str:
        try:
            return (self.root / IDENTITY).read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as problem:
            raise self._away(problem) from problem

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return the thumbnail beside a medium; if there is none, `make` and keep it.

        A backup leaves thumbnails out. Raises MediumMissing, MediumChanged or StoreAway.
        """
        return self.thumbnail_file(digest, side, lambda: make(self.open(digest)))

    def thumbnail_file(self, digest: str, side: int, make: Callable[[], bytes]) -> bytes:
        """Return the thumbnail kept in this folder; if there is none, `make` and keep it."""
        target = self.path(digest).with_suffix(f".{side}")
        with suppress(OSError):  # among copies another process may just have removed it
            return target.read_bytes()
        content = make()
        with suppress(StoreAway):  # shown nevertheless, and made again the next time
            self._keep(target, [content])
        return content

    def _keep(self, target: Path, pieces: Iterable[bytes]) -> None:
        with self._usable():
            self._make_folders(target.parent)
            _write(target, pieces)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Turn what the file system refuses into StoreAway."""
        try:
            yield
        except OSError as problem:
            raise self._away(problem) from problem

    def _away(self, problem: OSError) -> StoreAway:
        away = StoreAway(problem.strerror or "", f"{self._kind} {self.root}")
        log.warning("%s", away)
        return away

    def remove(self, digest: str) -> None:
        """Remove the file under `digest`, if there is one, and its thumbnails.

        Raises MediumMissing if it is no digest, or StoreAway. The caller has to know that nothing
        refers to it any more.
        """
        medium = self.path(digest)
        with self._usable():
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
