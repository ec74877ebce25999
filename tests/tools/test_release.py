"""The archive of a release is whole, installs from itself, and is the same each time."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import release

AT = 1_793_000_000
"""A time of a commit."""


def names_in(archive: Path) -> dict[str, tarfile.TarInfo]:
    """Return the entries of an archive by their names below its folder."""
    with tarfile.open(archive) as opened:
        return {entry.name.partition("/")[2]: entry for entry in opened.getmembers()}


@pytest.fixture(scope="module")
def source() -> Iterator[Path]:
    """Return a folder with what is committed."""
    with release.exported_commit() as folder:
        yield folder


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a file in the wheel's place, which only its owner may read."""
    file = tmp_path / "nagarvani-0.2.0-py3-none-any.whl"
    file.write_bytes(b"a wheel")
    file.chmod(0o600)
    return file


def test_the_archive_has_what_an_installation_takes_and_no_more(
    tmp_path: Path, source: Path, wheel: Path
) -> None:
    entries = names_in(release.write_archive(wheel, source, tmp_path / "out", at=AT))
    assert {f"dist/{wheel.name}", "requirements/run.txt", ".env.example"} <= entries.keys()
    assert {"docs/running.md", "deploy/nginx/nagarvani.conf"} <= entries.keys()
    assert not [name for name in entries if name.endswith((".py", ".env"))]
    owners = {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries.values()}
    assert owners == {(0, 0, "", AT)}
    executable = {name for name, entry in entries.items() if entry.mode == 0o755}
    assert executable == {"deploy/install.sh", "deploy/nagarvani"}


def test_the_archive_is_the_same_each_time(tmp_path: Path, source: Path, wheel: Path) -> None:
    first = release.write_archive(wheel, source, tmp_path / "a", at=AT)
    wheel.touch()
    second = release.write_archive(wheel, source, tmp_path / "b", at=AT)
    assert first.read_bytes() == second.read_bytes()
    later = release.write_archive(wheel, source, tmp_path / "c", at=AT + 1)
    assert later.read_bytes() != first.read_bytes()


def test_the_script_in_the_archive_finds_what_lies_beside_it(
    tmp_path: Path, source: Path, wheel: Path
) -> None:
    archive = release.write_archive(wheel, source, tmp_path, at=AT)
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    call = ["sh", "deploy/install.sh", f"dist/{wheel.name}"]
    done = subprocess.run(
        call, cwd=folder, env={"PYTHON": "/bin/false"}, capture_output=True, text=True, check=False
    )
    # It has found wheel and lock file, and ends at what root or the Python lacks.
    assert done.returncode == 1
    assert done.stderr.startswith(("/bin/false is older than", "Only root can"))


@pytest.mark.proof
def test_two_builds_of_one_commit_are_the_same_archive(tmp_path: Path) -> None:
    archives = []
    for name in ("a", "b"):
        with release.exported_commit() as source:
            wheel = release.build_wheel(Path(sys.executable), source, tmp_path / name, at=AT)
            archives.append(release.write_archive(wheel, source, tmp_path / name, at=AT))
    first, second = archives
    assert first.read_bytes() == second.read_bytes()
    assert first.name.removesuffix(".tar.gz") in next(tmp_path.glob("a/*.whl")).name
