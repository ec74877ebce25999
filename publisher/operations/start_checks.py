"""Checks that refuse a start: settings to be written, a missing key, a key that opens nothing.

An installation that people reach by https takes nothing from the folder in which a command happens
to run. One without https has defaults below that folder, which only `init` makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from publisher.settings.environment import SECRET_FILE, Settings, read_variables
from publisher.settings.reader import PREFIX, WrongSetting, read_long_secret

if TYPE_CHECKING:
    from publisher.database.session import Database
    from publisher.delivery.accounts.credentials import Vault

_WRITTEN: Final = {
    "DATABASE_URL": ("nagarvani.db", "write postgresql://… or sqlite:////whole/path.db"),
    "SECRET_KEY": (
        SECRET_FILE.name,
        "write 32 characters or more that nobody can guess, or the key that the database had",
    ),
    "MEDIA_DIR": (
        "media",
        f"write a whole path, such as /var/lib/nagarvani/media, or in its place {PREFIX}MEDIA_URL",
    ),
    "MEDIA_CACHE_DIR": ("media-cache", "write a whole path, such as /var/cache/nagarvani/media"),
    "REHEARSALS_DIR": ("rehearsals", "write a whole path, such as /var/lib/nagarvani/rehearsals"),
}
"""What has to be written: the name of the former default, and what to write."""


def check_written(settings: Settings) -> None:
    """Raise `WrongSetting` unless an installation with https sets where its data are.

    The refusal names what a start without these settings has used so far.
    """
    if not settings.is_tls:
        return
    from_file, from_process = read_variables()
    written = {name for name, text in (from_file | from_process).items() if text}
    needed = [name for name in _WRITTEN if name not in _unused_settings(settings)]
    hints = {name: _missing_hint(name, settings) for name in needed if name not in written}
    hints |= {name: hint for name, hint in _relative(settings) if name in written}
    if not hints:
        return
    (first, hint), *others = hints.items()
    raise WrongSetting(
        first, "\n".join([hint, *(f"{PREFIX}{name}: {text}" for name, text in others)])
    )


def _unused_settings(settings: Settings) -> Iterator[str]:
    """Yield the settings that this installation does not use."""
    media = settings.media
    if media.media_url:
        yield "MEDIA_DIR"
    if not media.bucket:
        yield "MEDIA_CACHE_DIR"
    if not settings.rehearsals:
        yield "REHEARSALS_DIR"


def _missing_hint(name: str, settings: Settings) -> str:
    why = "has to be set where people reach the pages by https: "
    former, usual = _WRITTEN[name]
    path = next(iter(_former(former, settings)), None)
    if path is None:
        return why + usual
    if name == "SECRET_KEY":
        return f"{why}the present key is in {path}, copy it from there"
    address = f"sqlite:///{path}" if name == "DATABASE_URL" else str(path)
    return f"{why}write {address}, which was used so far"


def _relative(settings: Settings) -> Iterator[tuple[str, str]]:
    hint = "has to begin with /: otherwise it is another one in each folder where a command runs"
    path = _sqlite_path(settings)
    if path is not None and not path.is_absolute():
        yield "DATABASE_URL", "write sqlite:////whole/path.db with four slashes: " + hint
    if not settings.media.media_dir.is_absolute():
        yield "MEDIA_DIR", hint
    if settings.media.bucket and not settings.media.media_cache_dir.is_absolute():
        yield "MEDIA_CACHE_DIR", hint
    if settings.rehearsals and not settings.rehearsals_dir.is_absolute():
        yield "REHEARSALS_DIR", hint


def _sqlite_path(settings: Settings) -> Path | None:
    from sqlalchemy import make_url

    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _former(name: str, settings: Settings) -> list[Path]:
    """Return the files or folders of this name that a start without settings may have created."""
    database = _sqlite_path(settings)
    folders = [
        Path.cwd() / SECRET_FILE.parent,
        *([database.parent] if database is not None else []),
        settings.media.media_dir.parent,
        Path("/") / SECRET_FILE.parent,  # of services that were started in /
    ]
    paths = dict.fromkeys((folder / name).absolute() for folder in folders)
    return [path for path in paths if path.exists()]


def read_key(path: Path) -> str:
    """Return the secret key in this file. Raises `WrongSetting` if it holds none."""
    try:
        return read_long_secret(path.read_text(encoding="utf-8").strip())
    except ValueError as problem:
        raise WrongSetting("SECRET_KEY", f"{path} holds no key of 32 characters") from problem


def check_key_opens(settings: Settings, database: Database) -> None:
    """Raise `WrongSetting` if the keys open nothing of what is sealed in the database."""
    if (hint := key_hint(settings, database)) is not None:
        raise WrongSetting("SECRET_KEY", hint)


def key_hint(settings: Settings, database: Database) -> str | None:
    """Return what to do about keys that open nothing of what is sealed; None if they open any."""
    from publisher.delivery.accounts.credentials import Vault
    from publisher.operations.sealed_tokens import read_sealed_texts

    with database.reading() as session:
        sealed = read_sealed_texts(session)
    if not sealed.are_shut_to(Vault.of(settings)):
        return None
    path = next(
        (
            path
            for path in _former(SECRET_FILE.name, settings)
            if (vault := _load_vault(path)) is not None and sealed.are_opened_by(vault)
        ),
        None,
    )
    amounts = f"{len(sealed.accounts)} accounts and {len(sealed.factors)} second factors"
    what_to_do = (
        f"copy the key in {path}, which opens them"
        if path is not None
        else f"write the key that they were sealed with (or its {PREFIX}TOKEN_KEYS); if that is "
        "lost for good, run nagarvani accounts forget-all --lost-key"
    )
    return f"this key opens nothing of what is sealed in the database ({amounts}): {what_to_do}"


def _load_vault(path: Path) -> Vault | None:
    """Return a vault with the key in this file; None if there is no key that this user may read."""
    from publisher.delivery.accounts.credentials import Vault

    try:
        return Vault(read_key(path), ())
    except (OSError, WrongSetting):
        return None
