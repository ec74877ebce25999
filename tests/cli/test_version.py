"""`nagarvani --version` says what is installed, and needs nothing else."""

from __future__ import annotations

import platform
from pathlib import Path

from publisher.database.session import MIGRATIONS
from tests.cli.command_line import Workspace
from tools.source import read


def test_the_version_needs_neither_settings_nor_a_database(tmp_path: Path) -> None:
    wrong = {"DATABASE_URL": "postgresql://127.0.0.1:9/away", "BASE_URL": "wrong"}
    output = Workspace(tmp_path, wrong).run_in_process("--version")
    assert (output.code, output.err) == (0, "")
    revision = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    package, python, tables = output.lines
    assert f'version = "{package.removeprefix("nagarvani ")}"' in read("pyproject.toml")
    assert (python, tables) == (f"Python {platform.python_version()}", f"tables {revision}")
    assert list(tmp_path.iterdir()) == []
