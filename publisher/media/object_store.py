"""The media store in a bucket of an object store, with a cache on this machine.

An object has the name that its file would have in a folder, `aa/bb/<sha256>`, and is written once:
what is there under a digest can only be those bytes, so that a cached copy is never out of date.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast

from publisher.media.cache import MediaCache
from publisher.media.store import (
    IDENTITY,
    MediumChanged,
    MediumMissing,
    StoreAway,
    StoreWithIdentity,
    away,
    digest_of,
    is_digest,
    name_of,
)
from publisher.settings.media import MEGABYTE, MediaSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

Answer = TypeVar("Answer")

IN_MEMORY: Final = 8 * MEGABYTE
"""Bytes of a medium that is not written to the disk while it is read."""

_CONNECT_WITHIN = timedelta(seconds=5)
_RETRIES = 3
_PAGE = 1000
_CODE = re.compile(r"<Code>(\w+)</Code>")


class ObjectStore(StoreWithIdentity):
    """Media as objects of a bucket.

    What takes longer than `deadline` seconds in all, retries included, raises `StoreAway`.
    """

    def __init__(self, media: MediaSettings, *, deadline: float) -> None:
        self.address = media.address
        self._media = media
        self._deadline = deadline
        self._cache = MediaCache(media.media_cache_dir, media.media_cache_mb * MEGABYTE)

    def save(self, content: bytes) -> str:
        """Store `content`, and return its digest. Raises StoreAway."""
        return self.save_file(BytesIO(content))

    def save_file(self, source: BinaryIO) -> str:
        """Store a file of any length, from its beginning. Raises StoreAway.

        It is sent even if the same is stored, which repairs an object that has been damaged.
        """
        digest = digest_of(source)
        self._put(name_of(digest), source)
        self._cache.add(source)
        return digest

    def open(self, digest: str) -> bytes:
        """Return the bytes under `digest`. Raises MediumMissing, MediumChanged or StoreAway."""
        with self.open_file(digest) as file:
            return file.read()

    def open_file(self, digest: str) -> BinaryIO:
        """Return the file under `digest`, from this machine's copies if it is there.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        copy = self._cache.open_file(digest)
        return copy if copy is not None else self._fetched(digest)

    def exists(self, digest: str) -> bool:
        """Return True if an object is stored under `digest`. Raises StoreAway."""
        import obstore

        if not is_digest(digest):
            return False
        try:
            self._ask(lambda: obstore.head_async(self._client, name_of(digest)))
        except FileNotFoundError:
            self._check_identity()
            return False
        return True

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return a medium's thumbnail, which is kept among this machine's copies alone.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        return self._cache.thumbnail(digest, side, lambda: make(self.open(digest)))

    def remove(self, digest: str) -> None:
        """Remove the object under `digest`, and this machine's copies. Raises StoreAway."""
        import obstore

        self._ask(lambda: obstore.delete_async(self._client, name_of(digest)))
        self._cache.remove(digest)

    def digests(self) -> Iterator[str]:
        """Yield the digest of every object. Raises StoreAway."""
        import obstore

        # Each page of names has the deadline to itself: a city has hundreds of thousands.
        with self._answering():
            for page in obstore.list(self._client, chunk_size=_PAGE):
                names = [str(row["path"]).rpartition("/")[2] for row in page]
                yield from filter(is_digest, names)

    def set_identity(self, identity: str) -> None:
        """Store the identity beside the media. Raises StoreAway."""
        self._put(IDENTITY, identity.encode())

    def _read_identity(self) -> str:
        try:
            with self._collected(IDENTITY) as file:
                return file.read().decode("ascii").strip()
        except FileNotFoundError:
            return ""

    def _put(self, name: str, content: bytes | BinaryIO) -> None:
        import obstore

        try:
            self._ask(lambda: obstore.put_async(self._client, name, content))
        except FileNotFoundError as problem:  # there is something else than an object store
            raise self._away(problem) from problem

    def _fetched(self, digest: str) -> BinaryIO:
        try:
            file = self._collected(name_of(digest))
        except FileNotFoundError as problem:
            self._check_identity()
            raise MediumMissing(digest) from problem
        if digest_of(file) != digest:
            file.close()
            raise MediumChanged(digest)
        self._cache.add(file)
        file.seek(0)
        return file

    def _collected(self, name: str) -> BinaryIO:
        """Return a file without a name that holds an object, at its beginning.

        Raises FileNotFoundError or StoreAway.
        """
        import obstore

        file = cast(BinaryIO, SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115  the caller's

        async def fetch() -> None:
            response = await obstore.get_async(self._client, name)
            async for piece in response.stream():
                file.write(piece)

        try:
            self._ask(fetch)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the store's answer. Raises FileNotFoundError or StoreAway."""

        async def ask() -> Answer:
            async with asyncio.timeout(self._deadline):
                return await call()

        with self._answering():
            return asyncio.run(ask())

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what fails into StoreAway; FileNotFoundError of an object is an answer."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as problem:  # TimeoutError is an OSError
            if isinstance(problem, FileNotFoundError) and _code(problem) != "NoSuchBucket":
                raise
            raise self._away(problem) from problem

    def _away(self, problem: Exception) -> StoreAway:
        return away(f"media store {self.address}: {_reason(problem)}")

    @cached_property
    def _client(self) -> S3Store:
        """The client, made by the first use: its threads would not survive a fork."""
        from obstore.store import S3Store

        media = self._media
        return S3Store(
            media.bucket,
            prefix=media.prefix or None,
            endpoint=media.media_endpoint,
            region=media.media_region,
            access_key_id=media.media_key,
            secret_access_key=media.media_secret,
            virtual_hosted_style_request=not media.media_path_style,
            client_options=self._client_options(),
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": timedelta(seconds=self._deadline),
            },
        )

    def _client_options(self) -> ClientConfig:
        options: ClientConfig = {
            "allow_http": self._media.media_endpoint.startswith("http://"),
            "connect_timeout": min(_CONNECT_WITHIN, timedelta(seconds=self._deadline)),
            "timeout": timedelta(seconds=self._deadline),
        }
        if self._media.media_ca_file:
            options["root_certificate"] = Path(self._media.media_ca_file).read_bytes()
        return options


def _code(problem: Exception) -> str:
    """Return the word of S3 for a problem, such as SignatureDoesNotMatch; "" if there is none."""
    code = _CODE.search(str(problem))
    return code[1] if code else ""


def _reason(problem: Exception) -> str:
    """Return the code and the first line of a problem: what follows is for programmers."""
    line = str(problem).partition("\n")[0].partition(": <?xml")[0]
    return ": ".join(filter(None, (_code(problem), line))) or type(problem).__name__
