"""The installation of packages: it says how far it is, and stops if pip fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.console import UsageError
from tools.environment import Environment

PIP = """#!/bin/sh
case "$1" in
  -c) exit 0 ;;
esac
for number in $(seq 1 %(count)d); do echo "Collecting package-$number"; done
echo "Installing collected packages: many"
exit %(code)d
"""


def environment(folder: Path, *, count: int = 25, code: int = 0) -> Environment:
    """Return an environment whose interpreter only prints what pip prints."""
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(PIP % {"count": count, "code": code})
    python.chmod(0o700)
    return Environment(folder)


def test_the_installation_says_how_many_packages_were_fetched(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    environment(tmp_path).ensure("run")
    lines = capfd.readouterr().out.splitlines()
    assert "packages (once; it takes two or three minutes)" in lines[0]
    assert lines[1:4] == [
        "  10 packages fetched",
        "  20 packages fetched",
        "  Unpacking 25 packages",
    ]


def test_an_installation_that_fails_is_told_and_tried_again(tmp_path: Path) -> None:
    failing = environment(tmp_path, code=1)
    with pytest.raises(UsageError):
        failing.ensure("run")
    assert list(tmp_path.glob("installed-*")) == []
