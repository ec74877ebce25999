"""The catalogue has every setting, and names the variables that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.failpoints import ARMED, LOG
from publisher.settings.catalogue import (
    CATALOGUE,
    SettingOrigin,
    settings_in_force,
    unknown_variables,
)
from publisher.settings.environment import load
from tests.support.processes import INHERITED
from tests.test_settings import GOOD, TEMPLATES


def test_the_catalogue_has_every_setting_once() -> None:
    names = [setting.name for setting in CATALOGUE]
    assert len(names) == len(set(names))
    assert set(GOOD) <= set(names)


def test_no_setting_is_unknown(tmp_path: Path) -> None:
    environment = {f"NAGARVANI_{setting.name}": "x" for setting in CATALOGUE}
    of_tests = dict.fromkeys((ARMED, LOG, *INHERITED), "x")
    assert unknown_variables({**environment, **of_tests}, folder=tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("BASEURL", "BASE_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("base_url", "BASE_URL"),
        ("X_COSTUMER_KEY", "X_CONSUMER_KEY"),
        ("QUANTUM", ""),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_setting(
    tmp_path: Path, name: str, nearest: str
) -> None:
    assert unknown_variables({f"NAGARVANI_{name}": "x"}, folder=tmp_path) == {name: nearest}


def test_unknown_variables_of_the_file_are_named_too(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("NAGARVANI_MEDIADIR=/srv\nMEDIADIR=/srv\n")
    assert unknown_variables({"BASEURL": "x"}, folder=tmp_path) == {"MEDIADIR": "MEDIA_DIR"}


def values(folder: Path, **variables: str) -> dict[str, tuple[str, SettingOrigin]]:
    """Return each setting in force, as it is printed, and where it is set."""
    environment = {f"NAGARVANI_{name}": text for name, text in variables.items()}
    settings = settings_in_force(load(environment, folder=folder), environment, folder=folder)
    return {setting.name: (setting.text, setting.origin) for setting in settings}


def test_a_setting_says_where_it_is_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "NAGARVANI_CITY_CODE=FILE\nNAGARVANI_HELP_PHONE=020-5550-0100\nNAGARVANI_LEASE=99\n"
    )
    shown = values(tmp_path, CITY_CODE="SHELL", LEASE="")
    assert shown["CITY_CODE"] == ("SHELL", SettingOrigin.ENVIRONMENT)
    assert shown["HELP_PHONE"] == ("020-5550-0100", SettingOrigin.FILE)
    assert shown["LEASE"] == ("120", SettingOrigin.DEFAULT)  # an empty one is as good as none


def test_defaults_are_written_as_they_would_be_set(tmp_path: Path) -> None:
    shown = values(tmp_path)
    assert {origin for _text, origin in shown.values()} == {SettingOrigin.DEFAULT}
    again = {name: text for name, (text, _origin) in shown.items() if text}
    assert load(
        {f"NAGARVANI_{name}": text for name, text in again.items()}, folder=tmp_path
    ) == load({}, folder=tmp_path)
    assert (again["LOOKS"], again["UNDO"], again["LANGUAGE_STAGGER"]) == (
        "20,60,300,900",
        "30",
        "15",
    )


def test_what_follows_from_other_settings_is_shown(tmp_path: Path) -> None:
    shown = values(tmp_path, IMAP_URL="imaps://cell%40pmc.example@mail.example")
    assert shown["REPLY_TO"] == ("cell@pmc.example", SettingOrigin.DEFAULT)


#: The parts of `GOOD` that are secret, and what is left of them.
WITHOUT_SECRETS = {
    "DATABASE_URL": "postgresql://house:***@db.example/house",
    "SMTP_URL": "smtps://post:***@mail.example:465",
    "IMAP_URL": "imaps://cell:***@mail.example/Media",
    "SMS_URL": "https://gateway.example/***",
}


def test_no_secret_of_any_setting_is_shown(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    for name, (text, _origin) in values(tmp_path, **GOOD).items():
        is_masked = any(part in name for part in ("KEY", "SECRET", "TOKEN", "HEADERS", "BODY"))
        masked = (
            "***" if is_masked and not name.endswith(("_URL", "_FILE")) else GOOD.get(name, text)
        )
        assert text == WITHOUT_SECRETS.get(name, masked)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("DATABASE_URL", "postgresql://a:w[@db.example/x", "postgresql://a:***@db.example/x"),
        ("DATABASE_URL", "postgresql://db.example/x?password=w", "postgresql://db.example/x?***"),
        ("DATABASE_URL", "sqlite:////srv/house.db", "sqlite:////srv/house.db"),
        ("SMS_URL", "https://a:w@sms.example/w/send?key=w#w", "https://sms.example/***"),
        ("SMS_URL", "HTTPS://sms.example/w", "https://sms.example/***"),
        ("SMS_BODY", "https://sms.example/w", "***"),
        ("X_API_URL", "https://a:w@r@proxy.example/x", "https://a:***@proxy.example/x"),
        ("X_API_URL", "https://a:w@proxy.example/x", "https://a:***@proxy.example/x"),
    ],
)
def test_a_secret_in_any_part_of_an_address_is_masked(
    tmp_path: Path, name: str, text: str, shown: str
) -> None:
    assert values(tmp_path, **{name: text})[name][0] == shown


def test_settings_are_printed_without_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    environment = {f"NAGARVANI_{name}": text for name, text in GOOD.items()}
    text = repr(load(environment, folder=tmp_path))
    secrets = [GOOD[setting.name] for setting in CATALOGUE if setting.is_secret]
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in text] == []
