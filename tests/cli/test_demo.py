"""`nagarvani demo` serves pages, lets people sign in, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from commands.demo.environment import DemoEnvironment, hold_demo_folder
from demo import people
from tests.cli.command_line import CLI, CookieClient, Workspace, make_workspace
from tests.support.private_files import USUAL_UMASK, open_to_others
from tests.support.processes import RunningCommand, Starter, three_free_ports
from tests.support.runs import is_alive, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(1200)]
TIMEOUT = 300
"""Seconds; a busy machine needs minutes for what takes seconds on a quiet one."""

TABLE_ENDS = "see the whole history of a post"


def start_demo(start: Starter, folder: Path, port: int, *more: str) -> RunningCommand:
    call = [*CLI, "demo", "--port", str(port), "--folder", str(folder), *more]
    demo = start(call, cwd=folder.parent, umask=USUAL_UMASK)
    demo.wait_for(TABLE_ENDS, within=TIMEOUT)
    return demo


def mark_of(folder: Path) -> dict[str, object]:
    sign_ins: dict[str, object] = json.loads((folder / "city.json").read_text())
    return sign_ins


def names_of_people(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "nagarvani.db") as connection:
        names = [name for (name,) in connection.execute("SELECT name_en FROM people")]
    connection.close()
    return names


def test_a_demo_answers_lets_people_in_ends_whole_and_goes_on(
    start: Starter, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder, port = tmp_path / "demo", three_free_ports()
    began = time.monotonic()
    demo = start_demo(start, folder, port)
    record_property("seconds until a page answered", round(time.monotonic() - began, 1))
    browser = CookieClient(f"http://127.0.0.1:{port}")
    officer = people.people_by_key()["medha-satpute"]
    assert browser.sign_in(officer.mail, officer.password) in (302, 303)
    assert any(
        line.startswith("__Host-nagarvani=") and "Secure" in line and "HttpOnly" in line
        for line in browser.set_cookies
    )
    code, page = browser.get("/")
    assert code == 200
    assert officer.name_en in page or officer.name_mr in page
    demo.wait_for("city 1 of", within=TIMEOUT)
    assert open_to_others(folder) == []
    assert demo.stop(signal.SIGINT, within=TIMEOUT) == 0
    assert demo.session() == []

    before = mark_of(folder)
    assert before["finished"] is False
    again = start_demo(start, folder, port)
    assert "Traceback" not in again.written_output()
    names = names_of_people(folder)
    assert [person.name_en for person in people.load() if names.count(person.name_en) != 1] == []
    after = mark_of(folder)
    assert after["began_at"] == before["began_at"]
    wait_until(lambda: _done(folder) > int(str(before["done"])), within=TIMEOUT)
    assert _done(folder) > int(str(before["done"]))
    assert CookieClient(browser.address, browser.cookies).get("/")[0] == 200  # still signed in
    children = [pid for pid in again.session() if pid != again.pid]
    assert len(children) >= 3
    os.kill(again.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, children)), within=TIMEOUT)
    assert not any(map(is_alive, children))


def _done(folder: Path) -> int:
    return int(str(mark_of(folder)["done"]))


def test_it_says_who_signs_in_how_and_what_to_try_in_both_languages(
    start: Starter, tmp_path: Path
) -> None:
    folder, port = tmp_path / "demo", three_free_ports()
    demo = start_demo(start, folder, port)
    output = demo.written_output()
    for key in people.TO_TRY_FIRST:
        person = people.people_by_key()[key]
        for text in (person.mail, person.mobile[-10:], person.password, person.name_mr):
            assert text in output
        assert person.name_en in output
    assert f"http://127.0.0.1:{port}" in output
    assert "पाणीपुरवठा बंदच्या पोस्टला मान्यता द्या" in output
    assert "approve the post about the water cut" in output
    assert "\x1b[" not in output  # no colours where no terminal is
    assert demo.stop(signal.SIGTERM, within=TIMEOUT) == 0
    assert demo.session() == []


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_taken_port_gets_one_sentence_that_names_another(tmp_path: Path, which: int) -> None:
    first = three_free_ports()
    with socket.create_server(("127.0.0.1", first + which)):
        output = demo_workspace(tmp_path).run("demo", "--port", str(first), "--folder", "demo")
    assert output.code == 1
    (line,) = output.err.splitlines()
    assert f"Port {first + which} is taken" in line
    assert "make demo PORT=" in line
    assert not (tmp_path / "demo" / "nagarvani.db").exists()


def demo_workspace(folder: Path) -> Workspace:
    return make_workspace(folder, "sqlite:///unused.db")


def test_a_second_demo_in_the_same_folder_is_told_of_the_first(tmp_path: Path) -> None:
    first = DemoEnvironment(tmp_path / "demo", three_free_ports())
    with hold_demo_folder(first, fresh=False):
        port = str(three_free_ports())
        output = demo_workspace(tmp_path).run("demo", "--port", port, "--folder", "demo")
    assert output.code == 1
    assert "runs in" in output.err
    assert "Traceback" not in output.err


def test_fresh_removes_what_was_there_and_nothing_else_does(tmp_path: Path) -> None:
    ground = DemoEnvironment(tmp_path / "demo", 8000)
    with hold_demo_folder(ground, fresh=False):
        (ground.folder / "nagarvani.db").write_text("of before")
    with hold_demo_folder(ground, fresh=False):
        assert (ground.folder / "nagarvani.db").exists()
    with hold_demo_folder(ground, fresh=True):
        assert list(ground.folder.iterdir()) == []


def test_fresh_leaves_a_running_demo_alone(tmp_path: Path) -> None:
    ground = DemoEnvironment(tmp_path / "demo", 8000)
    with hold_demo_folder(ground, fresh=False):
        (ground.folder / "nagarvani.db").write_text("in use")
        with (
            pytest.raises(click.ClickException, match="already"),
            hold_demo_folder(ground, fresh=True),
        ):
            pass
        assert (ground.folder / "nagarvani.db").exists()


def test_the_demo_takes_no_setting_of_the_real_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAGARVANI_DATABASE_URL", "postgresql://real@db.example/city")
    monkeypatch.setenv("NAGARVANI_X_ACCESS_TOKEN", "real")
    monkeypatch.setenv("NAGARVANI_TRUSTED_PROXIES", "3")
    ground = DemoEnvironment(tmp_path / "demo", 8100)
    with hold_demo_folder(ground, fresh=False):
        settings = ground.settings()
        secret = settings.secret_key
        assert ground.settings().secret_key == secret
    assert settings.database_url == f"sqlite:///{tmp_path}/demo/nagarvani.db"
    assert settings.platforms["x_access_token"] == ""
    assert settings.trusted_proxies == 0
    assert (
        settings.platforms["x_api_url"]
        == settings.platforms["graph_api_url"]
        == "http://127.0.0.1:8101"
    )
    assert settings.smtp_url == "smtp://127.0.0.1:8102"
    assert settings.base_url == "http://127.0.0.1:8100"
