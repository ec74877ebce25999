"""The media store in a folder of this machine, or in one that is mounted here."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from publisher.media.store import (
    IDENTITY,
    MediumChanged,
    MediumMissing,
    StoreAway,
    StoreWithIdentity,
    digest_of,
    is_digest,
    object_name,
    pieces,
)

log = logging.getLogger("nagarvani.media")
_LENGTH: Final = 2  # of a folder's name, as `object_name` begins


class FolderStore(StoreWithIdentity):
    """Media as files `aa/bb/<sha256>` under `root`."""

    def __init__(self, root: Path, *, kind: str = "media folder") -> None:
        self.root = root
        self.address = str(root)
        self._kind = kind

    def path(self, digest: str) -> Path:
        """Return the path of a digest's medium, stored or not.

        Raises MediumMissing if it is not a digest.
        """
        return self.root / object_name(digest)

    def digests(self) -> Iterator[str]:
        """Yield the digest of every stored medium, in no order. Raises StoreAway."""
        self._check_identity()  # a folder that is not mounted is empty
        with self._usable():
            for _folder, subfolders, names in os.walk(self.root, onerror=_raise_unless_gone):
                # A folder in the place of a file is a medium that cannot be read.
                yield from filter(is_digest, (*subfolders, *names))
                # Such as `lost+found`, which only root may read.
                subfolders[:] = [name for name in subfolders if len(name) == _LENGTH]

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
        """Return the bytes under `digest`, verified against it.

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
        """Return the file under `digest`, verified against it.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        with ExitStack() as stack:
            file = stack.enter_context(self._opened(digest))
            with self._usable():
                is_sound = digest_of(file) == digest
            if not is_sound:
                raise MediumChanged(digest)
            stack.pop_all()  # the caller closes the file
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
            self._keep(self.path(digest), pieces(source))
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
        """Return the thumbnail next to a medium; if there is none, `make` and keep it.

        A backup leaves thumbnails out. Raises MediumMissing, MediumChanged or StoreAway.
        """
        return self.thumbnail_file(digest, side, lambda: make(self.open(digest)))

    def thumbnail_file(self, digest: str, side: int, make: Callable[[], bytes]) -> bytes:
        """Return the thumbnail kept in this folder; if there is none, `make` and keep it."""
        target = self.path(digest).with_suffix(f".{side}")
        with suppress(OSError):  # in a cache, another process may just have removed it
            return target.read_bytes()
        content = make()
        with suppress(StoreAway):  # shown nevertheless, and made again the next time
            self._keep(target, [content])
        return content

    def _keep(self, target: Path, content: Iterable[bytes]) -> None:
        with self._usable():
            target.parent.mkdir(parents=True, exist_ok=True)
            for parent in (target.parent.parent, self.root):
                _sync_folder(parent)
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.writelines(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(target)
            finally:
                # Once it has its own name there is nothing left to remove.
                Path(name).unlink(missing_ok=True)
            _sync_folder(target.parent)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Turn errors of the file system into StoreAway."""
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

        Raises MediumMissing if it is not a digest, or StoreAway. The caller has to know that
        nothing refers to it any more.
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


def _raise_unless_gone(problem: OSError) -> None:
    if not isinstance(problem, FileNotFoundError | NotADirectoryError):
        raise problem


def _sync_folder(folder: Path) -> None:
    """Make the folder's own entries durable, including new names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
