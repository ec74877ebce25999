"""The media store: files are saved and opened by their SHA-256, in a folder or a bucket."""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import BinaryIO, Final, Protocol

log = logging.getLogger("nagarvani.media")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1_000_000

IDENTITY: Final = "identity"
"""The name of the file or object that identifies a store."""


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

    That says nothing about a medium: a caller that reads or writes one tries again later. The
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
        """Return the text that identifies this store; "" if it has none yet."""

    def set_identity(self, identity: str) -> None:
        """Store the text that identifies this store, in place of the one it has."""

    def expect_identity(self, identity: str) -> None:
        """Expect this store to have this identity, which another process has read."""


def object_name(digest: str) -> str:
    """Return the name of a medium's file or object: `aa/bb/<sha256>`.

    Raises MediumMissing if it is not a digest.
    """
    if not _DIGEST.fullmatch(digest):
        raise MediumMissing(digest)
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def is_digest(text: str) -> bool:
    """Return True if this is a SHA-256 in 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


class StoreWithIdentity(ABC):
    """What both stores do with the text that identifies them.

    If it has been read once and is now gone or different, the store itself is missing, such as a
    network disk that is not mounted, and not a single medium.
    """

    _expected = ""

    def identity(self) -> str:
        """Return the text that identifies this store; "" if it has none yet.

        Raises StoreAway.
        """
        identity = self._read_identity()
        self._expected = identity or self._expected
        return identity

    def expect_identity(self, identity: str) -> None:
        """Expect this store to have this identity, which another process has read."""
        self._expected = identity

    def set_identity(self, identity: str) -> None:
        """Store the identity next to the media; a folder is made if it is missing.

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


def pieces(source: BinaryIO) -> Iterator[bytes]:
    """Yield an open file from its beginning in chunks, and leave it there."""
    source.seek(0)
    while piece := source.read(_PIECE):
        yield piece
    source.seek(0)


def digest_of(source: BinaryIO) -> str:
    """Return the digest of an open file, and leave it at its beginning."""
    whole = sha256()
    for piece in pieces(source):
        whole.update(piece)
    return whole.hexdigest()
