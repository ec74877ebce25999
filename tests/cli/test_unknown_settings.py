"""Commands name a variable that is no setting, and go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import make_workspace

SAYS = "NAGARVANI_BASEURL is no setting and changes nothing; perhaps NAGARVANI_BASE_URL is meant"


@pytest.mark.parametrize("arguments", [("web",), ("clock", "--once")], ids=" ".join)
def test_web_and_clock_name_it_at_their_start_and_refuse_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    workspace = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    first, next_line = workspace.run(*arguments, BASEURL="x").err.splitlines()
    assert first.endswith(f"Z WARNING nagarvani.settings {SAYS}")
    assert "run nagarvani init" in next_line  # it went on, until it met the missing tables
    (only_line,) = workspace.run_in_process(*arguments).err.splitlines()
    assert only_line == next_line


def test_the_line_that_names_it_is_json_where_the_log_is(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    first = workspace.run("clock", "--once", BASEURL="x", LOG_FORMAT="json").err.splitlines()[0]
    line = json.loads(first)
    assert (line["level"], line["message"]) == ("WARNING", SAYS)


def test_doctor_names_it_with_the_nearest_setting(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    lines = workspace.run_in_process("doctor", BASEURL="x", QUANTUM="x").lines
    assert f"wrong  settings: {SAYS}" in lines
    assert any("NAGARVANI_QUANTUM is no setting" in line for line in lines)
    assert not any("is no setting" in line for line in workspace.run_in_process("doctor").lines)
