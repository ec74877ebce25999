"""Every setting by its name, and the variables that look like settings and are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from publisher.failpoints import ARMED, LOG
from publisher.settings.delivery import DeliverySettings
from publisher.settings.environment import PREFIX, City, Settings, read_variables
from publisher.settings.help import HelpDesk
from publisher.settings.mailbox import MailboxTokenSettings
from publisher.settings.papers import PaperSettings
from publisher.settings.platforms import PLATFORM_SETTINGS
from publisher.settings.scheduling import SchedulingSettings
from publisher.settings.sms import Sms

_GROUPS: Final[Mapping[str, type[Any]]] = {
    "imap_token": MailboxTokenSettings,
    "city": City,
    "help_desk": HelpDesk,
    "scheduling": SchedulingSettings,
    "delivery": DeliverySettings,
    "sms": Sms,
    "papers": PaperSettings,
}
#: Settings whose name says more than their field's.
_NAMES: Final = {
    "city.name_mr": "CITY_NAME_MR",
    "city.name_en": "CITY_NAME",
    "city.code": "CITY_CODE",
    "help_desk.phone": "HELP_PHONE",
    "help_desk.mail": "HELP_MAIL",
    "help_desk.hours": "HELP_HOURS",
}
_OF_TESTS: Final = frozenset({ARMED.removeprefix(PREFIX), LOG.removeprefix(PREFIX)})


@dataclass(frozen=True)
class CatalogueSetting:
    """A setting: its name in the environment without the prefix, and where `Settings` has it."""

    name: str
    group: str
    field: str
    is_secret: bool


def _catalogue() -> Iterator[CatalogueSetting]:
    for setting in fields(Settings):
        if setting.name == "platforms":
            for key in PLATFORM_SETTINGS:
                yield CatalogueSetting(key.name.upper(), "platforms", key.name, key.is_secret)
        elif setting.name in _GROUPS:
            for part in fields(_GROUPS[setting.name]):
                yield _of_field(part, setting.name)
        else:
            yield _of_field(setting, "")


def _of_field(field: Field[Any], group: str) -> CatalogueSetting:
    name = _NAMES.get(f"{group}.{field.name}", field.name.upper())
    return CatalogueSetting(name, group, field.name, is_secret=not field.repr)


CATALOGUE: Final = tuple(_catalogue())
"""Every setting, in the order of `Settings`."""


def unknown_variables(
    environment: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> dict[str, str]:
    """Return our variables that are no setting, each with the nearest setting, or "".

    All names are without the prefix.
    """
    names = [setting.name for setting in CATALOGUE]
    from_file, from_process = read_variables(environment, folder=folder)
    unknown = sorted((from_file | from_process).keys() - {*names, *_OF_TESTS})
    return {name: next(iter(get_close_matches(name.upper(), names, 1)), "") for name in unknown}
