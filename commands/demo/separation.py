"""A check that the settings of a rehearsal touch nothing real."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from publisher.settings.environment import Settings
from publisher.settings.platforms import PLATFORM_SETTINGS


class DemoStopped(Exception):
    """A demo or a rehearsal cannot continue; the message says why in one sentence."""


class NotApart(DemoStopped):
    """A rehearsal would touch something real; the message says what."""


def check_apart(settings: Settings, folder: Path) -> None:
    """Raise `NotApart` unless all is kept in this folder and all calls stay on this machine."""
    if not settings.rehearsal:
        raise NotApart("These settings are not a rehearsal's.")
    kind, _, path = settings.database_url.partition(":///")
    if kind != "sqlite" or not Path(path).resolve().is_relative_to(folder.resolve()):
        raise NotApart("The database is not the rehearsal's own.")
    media_dir = settings.media.media_dir.resolve()
    if settings.media.bucket or not media_dir.is_relative_to(folder.resolve()):
        raise NotApart("The media are not the rehearsal's own.")
    for address in _addresses(settings):
        if not _is_on_loopback(address):
            raise NotApart(f"{urlsplit(address).hostname} is not this machine.")


def _addresses(settings: Settings) -> tuple[str, ...]:
    platform_names = [setting.name for setting in PLATFORM_SETTINGS if setting.is_address]
    return (
        settings.base_url,
        *filter(None, (settings.platforms[name] for name in platform_names)),
        settings.smtp_url,
        *filter(None, (settings.sms.sms_url,)),
    )


def _is_on_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(address).hostname or "").is_loopback
    except ValueError:
        return False
