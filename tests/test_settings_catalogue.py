"""The catalogue has every setting, and names the variables that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.failpoints import ARMED, LOG
from publisher.settings.catalogue import CATALOGUE, unknown_variables
from publisher.settings.environment import load
from tests.test_settings import GOOD, TEMPLATES


def test_the_catalogue_has_every_setting_once() -> None:
    names = [setting.name for setting in CATALOGUE]
    assert len(names) == len(set(names))
    assert set(GOOD) <= set(names)


def test_no_setting_is_unknown(tmp_path: Path) -> None:
    environment = {f"NAGARVANI_{setting.name}": "x" for setting in CATALOGUE}
    assert unknown_variables({**environment, ARMED: "x", LOG: "x"}, folder=tmp_path) == {}


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


def test_unknown_variables_of_the_file_are_named_and_those_of_others_are_not(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("NAGARVANI_MEDIADIR=/srv\nMEDIADIR=/srv\n")
    assert unknown_variables({"BASEURL": "x"}, folder=tmp_path) == {"MEDIADIR": "MEDIA_DIR"}


def test_settings_are_printed_without_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    environment = {f"NAGARVANI_{name}": text for name, text in GOOD.items()}
    text = repr(load(environment, folder=tmp_path))
    secrets = [GOOD[setting.name] for setting in CATALOGUE if setting.is_secret]
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in text] == []
