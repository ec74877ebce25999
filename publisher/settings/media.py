"""Settings of the media store: a folder, or a bucket of an object store that speaks S3."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from publisher.settings.reader import (
    PREFIX,
    Reader,
    WrongSetting,
    matching,
    read_url,
    read_yes_or_no,
)

MEGABYTE: Final = 1_000_000
LEAST_CACHE: Final = 100
"""Megabytes of the smallest cache: some photos, and what is left of the largest video."""

URL_HINT: Final = (
    "write file:///path/to/folder, or s3://bucket or s3://bucket/prefix without a key in it"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._-]+)*/?")
_CACHE_HINT = f"write megabytes from {LEAST_CACHE} on, such as 5000"
_ENDPOINT_HINT = (
    "write where the object store answers, such as https://s3.pmc.example, without key and secret"
)
_CA_HINT = "name a file of certificates (PEM) that this user may read"
_FILE_HINT = "name a file that this user may read, and that holds one word"
_REGION = r"[A-Za-z0-9-]{1,63}"
_WORD = r"[!-~]+"


@dataclass(frozen=True)
class MediaSettings:
    """Where photos, videos and mails are kept.

    With a bucket, `media_dir` is not used, and `media_cache_dir` has copies of what was read or
    written last, of `media_cache_mb` megabytes at most. Key and secret never stand in an address.
    """

    media_url: str
    media_dir: Path
    media_endpoint: str
    media_region: str
    media_path_style: bool
    media_ca_file: str
    media_key: str = field(repr=False)
    media_key_file: str
    media_secret: str = field(repr=False)
    media_secret_file: str
    media_cache_dir: Path
    media_cache_mb: int

    @property
    def bucket(self) -> str:
        """The name of the bucket; empty if media are kept in a folder."""
        parts = urlsplit(self.media_url)
        return parts.netloc if parts.scheme == "s3" else ""

    @property
    def prefix(self) -> str:
        """What the names of all objects of this house begin with; may be empty."""
        return urlsplit(self.media_url).path.strip("/") if self.bucket else ""

    @property
    def address(self) -> str:
        """The store as messages name it: without key and secret."""
        return self.media_url if self.bucket else str(self.media_dir)

    def moved_to(self, url: str) -> MediaSettings:
        """Return the settings of the store at another address, with the same key and secret."""
        moved = replace(self, media_url=url)
        return moved if moved.bucket else replace(moved, media_dir=_folder(url))


def read_media(reader: Reader, root: Path) -> MediaSettings:
    """Return the settings of the media store; raises `WrongSetting`."""
    url = reader.read("MEDIA_URL", "", read_media_url, URL_HINT)
    is_bucket = url.startswith("s3:")
    if url and "MEDIA_DIR" in reader.texts:
        raise WrongSetting("MEDIA_DIR", "leave it out: MEDIA_URL says where media are kept")
    folder = root / "var" / "media"
    if url and not is_bucket:
        folder = _folder(url)
    return MediaSettings(
        media_url=url,
        media_dir=Path(reader.text("MEDIA_DIR", str(folder))),
        media_endpoint=_endpoint(reader, is_bucket=is_bucket),
        media_region=reader.read(
            "MEDIA_REGION", "us-east-1", matching(_REGION), "write a name, such as us-east-1"
        ),
        media_path_style=reader.read("MEDIA_PATH_STYLE", True, read_yes_or_no, "write 1 or 0"),
        media_ca_file=reader.read("MEDIA_CA_FILE", "", _certificates, _CA_HINT),
        media_key=_credential(reader, "MEDIA_KEY", is_needed=is_bucket),
        media_key_file=reader.text("MEDIA_KEY_FILE"),
        media_secret=_credential(reader, "MEDIA_SECRET", is_needed=is_bucket),
        media_secret_file=reader.text("MEDIA_SECRET_FILE"),
        media_cache_dir=Path(reader.text("MEDIA_CACHE_DIR", str(root / "var" / "media-cache"))),
        media_cache_mb=reader.read("MEDIA_CACHE_MB", 5_000, _cache_size, _CACHE_HINT),
    )


def read_media_url(text: str) -> str:
    """Return the address of a media store; raises `ValueError` if it is none."""
    parts = urlsplit(text)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    is_bucket = (
        parts.scheme == "s3"
        and _BUCKET.fullmatch(parts.netloc) is not None  # so no key, secret or port
        and _PREFIX.fullmatch(parts.path) is not None
        and not {"..", "."} & set(parts.path.split("/"))
    )
    if parts.query or parts.fragment or not (is_folder or is_bucket):
        raise ValueError(text)
    return text.rstrip("/")


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _endpoint(reader: Reader, *, is_bucket: bool) -> str:
    endpoint = reader.read("MEDIA_ENDPOINT", "", _read_endpoint, _ENDPOINT_HINT)
    if is_bucket and not endpoint:
        raise WrongSetting("MEDIA_ENDPOINT", _ENDPOINT_HINT)
    return endpoint


def _read_endpoint(text: str) -> str:
    """Return an address without key, secret and query; raises `ValueError`."""
    parts = urlsplit(text)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(text)
    return read_url(text, ("https", "http"))


def _credential(reader: Reader, name: str, *, is_needed: bool) -> str:
    """Return a credential, set itself or in a file; raises `WrongSetting`."""
    in_file = f"{name}_FILE"
    hint = f"write it here, or the path of a file that holds it in {PREFIX}{in_file}"
    text = reader.read(name, "", matching(_WORD), hint)
    if text and reader.text(in_file):
        raise WrongSetting(name, f"leave it out, or {PREFIX}{in_file}: only one of them can count")
    text = text or reader.read(in_file, "", _word_in, _FILE_HINT)
    if is_needed and not text:
        raise WrongSetting(name, hint)
    return text


def _word_in(path: str) -> str:
    try:
        return matching(_WORD)(Path(path).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise ValueError(path) from None  # what the file holds is not repeated


def _certificates(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as problem:
        raise ValueError(path) from problem
    return path


def _cache_size(text: str) -> int:
    if int(text) < LEAST_CACHE:
        raise ValueError(text)
    return int(text)
