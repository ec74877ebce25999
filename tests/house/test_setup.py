"""The way from a fresh machine to a running installation by `make`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import CHECKOUT
from tools import commands, console, environment, system
from tools.environment import Environment
from tools.setup import choose
from tools.source import read, tracked

NO_PACKAGE = system.Package("no-such-package", "nothing needs it", lambda: False)


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "PYTHON"}
    }
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        env={**inherited, **variables},
    )


def fake_python(folder: Path, name: str, version: str) -> str:
    """Write a program that prints this Python version."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return str(program)


def test_make_alone_says_what_there_is() -> None:
    done = make()
    assert done.returncode == 0
    named = {line.split()[1] for line in done.stdout.splitlines()}
    daily = {"help", "demo", "test", "fmt", "lint", "lock", "shots", "clean"}
    assert named == daily | {
        "proof",
        "ci",
        "crash",
        "mutants",
        "bench",
        "figures",
        "audit",
        "sbom",
        "release",
    }


def test_port_and_fresh_reach_the_demo() -> None:
    assert make("-n", "demo").stdout.strip().endswith("tools/setup.py demo")
    called = make("-n", "demo", "PORT=5100", "FRESH=1").stdout.strip()
    assert called.endswith("tools/setup.py demo --port 5100 --fresh")
    assert "--fresh" not in make("-n", "demo", "FRESH=0").stdout


def test_a_python_that_is_not_there_is_one_sentence() -> None:
    done = make("clean", "PYTHON=python2.1")
    assert done.returncode != 0
    assert "python2.1 is not here: apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    done = make("demo", f"PYTHON={old_python(tmp_path)}")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert lines[0].startswith("Nagarvani needs Python 3.11 or newer, and this is Python 3.9: ")


def old_python(folder: Path) -> str:
    program = folder / "python3"
    pretend = "import sys, runpy; sys.executable = sys.argv.pop(1); sys.argv.pop(0); "
    pretend += "runpy.run_path(sys.argv[0], run_name='__main__')"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -c ]; then echo 3 9 1; exit; fi\n'
        f'exec {sys.executable} -c "{pretend}" "$0" "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


def test_the_first_python_that_fits_is_chosen(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python3", "3 9 1")
    bare = fake_python(tmp_path, "python3.12", "3 12 0")
    fits = fake_python(tmp_path, "python3.13", "3 13 1")
    assert choose([old, bare, fits]) == (fits, "")
    assert choose(["/not/there", fits]) == (fits, "")


@pytest.mark.parametrize(
    ("name", "package"), [("python3", "python3-venv"), ("python3.12", "python3.12-venv")]
)
def test_a_python_without_venv_names_the_package(tmp_path: Path, name: str, package: str) -> None:
    chosen, sentence = choose([fake_python(tmp_path, name, "3 12 0")])
    assert chosen is None
    assert sentence.endswith(f"cannot make a virtual environment: apt-get install {package}")


def test_a_machine_without_any_python_that_answers_says_so() -> None:
    assert "none was found" in choose(["/not/there"])[1]


def test_the_way_in_is_readable_by_an_old_python() -> None:
    tree = ast.parse(read("tools/setup.py"), feature_version=(3, 5))
    assert [
        node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)
    ] == []
    assert "from __future__" not in read("tools/setup.py")


def test_a_missing_system_package_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # without apt-get
    with pytest.raises(
        console.UsageError, match=r"no-such-package is missing .* apt-get install no-such-pac"
    ):
        system.bring([NO_PACKAGE])


def test_what_is_there_is_not_asked_for() -> None:
    package = system.Package("there", "everything needs it", lambda: True)
    system.bring([package])
    assert system.missing([package, NO_PACKAGE]) == [NO_PACKAGE]


def test_packages_are_installed_anew_only_when_the_lock_changes(tmp_path: Path) -> None:
    environment, lock = Environment(tmp_path), tmp_path / "lock.txt"
    lock.write_text("a==1")
    assert environment.is_new("run", lock)
    environment.note("run", lock)
    assert not environment.is_new("run", lock)
    lock.write_text("a==2")
    assert environment.is_new("run", lock)


def test_another_virtual_environment_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENV", ".venv-312")
    assert environment.chosen().folder == CHECKOUT / ".venv-312"
    monkeypatch.setenv("VENV", "")
    assert environment.chosen().folder == CHECKOUT / ".venv"


def test_a_failed_check_is_named_and_its_output_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    checks = {
        "style": ["sh", "-c", "echo details; echo all fine"],
        "types": ["sh", "-c", "echo wrong type >&2; echo one error; exit 1"],
    }
    assert commands.run_checks(Environment(tmp_path), checks) == ["types"]
    assert capsys.readouterr().out.splitlines() == [
        "style: all fine",
        "types: wrong type",
        "one error",
    ]


def test_what_is_made_at_set_up_is_not_kept_by_git() -> None:
    assert [name for name in tracked() if name.endswith((".mo", ".woff2"))] == []


def test_the_continuous_integration_runs_tests_and_proofs_in_one_go() -> None:
    assert read(".ci/run").endswith("\nmake ci\n")
    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)
