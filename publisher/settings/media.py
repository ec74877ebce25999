"""Settings of the media store: a folder, or a bucket of an object store that speaks S3."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
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
    setting,
    var_path,
    whole,
)

MEGABYTE: Final = 1_000_000
LEAST_CACHE: Final = 100
"""Megabytes of the smallest cache: some photos, and the rest of the largest video."""

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
_CREDENTIAL_HINT = f"write it here, or the path of a file that holds it in {PREFIX}"
_FILE_HINT = "name a file that this user may read, and that holds one word"
_REGION = r"[A-Za-z0-9-]{1,63}"
_WORD = r"[!-~]+"


def read_media_url(text: str) -> str:
    """Return the address of a media store; raises `ValueError` if it is not valid."""
    parts = urlsplit(text)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    is_bucket = (
        parts.scheme == "s3"
        and _BUCKET.fullmatch(parts.netloc) is not None  # so it has no key, secret or port
        and _PREFIX.fullmatch(parts.path) is not None
        and not {"..", "."} & set(parts.path.split("/"))
    )
    if parts.query or parts.fragment or not (is_folder or is_bucket):
        raise ValueError(text)
    return text.rstrip("/")


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _default_folder(reader: Reader) -> Path:
    url = reader.texts.get("MEDIA_URL", "")
    return _folder(url) if url.startswith("file:") else var_path("media")(reader)


def _read_endpoint(text: str) -> str:
    """Return an address without key, secret and query; raises `ValueError`."""
    parts = urlsplit(text)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(text)
    return read_url(text, ("https", "http"))


def _credential(file: str) -> str:
    """Declare a credential, set directly or in a file that another setting names."""
    return setting(
        matching(_WORD),
        _CREDENTIAL_HINT + file,
        lambda reader: reader.read(file, _path_word, _FILE_HINT),
        is_secret=True,
    )


def _path_word(path: str) -> str:
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


@dataclass(frozen=True)
class MediaSettings:
    """Where photos, videos and mails are kept.

    With a bucket, `media_dir` is not used, and `media_cache_dir` has copies of what was read or
    written last, of `media_cache_mb` megabytes at most. Key and secret are never in an address.
    """

    media_url: str = setting(read_media_url, URL_HINT, is_repeated=False)
    media_dir: Path = setting(Path, default=_default_folder)
    media_endpoint: str = setting(_read_endpoint, _ENDPOINT_HINT, is_repeated=False)
    media_region: str = setting(matching(_REGION), "write a name, such as us-east-1", "us-east-1")
    media_path_style: bool = setting(read_yes_or_no, "write 1 or 0", "1")
    media_ca_file: str = setting(_certificates, _CA_HINT)
    media_key: str = _credential("MEDIA_KEY_FILE")
    media_key_file: str = setting(str)
    media_secret: str = _credential("MEDIA_SECRET_FILE")
    media_secret_file: str = setting(str)
    media_cache_dir: Path = setting(Path, default=var_path("media-cache"))
    media_cache_mb: int = setting(whole(LEAST_CACHE), _CACHE_HINT, "5000")

    @property
    def bucket(self) -> str:
        """The name of the bucket; empty if media are kept in a folder."""
        parts = urlsplit(self.media_url)
        return parts.netloc if parts.scheme == "s3" else ""

    @property
    def prefix(self) -> str:
        """The beginning of the names of all objects of this house; may be empty."""
        return urlsplit(self.media_url).path.strip("/") if self.bucket else ""

    @property
    def address(self) -> str:
        """The store as messages name it: without key and secret."""
        return self.media_url if self.bucket else str(self.media_dir)

    def moved_to(self, url: str) -> MediaSettings:
        """Return the settings of the store at another address, with the same key and secret."""
        moved = replace(self, media_url=url)
        return moved if moved.bucket else replace(moved, media_dir=_folder(url))


def read_media(reader: Reader) -> MediaSettings:
    """Return the settings of the media store; raises `WrongSetting`."""
    media = reader.read_group(MediaSettings)
    if media.media_url and "MEDIA_DIR" in reader.texts:
        raise WrongSetting("MEDIA_DIR", "leave it out: MEDIA_URL says where media are kept")
    if media.bucket and not media.media_endpoint:
        raise WrongSetting("MEDIA_ENDPOINT", _ENDPOINT_HINT)
    for name, text in (("MEDIA_KEY", media.media_key), ("MEDIA_SECRET", media.media_secret)):
        file = f"{name}_FILE"
        if {name, file} <= reader.texts.keys():
            raise WrongSetting(name, f"leave it out, or {PREFIX}{file}: only one of them can count")
        if media.bucket and not text:
            raise WrongSetting(name, _CREDENTIAL_HINT + file)
    return media
