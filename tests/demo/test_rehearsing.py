"""The commands of rehearsals: starting, separation, surviving a kill, and dropping."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.demo.environment import DemoEnvironment
from commands.demo.separation import NotApart, check_apart
from demo import people
from demo.ports import PORTS
from demo.rehearsals import processes
from demo.rehearsals.processes import CannotRehearse
from demo.rehearsals.scenarios import Scenario
from publisher.database.session import migrate
from publisher.now import now
from publisher.settings.environment import load
from publisher.settings.reader import WrongSetting
from tests.cli.command_line import CookieClient, Workspace, make_workspace
from tests.support.processes import three_free_ports
from tests.support.runs import processes_in, wait_until

pytestmark = pytest.mark.ci

BANNER = "Rehearsal – this is not real"


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Workspace]:
    """A production workspace, whose rehearsals are all dropped at the end."""
    folder = tmp_path / "real"
    folder.mkdir()
    address = f"sqlite:///{folder / 'nagarvani.db'}"
    migrate(address)
    real_house = make_workspace(folder, address)
    yield replace(
        real_house, settings={**real_house.settings, "REHEARSALS_DIR": str(root_of(real_house))}
    )
    for rehearsal in processes.list_rehearsals(root_of(real_house)):
        with suppress(CannotRehearse):
            processes.drop(root_of(real_house), rehearsal.scenario)


def root_of(of: Workspace) -> Path:
    return of.folder / "var" / "rehearsals"


@pytest.mark.proof
@pytest.mark.journey
@pytest.mark.timeout(300)
def test_one_command_starts_a_rehearsal_and_one_drops_it_even_after_a_kill(
    production: Workspace,
) -> None:
    before = (production.folder / "nagarvani.db").read_bytes()
    real_account = {"X_ACCESS_TOKEN": "a-real-token", "X_API_URL": "https://api.twitter.com"}
    port = str(three_free_ports())
    started = production.run("rehearse", "start", "noon", "--port", port, **real_account)
    assert started.code == 0, started.err
    process = processes.find(root_of(production), Scenario.NOON)
    assert process is not None
    assert process.address in started.out
    officer = people.people_by_key()["medha-satpute"]
    assert officer.mail in started.out

    browser = CookieClient(process.address)
    assert BANNER in browser.get("/sign-in")[1] or "हे खरे नाही" in browser.get("/sign-in")[1]
    assert browser.sign_in(officer.mail, officer.password) in (302, 303)
    assert "हे खरे नाही" in browser.get("/")[1]
    names = {"__Host-nagarvani-noon", "__Host-nagarvani-noon-device"}
    assert set(browser.cookies) == names, "the real house has its own"
    pids = processes_in(process.folder)
    assert len(pids) >= 3
    environments = [(Path("/proc") / str(pid) / "environ").read_bytes() for pid in pids]
    inherited = [environment for environment in environments if b"a-real-token" in environment]
    assert len(inherited) <= 1, "no child of a rehearsal is given the real house's settings"

    again = production.run_in_process("rehearse", "start", "noon")
    assert again.code == 1
    assert "runs already" in again.err
    assert f"at {process.address}" in production.run_in_process("rehearse", "list").out

    pid = json.loads((process.folder / processes.NOTE).read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not processes_in(process.folder), within=30), processes_in(
        process.folder
    )
    assert "not running" in production.run_in_process("rehearse", "list").out
    assert "was left behind" in production.run_in_process("rehearse", "start", "noon").err
    assert production.run_in_process("rehearse", "drop", "noon").code == 0
    assert not process.folder.exists()
    assert production.run_in_process("rehearse", "list").lines == ["No rehearsal was started."]
    assert (production.folder / "nagarvani.db").read_bytes() == before


def test_a_taken_port_gets_a_clear_sentence_and_nothing_is_left(production: Workspace) -> None:
    first = three_free_ports()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first + 1))
        output = production.run_in_process("rehearse", "start", "monsoon", "--port", str(first))
    assert output.code == 1
    assert f"Port {first + 1} is taken" in output.err
    assert "--port" in output.err
    assert production.run_in_process("rehearse", "list").lines == ["No rehearsal was started."]


def test_without_leave_a_house_behind_https_starts_none(production: Workspace) -> None:
    output = production.run_in_process(
        "rehearse", "start", "lag", BASE_URL="https://nagarvani.example"
    )
    assert output.code == 1
    assert "NAGARVANI_REHEARSALS=1" in output.err
    assert not (root_of(production) / "lag").exists()


def test_dropping_what_is_not_there_says_so(production: Workspace) -> None:
    output = production.run_in_process("rehearse", "drop", "monsoon")
    assert (output.code, "There is no rehearsal" in output.err) == (1, True)
    assert production.run_in_process("rehearse", "drop", "flood").code == 2


def test_a_setting_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(WrongSetting, match="write 1 or 0"):
        load({"NAGARVANI_REHEARSALS": "yes"})


def test_two_that_are_started_at_once_take_other_ports(production: Workspace) -> None:
    def start(scenario: Scenario) -> int:
        together.wait()
        return processes.start(root_of(production), scenario, now=now()).port

    chosen = (Scenario.NOON, Scenario.LAG, Scenario.MONSOON)
    together = threading.Barrier(len(chosen))
    with ThreadPoolExecutor(len(chosen)) as pool:
        ports = list(pool.map(start, chosen))
    assert len({port + more for port in ports for more in range(PORTS)}) == 9


def test_whoever_starts_one_waits_while_another_chooses_its_ports(production: Workspace) -> None:
    root = root_of(production)
    root.mkdir(parents=True)
    begun: list[int] = []

    def start() -> None:
        begun.append(processes.start(root, Scenario.LAG, now=now()).port)

    with (root / "ports.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=start)
        thread.start()
        thread.join(2)
        assert not (root / Scenario.LAG.value).exists()
    thread.join()
    assert begun


def environment(tmp_path: Path) -> DemoEnvironment:
    folder = tmp_path / "lag"
    folder.mkdir()
    return DemoEnvironment(folder, 8110, Scenario.LAG)


def test_a_rehearsals_own_settings_touch_nothing_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAGARVANI_DATABASE_URL", "postgresql://city@db.example/real")
    monkeypatch.setenv("NAGARVANI_X_ACCESS_TOKEN", "a-real-token")
    monkeypatch.setenv("NAGARVANI_SMS_URL", "https://sms.example/send")
    settings = environment(tmp_path).settings()
    assert settings.rehearsal == "lag"
    assert settings.platforms["x_access_token"] == ""
    assert str(tmp_path) in settings.database_url
    assert settings.sms.sms_url in ("", "http://127.0.0.1:8111/sms")


@pytest.mark.parametrize(
    "changed",
    [
        {"database_url": "sqlite:////var/lib/nagarvani/nagarvani.db"},
        {"database_url": "postgresql://city@127.0.0.1/real"},
        {"smtp_url": "smtps://mail.example:465"},
        {"base_url": "https://nagarvani.example"},
        {"rehearsal": ""},
    ],
    ids=lambda settings: f"{next(iter(settings))}",
)
def test_a_rehearsal_that_would_touch_something_real_does_not_start(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    own = environment(tmp_path)
    settings = own.settings()
    with pytest.raises(NotApart):
        check_apart(replace(settings, **changed), own.folder)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "changed",
    [{"media_dir": Path("/var/lib/nagarvani/media")}, {"media_url": "s3://nagarvani-media"}],
    ids=["folder", "bucket"],
)
def test_a_rehearsal_that_would_use_real_media_does_not_start(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    own = environment(tmp_path)
    settings = own.settings()
    with pytest.raises(NotApart):
        check_apart(replace(settings, media=replace(settings.media, **changed)), own.folder)


def test_a_rehearsal_that_would_send_a_real_sms_does_not_start(tmp_path: Path) -> None:
    own = environment(tmp_path)
    settings = own.settings()
    sms = replace(settings.sms, sms_url="https://sms.example/send")
    with pytest.raises(NotApart):
        check_apart(replace(settings, sms=sms), own.folder)


HOSTS = ("x_api_url", "graph_api_url", "x_web_url", "facebook_web_url")


@pytest.mark.parametrize("host", HOSTS)
def test_a_rehearsal_that_would_reach_a_real_platform_does_not_start(
    tmp_path: Path, host: str
) -> None:
    own = environment(tmp_path)
    settings = own.settings()
    platforms = {**settings.platforms, host: "https://api.twitter.com"}
    with pytest.raises(NotApart):
        check_apart(replace(settings, platforms=platforms), own.folder)
