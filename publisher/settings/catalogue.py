"""Every setting by its name, and the variables that look like settings but are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from publisher.failpoints import ARMED, LOG
from publisher.settings.environment import Settings, read_variables
from publisher.settings.platforms import PLATFORM_SETTINGS
from publisher.settings.reader import PREFIX, setting_name

MASK: Final = "***"
_TEST_PREFIX: Final = "TEST_"  # of variables by which tests find the processes that they started
_OF_TESTS: Final = frozenset({ARMED.removeprefix(PREFIX), LOG.removeprefix(PREFIX)})


@dataclass(frozen=True)
class CatalogueSetting:
    """A setting: its name in the environment without the prefix, and where `Settings` has it.

    `default` is a text, or None if the value follows from other settings.
    """

    name: str
    group: str
    field: str
    is_secret: bool
    default: object = None


class SettingOrigin(StrEnum):
    """Where a setting is set."""

    ENVIRONMENT = "environment"
    FILE = ".env"
    NAMED_FILE = "file"
    """The file whose path another setting has, such as MEDIA_KEY_FILE."""
    DEFAULT = "default"


@dataclass(frozen=True)
class SettingInForce:
    """A setting with its value as it would be written in the environment, masked if secret."""

    name: str
    text: str
    origin: SettingOrigin


def _catalogue(kind: type[Any], group: str = "") -> Iterator[CatalogueSetting]:
    for part in fields(kind):
        if part.name == "platforms":
            for key in PLATFORM_SETTINGS:
                yield CatalogueSetting(key.name.upper(), part.name, key.name, key.is_secret)
        elif "group" in part.metadata:
            yield from _catalogue(part.metadata["group"], part.name)
        else:
            default, is_secret = part.metadata["default"], not part.repr
            yield CatalogueSetting(setting_name(part), group, part.name, is_secret, default)


CATALOGUE: Final = tuple(_catalogue(Settings))
"""Every setting, in the order of `Settings`."""


def unknown_variables(
    environment: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> dict[str, str]:
    """Return our variables that are not settings, each with the nearest setting, or "".

    All names are without the prefix. Those of tests are left out.
    """
    names = [setting.name for setting in CATALOGUE]
    from_file, from_process = read_variables(environment, folder=folder)
    unknown = sorted((from_file | from_process).keys() - {*names, *_OF_TESTS})
    return {
        name: next(iter(get_close_matches(name.upper(), names, 1)), "")
        for name in unknown
        if not name.startswith(_TEST_PREFIX)
    }


def settings_in_force(
    settings: Settings,
    environment: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> list[SettingInForce]:
    """Return every setting in force, with where it is set; secrets are masked."""
    from_file, from_process = read_variables(environment, folder=folder)
    in_force: list[SettingInForce] = []
    variables = from_file | from_process
    names = {setting.name for setting in CATALOGUE}
    for setting in CATALOGUE:
        text, in_file = variables.get(setting.name, ""), f"{setting.name}_FILE"
        is_in_file = not text and in_file in names and variables.get(in_file)
        origin = SettingOrigin.NAMED_FILE if is_in_file else SettingOrigin.DEFAULT
        if text:
            is_own = setting.name in from_process
            origin = SettingOrigin.ENVIRONMENT if is_own else SettingOrigin.FILE
        text = text or _default_text(settings, setting)
        in_force.append(SettingInForce(setting.name, _mask(setting, text), origin))
    return in_force


def _default_text(settings: Settings, setting: CatalogueSetting) -> str:
    """Return a default as it would be written in the environment."""
    if isinstance(setting.default, str):
        return setting.default
    holder = getattr(settings, setting.group) if setting.group else settings
    if isinstance(holder, Mapping):
        return str(holder[setting.field])
    return str(getattr(holder, setting.field) or "")


def _mask(setting: CatalogueSetting, text: str) -> str:
    """Return the text without secrets: an address loses password and query, any other text all."""
    if not setting.name.endswith("_URL"):
        return MASK if setting.is_secret and text else text
    if setting.is_secret and re.match("https?:", text, re.IGNORECASE):
        # A gateway may be called with its key in the path.
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.hostname}/{MASK}"
    return mask_address(text)


def mask_address(text: str) -> str:
    """Return an address without its password, and without what follows a question mark."""
    # The last @ ends the password, which may contain any character unescaped.
    text = re.sub(r"(://[^:/]*:).*@", rf"\1{MASK}@", text)
    return re.sub(r"[?#].*", f"?{MASK}", text)
