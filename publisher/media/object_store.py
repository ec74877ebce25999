"""The media store in a bucket of an object store, with a cache on this machine.

An object has the name that its file would have in a folder, `aa/bb/<sha256>`, and is written once:
what is there under a digest can only be those bytes, so that a cached copy is never out of date.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast
from urllib.parse import urlsplit

from publisher.media.cache import MediaCache
from publisher.media.store import (
    IDENTITY,
    MediumChanged,
    MediumMissing,
    StoreAway,
    StoreWithIdentity,
    digest_of,
    is_digest,
    object_name,
)
from publisher.settings.media import MEGABYTE, MediaSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

log = logging.getLogger("nagarvani.media")
Answer = TypeVar("Answer")

IN_MEMORY: Final = 8 * MEGABYTE
"""Media of up to this many bytes are not written to the disk while they are read."""

_CONNECT_WITHIN = timedelta(seconds=5)
_RETRIES = 3
_PAGE = 1000
_PARTS_AT_ONCE = 3
"""Parts of 5 MB of an upload that are in memory at once."""

_STATUS = re.compile(r"status code: (\d+)")
_DOCUMENT = re.compile(r"<Code>(\w+)</Code>(?:\s*<Message>([^<]*)</Message>)?")
_CAUSE = re.compile(r'InvalidCertificate\(\s*(\w+)|(?:error|message): "([^"]+)"')
_NO_BUCKET = "<Code>NoSuchBucket</Code>"


class ObjectStore(StoreWithIdentity):
    """Media as objects of a bucket.

    An operation that takes longer than `deadline` seconds, retries included, raises `StoreAway`.
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

        It is sent even if it is stored already, which repairs a damaged object.
        """
        digest = digest_of(source)
        self._put(object_name(digest), source)
        self._cache.add(source)
        return digest

    def open(self, digest: str) -> bytes:
        """Return the bytes under `digest`. Raises MediumMissing, MediumChanged or StoreAway."""
        with self.open_file(digest) as file:
            return file.read()

    def open_file(self, digest: str) -> BinaryIO:
        """Return the file under `digest`, from this machine's copies if there is one.

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
            self._ask(lambda client: obstore.head_async(client, object_name(digest)))
        except FileNotFoundError:
            self._check_identity()
            return False
        return True

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return a medium's thumbnail, which is kept only among this machine's copies.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        return self._cache.thumbnail(digest, side, lambda: make(self.open(digest)))

    def remove(self, digest: str) -> None:
        """Remove the object under `digest`, and this machine's copies. Raises StoreAway."""
        self._delete(object_name(digest))
        self._cache.remove(digest)

    def digests(self) -> Iterator[str]:
        """Yield the digest of every object. Raises StoreAway."""
        import obstore

        # The deadline is for each page of names: a city has hundreds of thousands.
        client = self._client
        with self._answering():
            for page in obstore.list(client, chunk_size=_PAGE):
                names = [str(row["path"]).rpartition("/")[2] for row in page]
                yield from filter(is_digest, names)

    def _write_identity(self, identity: str) -> None:
        self._put(IDENTITY, BytesIO(identity.encode()))

    def failing_step(self) -> tuple[str, str] | None:
        """Return what cannot be done with an object, and why; None if everything can.

        It is one of `write`, `read`, `list` and `remove`, tried with an object that is not a
        medium.
        """
        name = f"probe-{secrets.token_hex(8)}"
        steps: dict[str, Callable[[], object]] = {
            "write": lambda: self._put(name, BytesIO(name.encode())),
            "read": lambda: self._read_probe(name),
            "list": lambda: next(self.digests(), None),
            "remove": lambda: self._delete(name),
        }
        failures: list[tuple[str, str]] = []
        for step, act in steps.items():
            try:
                act()
            except StoreAway as away:
                failures.append((step, away.reason))
                if step == "write":
                    break  # there is nothing to read or to remove
        return failures[0] if failures else None

    def _read_probe(self, name: str) -> None:
        try:
            content = self._bytes(name)
        except FileNotFoundError:
            content = b""
        if content != name.encode():
            raise StoreAway("what came back is not what was written")

    def _put(self, name: str, source: BinaryIO) -> None:
        import obstore

        def put(client: S3Store) -> Awaitable[object]:
            return obstore.put_async(client, name, source, max_concurrency=_PARTS_AT_ONCE)

        try:
            self._ask(put)
        except FileNotFoundError as problem:
            raise self._away(problem) from None  # of the bucket

    def _delete(self, name: str) -> None:
        import obstore

        try:
            self._ask(lambda client: obstore.delete_async(client, name))
        except FileNotFoundError:
            self._check_identity()

    def _read_identity(self) -> str:
        try:
            return self._bytes(IDENTITY).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return ""

    def _fetched(self, digest: str) -> BinaryIO:
        try:
            file = self._collected(object_name(digest))
        except FileNotFoundError as problem:
            self._check_identity()
            raise MediumMissing(digest) from problem
        if digest_of(file) != digest:
            file.close()
            self._check_identity()  # something else may have answered, such as a proxy with a page
            raise MediumChanged(digest)
        self._cache.add(file)
        file.seek(0)
        return file

    def _bytes(self, name: str) -> bytes:
        with self._collected(name) as file:
            return file.read()

    def _collected(self, name: str) -> BinaryIO:
        """Return a file without a name that holds an object, at its beginning.

        Raises FileNotFoundError or StoreAway.
        """
        import obstore

        with ExitStack() as stack:
            file = stack.enter_context(SpooledTemporaryFile(IN_MEMORY))

            async def fetch(client: S3Store) -> None:
                response = await obstore.get_async(client, name)
                async for piece in response.stream():
                    try:
                        file.write(piece)
                    except OSError as problem:  # without TMPDIR it would look like no such object
                        raise self._away(problem) from problem

            self._ask(fetch)
            file.seek(0)
            stack.pop_all()  # the caller closes the file
        return cast(BinaryIO, file)

    def _ask(self, call: Callable[[S3Store], Awaitable[Answer]]) -> Answer:
        """Return the store's answer. Raises FileNotFoundError or StoreAway."""
        client = self._client

        async def ask() -> Answer:
            async with asyncio.timeout(self._deadline):
                return await call(client)

        with self._answering():
            return asyncio.run(ask())

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn errors into StoreAway, except FileNotFoundError: an object is missing."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as problem:
            if _NO_BUCKET not in str(problem):
                raise
            raise self._away(problem) from None
        except TimeoutError:
            raise self._away(TimeoutError(f"no answer within {self._deadline:g} s")) from None
        except (BaseError, OSError, ValueError) as problem:
            # Its text may hold the key, which a traceback of the cause would show.
            raise self._away(problem) from None

    def _away(self, problem: Exception) -> StoreAway:
        reason = _reason(problem)
        for credential in (self._media.media_key, self._media.media_secret):
            reason = reason.replace(credential, "***") if credential else reason
        away = StoreAway(reason, f"media store {self.address}")
        log.warning("%s", away)
        return away

    @property
    def _client(self) -> S3Store:
        """The client. Raises StoreAway, or RuntimeError in a process that was forked too late."""
        if _process_of_threads() != os.getpid():
            raise RuntimeError(
                "the object store was used before this process was forked: the threads that would "
                "answer run in the other process alone, so use it for the first time after the fork"
            )
        try:
            return self._opened
        except (OSError, ValueError) as problem:  # of the certificate file
            raise self._away(problem) from None

    @cached_property
    def _opened(self) -> S3Store:
        from obstore.store import S3Store

        media = self._media
        return S3Store(
            media.bucket,
            prefix=media.prefix or None,
            endpoint=_endpoint(media),
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


@cache
def _process_of_threads() -> int:
    """Return the process that used an object store first, which is the first one to call this.

    obstore starts its threads then, for all clients; a child of that process would wait for ever.
    """
    return os.getpid()


def _endpoint(media: MediaSettings) -> str:
    """Return where the bucket answers: its name is in the path, or begins the host name."""
    parts = urlsplit(media.media_endpoint)
    if media.media_path_style:
        return media.media_endpoint
    return parts._replace(netloc=f"{media.bucket}.{parts.netloc}").geturl()


def _reason(problem: Exception) -> str:
    """Return in one line why the store cannot be used: what it answered, or what the network said.

    The rest of the text repeats the request, or is for programmers.
    """
    text, _blank, debug = str(problem).partition("\n\n")
    status = _STATUS.search(text)
    document = _DOCUMENT.search(text)
    if document is not None:
        code, message = document.groups("")
        return " ".join(f"{code}: {message} ({status[1] if status else '-'})".split())
    first_line = text.partition("\n")[0] or type(problem).__name__
    cause = _CAUSE.search(debug)
    return f"{first_line} ({cause[1] or cause[2]})" if cause is not None else first_line
