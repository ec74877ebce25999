"""The wheel is whole: installed by root, another user runs it and can write nothing of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import requests

from commands.app_setup import NO_SANDBOX
from tests.support.postgres import Server
from tests.support.processes import Starter, free_port, plain_environment
from tests.support.runs import CHECKOUT, Run, wait_until
from tools import release
from tools.source import read, tracked

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can run commands as nobody"),
]

# The program that setpriv itself starts is still looked up with root's rights: `env` starts ours.
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", "env")
PACKAGES = ("approvals", "commands", "demo", "migrations", "publisher", "sandbox", "web")
BUILT = {
    "publisher/i18n/translations/hi/LC_MESSAGES/messages.mo",
    "publisher/i18n/translations/mr/LC_MESSAGES/messages.mo",
    *(f"publisher/papers/fonts/{name}" for name in ("400.ttf", "700.ttf", "advances.json")),
    *(f"publisher/papers/fonts/{name}" for name in ("LICENSE.txt", "papers.stamp")),
    *(
        f"web/static/fonts/noto-sans-devanagari.{ending}"
        for ending in ("LICENSE.txt", "stamp", "woff2")
    ),
}
UNITS = ("nagarvani-web@1.service", "nagarvani-clock@1.service", "nagarvani-backup.timer")
SYSTEMD = Path("/usr/lib/systemd/system")


@dataclass(frozen=True)
class Installed:
    """What `deploy/install.sh` laid below a folder, from the wheel that was built."""

    root: Path
    wheel: Path

    @property
    def program(self) -> str:
        """The path of the command."""
        return str(self.root / "opt/nagarvani/venv/bin/nagarvani")

    @property
    def data(self) -> Path:
        """The folder that belongs to nobody."""
        return self.root / "var/lib/nagarvani"

    def files(self) -> Mapping[Path, int]:
        """Return when each file of the program was written."""
        files = (self.root / "opt").rglob("*")
        return {file: file.lstat().st_mtime_ns for file in files}

    def call(self, *arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as nobody to its end."""
        return subprocess.run(
            [*AS_NOBODY, self.program, *arguments],
            cwd=self.data,
            env=settings(url),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )


def settings(url: str, **more: str) -> dict[str, str]:
    values = {"NAGARVANI_DATABASE_URL": url, "HOME": "/nonexistent", "PYTHONPATH": ""}
    return plain_environment(values | more)


def nobody_can(*call: str) -> bool:
    done = subprocess.run([*AS_NOBODY, *call], cwd="/", capture_output=True, check=False)
    return done.returncode == 0


def python_for_nobody() -> str:
    """Return a Python of this version that nobody can run; this one may be in root's home."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(sys.base_prefix, "bin", name), Path("/usr/bin", name)):
        if nobody_can(str(python), "-c", "import ensurepip, venv"):
            return str(python)
    pytest.skip(f"there is no {name} with venv that nobody may run")


def bring_locked_packages(folder: Path) -> None:
    """Lay the packages of requirements/run.txt, and no others, into a folder."""
    site = Path(sysconfig.get_path("purelib"))
    is_readable = nobody_can("ls", str(site))
    for name in re.findall(r"^([\w.-]+)==", read("requirements/run.txt"), re.MULTILINE):
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            continue  # of another system or version of Python
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            source, target = site / top, folder / top
            if target.exists():
                continue
            if is_readable:
                target.symlink_to(source)
            elif source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as docs/running.md says, from what git keeps."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in tracked():
        copy = folder / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, copy)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", str(folder), "."],
        cwd=folder / "source",
        env=plain_environment({"PYTHONPATH": ""}),
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the release by its script, below a folder that nobody may enter."""
    unpacked = tmp_path_factory.mktemp("release")
    archive = release.write_archive(wheel, wheel.parent / "source", unpacked, at=0)
    with tarfile.open(archive) as opened:
        opened.extractall(unpacked, filter="data")
    folder = unpacked / archive.name.removesuffix(".tar.gz")
    root = run.folder / f"installed-{os.getpid()}"  # each worker has its own
    program = root / "opt/nagarvani/venv"
    (root / "etc/systemd/system").mkdir(parents=True)
    python = python_for_nobody()
    # What pip would fetch is there already, so that the script runs without a network.
    subprocess.run([python, "-m", "venv", str(program)], check=True)
    packages = root / "packages"
    packages.mkdir()
    bring_locked_packages(packages)
    (site,) = program.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(f"{packages}\n")
    variables = {"ROOT": str(root), "RUNS_AS": "nobody", "PYTHON": python, "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        ["sh", "deploy/install.sh", f"dist/{wheel.name}"],
        cwd=folder,
        env=plain_environment(variables | {"PYTHONPATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Installed(root, wheel)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, installed: Installed) -> str:
    """Return the address of a database without tables, of either kind; no media are there yet."""
    shutil.rmtree(installed.data / "media", ignore_errors=True)  # the other database's store
    if request.param == "sqlite":
        return f"sqlite:///{installed.data}/nagarvani.db"
    server: Server = request.getfixturevalue("postgres")
    return server.url(server.create_empty())


def test_the_wheel_has_the_files_of_product_and_build_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    kept = {name for name in tracked() if name.split("/")[0] in {*PACKAGES}}
    assert names == kept | BUILT | {"cli.py", "scheduler.py"}


def test_installed_by_root_it_runs_for_a_user_who_can_write_none_of_it(
    installed: Installed, empty_url: str, start: Starter
) -> None:
    before = installed.files()
    assert not nobody_can("touch", str(Path(installed.program).parent / "new"))
    lines = quiet(installed.call("init", url=empty_url))
    assert lines[0] == "Database: the tables are those of this version."
    assert len(lines) < 12
    lines = quiet(installed.call("doctor", url=empty_url), code=1)  # no clock has run
    assert "ok     built files: translations and fonts are there" in lines
    assert not [line for line in lines if re.match("wrong +(database|migrations|text)", line)]
    options = ("--role", "admin", "--department", "information-technology")
    person = ("--name", "पहिले प्रशासक", "--mail", "admin@pmc.example")
    lines = quiet(installed.call("people", "add", *person, *options, url=empty_url))
    assert "/invitation/" in "".join(lines)
    annex = installed.call(
        "register", "annex", "--on", "2021-07-14", "--format", "pdf", url=empty_url
    )
    assert annex.stdout.startswith("%PDF"), annex.stderr
    assert_pages_are_served(installed, empty_url, start)
    lines = quiet(installed.call("clock", "--once", url=empty_url))
    assert {"dispatch: 0", "mail: 0", "retention: 0"} <= set(lines)
    assert installed.files() == before


def test_a_file_of_the_build_that_is_missing_is_one_sentence(installed: Installed) -> None:
    url = f"sqlite:///{installed.data}/incomplete.db"
    (catalogue,) = installed.root.glob("opt/**/translations/mr/LC_MESSAGES/messages.mo")
    aside = catalogue.rename(catalogue.with_suffix(".aside"))
    try:
        calls = [installed.call(*call, url=url) for call in (["web"], ["clock", "--once"])]
    finally:
        aside.rename(catalogue)
    sentence = f"Error: {catalogue} is missing: install the wheel again, or in a checkout run "
    assert [(done.returncode, done.stderr.startswith(sentence)) for done in calls] == [
        (1, True)
    ] * 2


def test_rehearsals_say_what_they_need_where_it_is_not_installed(installed: Installed) -> None:
    url = f"sqlite:///{installed.data}/rehearsed.db"
    for call in (["rehearse", "start", "noon"], ["sandbox"], ["demo", "--port", str(free_port())]):
        done = installed.call(*call, url=url)
        assert done.returncode == 1
        assert done.stderr == f"Error: {NO_SANDBOX}\n"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze") or not SYSTEMD.is_dir(), reason="systemd is not installed"
)
def test_the_units_can_be_started_in_the_tree_that_the_script_laid(installed: Installed) -> None:
    root = installed.root
    targets = root / SYSTEMD.relative_to("/")
    targets.mkdir(parents=True, exist_ok=True)
    for unit in [*SYSTEMD.glob("*.target"), *SYSTEMD.glob("*.mount"), *SYSTEMD.glob("*.slice")]:
        shutil.copy(unit, targets, follow_symlinks=False)
    for program in ("bin/sh", "usr/bin/find"):  # the machine's own, which backups call
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"/{program}", root / program)
    call = ["systemd-analyze", "verify", "--man=no", f"--root={root}", *UNITS]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def quiet(done: subprocess.CompletedProcess[str], code: int = 0) -> list[str]:
    """Return the lines of a command that said nothing on its error stream."""
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout.splitlines()


def assert_pages_are_served(installed: Installed, url: str, start: Starter) -> None:
    """Open a page in Marathi, its style and its font."""
    port = free_port()
    web = start(
        [*AS_NOBODY, installed.program, "web", "--port", str(port), "--workers", "1"],
        environment=settings(url),
        cwd=installed.data,
    )
    address = f"http://127.0.0.1:{port}"
    assert wait_until(lambda: answers(f"{address}/sign-in"), within=40), web.written_output()
    page = requests.get(f"{address}/sign-in", headers={"Accept-Language": "mr"}, timeout=10).text
    assert "<h1>साइन इन करा<" in page
    for path in ("nagarvani.css", "fonts/noto-sans-devanagari.woff2"):
        assert requests.get(f"{address}/static/{path}", timeout=10).status_code == 200
    assert web.stop() == 0
    assert "Traceback" not in web.written_output()


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False
