"""Whatever a command writes is for its own user alone, whatever umask it was started with."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.cli.command_line import CLI
from tests.journey.http_browser import Visitor
from tests.support.private_files import USUAL_UMASK, open_to_others
from tests.support.processes import Starter, free_port, plain_environment
from tests.support.runs import wait_until
from tests.web import pictures

pytestmark = [pytest.mark.proof, pytest.mark.timeout(180)]
PASSWORD = "patang-ude-akashat-unch"


def run(folder: Path, *arguments: str) -> str:
    """Run a command with no settings at all, so that it writes under `var/`."""
    done = subprocess.run(
        [*CLI, *arguments],
        cwd=folder,
        env=plain_environment(),
        umask=USUAL_UMASK,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start_web(start: Starter, folder: Path) -> str:
    """Serve the pages, and return their address."""
    port = str(free_port())
    start([*CLI, "web", "--port", port, "--workers", "1"], cwd=folder, umask=USUAL_UMASK)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(address), within=40)
    return address


def _answers(address: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(address + "/sign-in", timeout=5).ok
    return False


def hand_in_a_photo(address: str, invitation: str) -> None:
    """Accept an invitation, sign in, and hand in a photo."""
    visitor = Visitor(address)
    page = visitor.get(invitation)
    visitor.send(page, "#invitation", {"new_password": PASSWORD})
    page = visitor.get("/sign-in")
    visitor.send(page, "#sign-in", {"identifier": "l@pmc.example", "password": PASSWORD})
    values = {"kind": "press_note", "title": "उद्यान", "text_mr": "उद्यान खुले.", "act": "add"}
    files = [("files", ("garden.jpg", pictures.jpeg()))]
    visitor.send(visitor.get("/submissions/new"), "#hand-in", values, files=files)


def test_every_command_writes_files_that_only_its_user_may_read(
    start: Starter, tmp_path: Path
) -> None:
    house = tmp_path / "house"
    house.mkdir()
    it = ("--department", "information-technology")
    run(house, "init")
    run(house, "people", "add", "--name", "अरुण", "--mail", "a@pmc.example", "--role", "admin", *it)
    lead = ("--name", "लता", "--mail", "l@pmc.example", "--role", "cell_lead", "--show-link")
    invited = run(house, "people", "add", *lead, *it)
    link = re.search(r"/invitation/[\w-]+", invited)
    assert link is not None, invited
    hand_in_a_photo(start_web(start, house), link[0])
    start([*CLI, "sandbox", "--port", "0", "--smtp-port", "0"], cwd=house, umask=USUAL_UMASK)
    wait_until(lambda: any((house / "var" / "sandbox").rglob("*")), within=40)
    run(house, "clock", "--once")
    run(house, "backup", "var/backups.zip")
    names = {path.name for path in house.rglob("*")}
    assert {"nagarvani.db", "nagarvani.db-wal", "nagarvani.db-shm", "nagarvani.db.clock"} <= names
    assert {"secret-key", "backups.zip"} <= names
    assert [path for path in (house / "var" / "media").rglob("*") if path.is_file()]
    assert open_to_others(house) == []


def test_what_an_earlier_version_left_readable_is_closed(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    run(house, "init")
    database, media = house / "var" / "nagarvani.db", house / "var" / "media"
    media.mkdir(exist_ok=True)
    database.chmod(0o644)
    media.chmod(0o755)
    run(house, "init")
    assert (database.stat().st_mode & 0o777, media.stat().st_mode & 0o777) == (0o600, 0o700)
