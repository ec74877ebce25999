"""The sandbox's README names every switch and every fault."""

from __future__ import annotations

import re
from pathlib import Path

import sandbox
from sandbox.faults import OPERATIONS, PLATFORMS, Kind
from sandbox.switches import SWITCHES

README = (Path(sandbox.__file__).parent / "README.md").read_text()


def test_every_switch_stands_there_with_its_default_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| ([^ |]+) \|", README, re.MULTILINE)
    assert dict(rows) == {name: switch.default for name, switch in SWITCHES.items()}


def test_every_fault_platform_and_operation_stands_there() -> None:
    for name in (*Kind, *OPERATIONS, *PLATFORMS):
        assert f"`{name}`" in README, name
