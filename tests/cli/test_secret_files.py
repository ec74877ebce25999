"""A file with a secret that every user may read is refused by `init`, and named by the others."""

from __future__ import annotations

import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from publisher.operations.health_checks import check_secret_files
from publisher.settings.environment import load
from tests.cli.command_line import Workspace, make_workspace
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

BUCKET = {"MEDIA_DIR": "", "MEDIA_URL": "s3://media", "MEDIA_ENDPOINT": "http://127.0.0.1:1"}
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 77
exec "$2" -c 'from publisher.operations.health_checks import check_secret_files
from publisher.settings.environment import load
assert not check_secret_files(load())'
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a folder with both keys of a bucket in files."""
    for name in ("key", "secret"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
    files = {f"MEDIA_{name.upper()}_FILE": str(tmp_path / name) for name in ("key", "secret")}
    workspace = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    return Workspace(tmp_path, {**workspace.settings, **BUCKET, **files})


@pytest.mark.parametrize(
    ("name", "mode"),
    [("key", 0o604), ("secret", 0o602), (".env", 0o644), ("var/secret-key", 0o666)],
)
def test_a_secret_that_every_user_may_read_is_named(
    workspace: Workspace, name: str, mode: int
) -> None:
    file = workspace.folder / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    file.chmod(mode)
    sentence = f"{file} holds a secret, and every user of this machine may read it"
    refused = workspace.run_in_process("init")
    assert (refused.code, sentence in refused.err) == (1, True)
    assert not (workspace.folder / "new.db").exists()
    assert sentence in workspace.run("web").err.splitlines()[0]
    settings = load(workspace.environment(), folder=workspace.folder)
    with chdir(workspace.folder):
        assert [finding.values["file"] for finding in check_secret_files(settings)] == [file]
        file.chmod(0o640)
        assert check_secret_files(settings) == []


def test_the_doctor_names_a_secret_that_every_user_may_read(workspace: Workspace) -> None:
    file = workspace.folder / "key"
    file.chmod(0o644)
    doctor = workspace.run_in_process("doctor", MEDIA_URL="", MEDIA_DIR="/nowhere")
    assert f"wrong  settings: {file} holds a secret" in doctor.out


def test_a_file_that_a_container_was_given_read_only_is_taken(workspace: Workspace) -> None:
    file = workspace.folder / "key"
    file.chmod(0o444)
    call = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(file), sys.executable]
    environment = plain_environment({**workspace.environment(), "PYTHONPATH": str(CHECKOUT)})
    done = subprocess.run(
        call, env=environment, cwd="/", check=False, capture_output=True, text=True
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert done.returncode == 0, done.stderr
