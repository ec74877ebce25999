"""All commands have help, read settings, and print a sentence instead of a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.command_line import CLI, Workspace, make_workspace
from tests.support.processes import Starter

pytestmark = pytest.mark.proof

COMMANDS = (
    *("accounts", "backup", "clock", "config", "db", "demo", "doctor", "init", "mail", "media"),
    *(
        "people",
        "queue",
        "register",
        "rehearse",
        "release",
        "restore",
        "sandbox",
        "stop-all",
        "tasks",
        "web",
    ),
)
PERSON = ("--name", "अ", "--mail", "a@b.example", "--role", "admin", "--department", "water")
WITH_SETTINGS = (("web",), ("clock",), ("init",), ("doctor",), ("people", "add", *PERSON))
ON_TABLES = tuple(
    with_setting for with_setting in WITH_SETTINGS if with_setting[0] not in ("init", "doctor")
)


@pytest.fixture
def new_workspace(tmp_path: Path) -> Workspace:
    """Create a workspace without tables."""
    return make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")


def test_help_names_every_command_and_not_the_demos_own(new_workspace: Workspace) -> None:
    output = new_workspace.run("--help")
    named = [line.split()[0] for line in output.out.partition("Commands:")[2].splitlines() if line]
    assert tuple(named) == COMMANDS


def test_help_loads_neither_pages_nor_clients(tmp_path: Path) -> None:
    program = (
        "import sys\nsys.argv = ['nagarvani', '--help']\nimport cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'flask', 'tweepy', 'facebook', 'sqlalchemy'} & sys.modules.keys()))\n"
    )
    script = tmp_path / "ask.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(Path(CLI[1]).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", WITH_SETTINGS, ids=" ".join)
@pytest.mark.parametrize(("setting", "text"), [("BASE_URL", "nagarvani.example")])
def test_a_wrong_setting_is_one_sentence_that_says_what_to_write(
    new_workspace: Workspace, arguments: tuple[str, ...], setting: str, text: str
) -> None:
    output = new_workspace.run(*arguments, **{setting: text})
    assert output.code == 2
    (line,) = output.err.splitlines()
    assert line.startswith(f"NAGARVANI_{setting}: ")
    assert "write" in line


@pytest.mark.parametrize("arguments", ON_TABLES, ids=" ".join)
def test_without_tables_every_command_names_init(
    new_workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    output = new_workspace.run(*arguments)
    assert output.code == 1
    (line,) = output.err.splitlines()
    assert "run nagarvani init" in line


@pytest.mark.parametrize("arguments", ON_TABLES, ids=" ".join)
def test_a_database_that_is_away_is_one_sentence_without_the_password(
    new_workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    output = new_workspace.run(*arguments, DATABASE_URL="postgresql://city:hidden@127.0.0.1:9/city")
    assert output.code == 1
    assert "does not answer" in output.err
    assert "hidden" not in output.err
    assert "Traceback" not in output.err


def test_the_sandbox_says_where_it_is(start: Starter, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    call = [*CLI, "sandbox", "--port", "0", "--smtp-port", "0", "--state", str(tmp_path / "s")]
    sandbox = start([*call, "--ready", str(ready)], ready=ready, cwd=tmp_path)
    with urlopen(f"{json.loads(ready.read_text())['url']}/health", timeout=10) as response:
        assert json.load(response) == {"sandbox": True}
    assert sandbox.stop() == 0


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    own = Workspace(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"})
    path = tmp_path / "var" / "secret-key"
    own.run("init")
    first = path.read_text()
    own.run("init")
    assert path.read_text() == first
    assert len(first) >= 64
    assert path.stat().st_mode & 0o077 == 0
