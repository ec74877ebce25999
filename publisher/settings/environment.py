"""Settings from the environment (prefix `NAGARVANI_`) or a `.env` file, checked at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values

from publisher.settings.delivery import (
    LANGUAGE_STAGGER,
    TAKE_BACK,
    DeliverySettings,
    SchedulingSettings,
    read_delivery,
    read_name,
    read_stagger,
    read_take_back,
)
from publisher.settings.help import PHONE, HelpDesk, read_address, read_hours
from publisher.settings.logs import LogSettings, read_logs
from publisher.settings.mailbox import MailboxTokenSettings, mailbox_address, read_token_settings
from publisher.settings.media import MediaSettings, read_media
from publisher.settings.papers import PaperSettings, read_papers
from publisher.settings.platforms import PLATFORM_SETTINGS, PlatformSetting
from publisher.settings.reader import (
    CLAMD_HINT,
    KEY_HINT,
    PREFIX,
    Reader,
    is_loopback,
    matching,
    read_clamd,
    read_count,
    read_database_url,
    read_keys,
    read_long_secret,
    read_yes_or_no,
)
from publisher.settings.sms import Sms, read_headers, read_method, read_pattern, read_templates
from publisher.settings.web_server import ServingSettings, read_serving

SECRET_FILE = Path("var", "secret-key")
"""Where `init` keeps the key that it makes, below the folder in which it runs."""

MOST_HEAD_HOURS = 40.0
"""The longest least time of the officers before their head may decide: a week of work."""
_WEB = ("https", "http")

DEFAULT_SENDER = "nagarvani@localhost"


@dataclass(frozen=True)
class City:
    """The city; its `code` begins every acknowledgement number."""

    name_mr: str
    name_en: str
    code: str


class Reach(StrEnum):
    """The addresses that the link checker may call; LOOPBACK is for rehearsals."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    NONE = "none"


@dataclass(frozen=True)
class Settings:
    """Everything that differs between cities and machines.

    `platforms` has the settings of the platforms by their names in small letters; empty if not set.
    `reply_to` is the address of the mailbox that is read; empty if none is. What may hold a secret
    is `repr=False`: no log and no command prints it.
    """

    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    token_keys: tuple[str, ...] = field(repr=False)
    base_url: str
    trusted_proxies: int
    metrics_token: str = field(repr=False)
    serving: ServingSettings
    media: MediaSettings
    smtp_url: str = field(repr=False)
    mail_from: str
    mail_server: str
    mail_server_hops: int
    imap_url: str = field(repr=False)
    clamd_url: str
    imap_token: MailboxTokenSettings | None
    reply_to: str
    city: City
    help_desk: HelpDesk
    head_hours: float
    scheduling: SchedulingSettings
    delivery: DeliverySettings
    platforms: Mapping[str, str] = field(repr=False)
    sms: Sms
    papers: PaperSettings
    link_reach: Reach
    second_factor_from: date | None
    rehearsals: bool
    rehearsals_dir: Path
    rehearsal: str
    logs: LogSettings

    @property
    def is_tls(self) -> bool:
        """True if people reach the pages by https."""
        return self.base_url.startswith("https://")


def load(environment: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Settings:
    """Return the settings of the environment and of `.env` in `folder`; raises `WrongSetting`."""
    root = folder or Path.cwd()
    from_file, from_process = read_variables(environment, folder=root)
    reader = Reader({name: text for name, text in (from_file | from_process).items() if text})
    return Settings(
        database_url=_database_url(reader, root),
        secret_key=reader.read("SECRET_KEY", "", read_long_secret, KEY_HINT),
        token_keys=reader.read("TOKEN_KEYS", (), read_keys, "write the keys that `Fernet` made"),
        base_url=reader.url("BASE_URL", "http://127.0.0.1:8000", _WEB),
        trusted_proxies=reader.read("TRUSTED_PROXIES", 0, read_count, "write how many, such as 1"),
        metrics_token=reader.read("METRICS_TOKEN", "", read_long_secret, KEY_HINT),
        serving=read_serving(reader),
        media=read_media(reader, root),
        smtp_url=reader.url("SMTP_URL", "smtp://127.0.0.1:25", ("smtp", "smtps")),
        mail_from=_mail_from(reader),
        mail_server=reader.read("MAIL_SERVER", "", read_name, "write it as mail.pmc.example"),
        mail_server_hops=reader.read("MAIL_SERVER_HOPS", 0, read_count, "write how many"),
        imap_url=reader.url("IMAP_URL", "", ("imap", "imaps")),
        clamd_url=reader.read("CLAMD_URL", "", read_clamd, CLAMD_HINT),
        imap_token=_imap_token(reader),
        reply_to=_reply_to(reader),
        city=_city(reader),
        help_desk=_help_desk(reader),
        head_hours=reader.read("HEAD_HOURS", 2.0, _hours, "write working hours, such as 2"),
        scheduling=_scheduling(reader),
        delivery=read_delivery(reader),
        platforms=_platforms(reader),
        sms=_sms(reader, root),
        papers=read_papers(reader.texts, root),
        link_reach=_link_reach(reader),
        second_factor_from=_second_factor_from(reader),
        rehearsals=reader.read("REHEARSALS", False, read_yes_or_no, "write 1 or 0"),
        rehearsals_dir=Path(reader.text("REHEARSALS_DIR", str(root / "var" / "rehearsals"))),
        rehearsal=reader.text("REHEARSAL"),
        logs=read_logs(reader),
    )


def _mail_from(reader: Reader) -> str:
    hint = "write it as city@pmc.example"
    return reader.read("MAIL_FROM", DEFAULT_SENDER, read_address, hint)


def _database_url(reader: Reader, root: Path) -> str:
    default = f"sqlite:///{root / 'var' / 'nagarvani.db'}"
    hint = "write sqlite:////path/to/file.db or postgresql://name:password@host/database"
    return reader.read("DATABASE_URL", default, read_database_url, hint)


def _reply_to(reader: Reader) -> str:
    reply_to = reader.read("REPLY_TO", "", read_address, "write it as cell@pmc.example")
    return mailbox_address(reader.text("IMAP_URL"), reply_to, reader.text("MAIL_FROM"))


def _imap_token(reader: Reader) -> MailboxTokenSettings | None:
    hint = (
        f"write https://…, and set {PREFIX}IMAP_CLIENT_ID, {PREFIX}IMAP_CLIENT_SECRET, and "
        f"{PREFIX}IMAP_REFRESH_TOKEN or {PREFIX}IMAP_SCOPE"
    )
    return reader.read(
        "IMAP_TOKEN_URL", None, lambda url: read_token_settings(url, reader.texts), hint
    )


def _scheduling(reader: Reader) -> SchedulingSettings:
    return SchedulingSettings(
        take_back=reader.read("TAKE_BACK", TAKE_BACK, read_take_back, "write seconds, such as 30"),
        undo=reader.read("UNDO", TAKE_BACK, read_take_back, "write seconds, such as 30"),
        language_stagger=reader.read(
            "LANGUAGE_STAGGER", LANGUAGE_STAGGER, read_stagger, "write minutes, such as 15"
        ),
    )


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= MOST_HEAD_HOURS:
        raise ValueError(text)
    return hours


def _second_factor_from(reader: Reader) -> date | None:
    hint = "write a day, such as 2027-01-15"
    return reader.read("SECOND_FACTOR_FROM", None, date.fromisoformat, hint)


def _link_reach(reader: Reader) -> Reach:
    # If X is the sandbox, nothing beyond this machine is called.
    usual = Reach.LOOPBACK if is_loopback(reader.text("X_API_URL")) else Reach.PUBLIC
    return reader.read("LINK_REACH", usual, Reach, "write public, loopback or none")


def read_variables(
    environment: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return our variables of `.env` and of the environment, by their names without the prefix.

    The environment's come before the file's; an empty one is as good as none.
    """
    from_file = dotenv_values((folder or Path.cwd()) / ".env")
    return _ours(from_file), _ours(os.environ if environment is None else environment)


def _ours(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): text
        for name, text in variables.items()
        if name.startswith(PREFIX) and text is not None
    }


def _city(reader: Reader) -> City:
    return City(
        name_mr=reader.text("CITY_NAME_MR", "पुणे महानगरपालिका"),
        name_en=reader.text("CITY_NAME", "Pune Municipal Corporation"),
        code=reader.read(
            "CITY_CODE", "PMC", matching("[A-Z]{2,8}"), "write 2 to 8 capital letters"
        ),
    )


def _help_desk(reader: Reader) -> HelpDesk:
    hint = "write days and hours, such as mon-sat 10:00-18:00"
    return HelpDesk(
        phone=reader.read("HELP_PHONE", "", matching(PHONE), "write it as 020-5550-0100"),
        mail=reader.read("HELP_MAIL", "", read_address, "write it as help@pmc.example"),
        hours=reader.read("HELP_HOURS", None, read_hours, hint),
    )


def _platforms(reader: Reader) -> dict[str, str]:
    return {setting.name: _platform_setting(reader, setting) for setting in PLATFORM_SETTINGS}


def _platform_setting(reader: Reader, setting: PlatformSetting) -> str:
    name = setting.name.upper()
    # If one address of a platform is the sandbox's, so are its others.
    beside = reader.text(setting.beside.upper())
    default = beside if is_loopback(beside) else setting.default
    if setting.is_address:
        return reader.url(name, default, _WEB)
    if setting.pattern:
        hint = setting.hint or f"write it as {default}"
        return reader.read(name, default, matching(setting.pattern), hint)
    return reader.text(name, default)


def _sms(reader: Reader, root: Path) -> Sms:
    hint = 'write a JSON object of texts, such as {"Content-Type": "application/json"}'
    return Sms(
        sms_url=reader.url("SMS_URL", "", _WEB),
        sms_method=reader.read("SMS_METHOD", "POST", read_method, "write GET or POST"),
        sms_headers=reader.read("SMS_HEADERS", {}, read_headers, hint),
        sms_body=reader.text("SMS_BODY"),
        sms_success=reader.read("SMS_SUCCESS", "", read_pattern, "write a regular expression"),
        sms_sender=reader.text("SMS_SENDER"),
        sms_entity_id=reader.text("SMS_ENTITY_ID"),
        sms_templates=reader.read(
            "SMS_TEMPLATES",
            {},
            lambda text: read_templates(root / text),
            "name a TOML file with, for each kind, id, text and variables",
        ),
    )
