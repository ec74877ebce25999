"""Settings from the environment (prefix `NAGARVANI_`) or a `.env` file, checked at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values

from publisher.settings.delivery import DeliverySettings, SchedulingSettings, read_delivery
from publisher.settings.help import HelpDesk, read_address
from publisher.settings.logs import LogSettings
from publisher.settings.mailbox import MailboxTokenSettings, default_mailbox, read_token_settings
from publisher.settings.media import MediaSettings, read_media
from publisher.settings.papers import PaperSettings
from publisher.settings.platforms import PLATFORM_SETTINGS, PlatformSetting
from publisher.settings.reader import (
    CLAMD_HINT,
    KEY_HINT,
    NAME,
    PREFIX,
    Reader,
    address,
    address_parser,
    declare,
    group,
    is_loopback,
    matching,
    positive,
    read_clamd,
    read_database_url,
    read_keys,
    read_long_secret,
    read_yes_or_no,
    setting,
    var_path,
    whole,
)
from publisher.settings.sms import Sms
from publisher.settings.web_server import ServingSettings

SECRET_FILE = Path("var", "secret-key")
"""Where `init` keeps the key that it makes, below the folder in which it runs."""

MOST_HEAD_HOURS = 40.0
"""The largest minimum time of the officers before their head may decide: a week of work."""

DEFAULT_SENDER = "nagarvani@localhost"


@dataclass(frozen=True)
class City:
    """The city; its `code` begins every acknowledgement number."""

    name_mr: str = setting(str, default="पुणे महानगरपालिका", name="CITY_NAME_MR")
    name_en: str = setting(str, default="Pune Municipal Corporation", name="CITY_NAME")
    code: str = setting(
        matching("[A-Z]{2,8}"), "write 2 to 8 capital letters", "PMC", name="CITY_CODE"
    )


class Reach(StrEnum):
    """The addresses that the link checker may call; LOOPBACK is for rehearsals."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    NONE = "none"


def read_platform_setting(reader: Reader, part: PlatformSetting) -> str:
    """Return a setting of a platform; raises `WrongSetting`."""
    name, default = part.name.upper(), part.default
    # If one address of a platform is the sandbox's, so are the others.
    beside = reader.texts.get(part.beside.upper(), "")
    if is_loopback(beside):
        default = beside
    if part.is_address:
        return reader.read(name, *address_parser(), default)
    return reader.read(
        name, matching(part.pattern or "(?s).*"), part.hint or f"write it as {default}", default
    )


def default_reach(reader: Reader) -> Reach:
    """Return which links are called if nothing is set: if X is the sandbox, this machine's."""
    return Reach.LOOPBACK if is_loopback(reader.texts.get("X_API_URL", "")) else Reach.PUBLIC


@dataclass(frozen=True)
class Settings:
    """Everything that differs between cities and machines.

    `platforms` has the settings of the platforms by their names in small letters; empty if not set.
    `reply_to` is the address of the mailbox that is read; empty if none is.
    """

    database_url: str = setting(
        read_database_url,
        "write sqlite:////path/to/file.db or postgresql://name:password@host/database; in the "
        "password @ is written %40, / %2F, : %3A, and % %25",
        lambda reader: f"sqlite:///{var_path('nagarvani.db')(reader)}",
        is_secret=True,
    )
    secret_key: str = setting(read_long_secret, KEY_HINT, is_secret=True)
    token_keys: tuple[str, ...] = setting(
        read_keys, "write the keys that `Fernet` made", lambda _reader: (), is_secret=True
    )
    base_url: str = address("http://127.0.0.1:8000")
    trusted_proxies: int = setting(whole(0), "write how many, such as 1", "0")
    metrics_token: str = setting(read_long_secret, KEY_HINT, is_secret=True)
    serving: ServingSettings = group(ServingSettings)
    media: MediaSettings = group(MediaSettings, read_media)
    smtp_url: str = address("smtp://127.0.0.1:25", "smtp", "smtps", is_secret=True)
    mail_from: str = setting(read_address, "write it as city@pmc.example", DEFAULT_SENDER)
    mail_server: str = setting(matching(NAME), "write it as mail.pmc.example")
    mail_server_hops: int = setting(whole(0), "write how many", "0")
    imap_url: str = address("", "imap", "imaps", is_secret=True)
    clamd_url: str = setting(read_clamd, CLAMD_HINT)
    imap_token: MailboxTokenSettings | None = group(MailboxTokenSettings, read_token_settings)
    reply_to: str = setting(read_address, "write it as cell@pmc.example", default_mailbox)
    city: City = group(City)
    help_desk: HelpDesk = group(HelpDesk)
    head_hours: float = setting(positive(MOST_HEAD_HOURS), "write working hours, such as 2", "2")
    scheduling: SchedulingSettings = group(SchedulingSettings)
    delivery: DeliverySettings = group(DeliverySettings, read_delivery)
    platforms: Mapping[str, str] = declare(
        lambda reader, _name: {
            part.name: read_platform_setting(reader, part) for part in PLATFORM_SETTINGS
        },
        is_secret=True,
    )
    sms: Sms = group(Sms)
    papers: PaperSettings = group(PaperSettings)
    link_reach: Reach = setting(Reach, "write public, loopback or none", default_reach)
    second_factor_from: date | None = setting(
        date.fromisoformat, "write a day, such as 2027-01-15", lambda _reader: None
    )
    rehearsals: bool = setting(read_yes_or_no, "write 1 or 0", "0")
    rehearsals_dir: Path = setting(Path, default=var_path("rehearsals"))
    rehearsal: str = setting(str)
    logs: LogSettings = group(LogSettings)

    @property
    def is_tls(self) -> bool:
        """True if people reach the pages by https."""
        return self.base_url.startswith("https://")


def load(environment: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Settings:
    """Return the settings of the environment and of `.env` in `folder`; raises `WrongSetting`."""
    root = folder or Path.cwd()
    from_file, from_process = read_variables(environment, folder=root)
    texts = {name: text for name, text in (from_file | from_process).items() if text}
    return Reader(texts, root).read_group(Settings)


def read_variables(
    environment: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return our variables of `.env` and of the environment, by their names without the prefix.

    The environment's take precedence over the file's; an empty one counts as missing.
    """
    from_file = dotenv_values((folder or Path.cwd()) / ".env")
    return _ours(from_file), _ours(os.environ if environment is None else environment)


def _ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): text
        for name, text in variables.items()
        if name.startswith(PREFIX) and text is not None
    }
