"""`nagarvani config show` prints every setting, and neither a secret nor a new key."""

from __future__ import annotations

from pathlib import Path

from publisher.settings.catalogue import CATALOGUE
from tests.cli.command_line import Workspace
from tests.test_settings import GOOD, TEMPLATES


def test_every_setting_is_printed_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    output = Workspace(tmp_path, GOOD).run_in_process("config", "show", BASEURL="x")
    assert output.code == 0
    names = [line.partition(" = ")[0] for line in output.lines]
    assert names == [f"NAGARVANI_{setting.name}" for setting in CATALOGUE]
    assert "NAGARVANI_CITY_CODE = TEST  (environment)" in output.lines
    assert "NAGARVANI_UNDO = 30  (default)" in output.lines
    secrets = {GOOD[setting.name] for setting in CATALOGUE if setting.is_secret}
    assert [secret for secret in secrets if secret in output.out + output.err] == []
    assert ":word" not in output.out
    assert "perhaps NAGARVANI_BASE_URL is meant" in output.err


def test_showing_makes_no_key(tmp_path: Path) -> None:
    output = Workspace(tmp_path, {}).run_in_process("config", "show")
    assert "NAGARVANI_SECRET_KEY = -  (default)" in output.lines
    assert list(tmp_path.iterdir()) == []
