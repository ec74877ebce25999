"""`nagarvani web` listens where it is told, and says in one sentence why it cannot."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import nagarvani
from commands.web_server import WrongBind, open_listeners, override, start_line
from publisher.settings.environment import load
from publisher.settings.web_server import BindAddress, ServingSettings
from tests.support.processes import free_port


@pytest.fixture
def port() -> int:
    """Return a port of loopback on which nothing listens."""
    return free_port()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a socket that is not there yet."""
    return tmp_path / "web.sock"


@pytest.fixture
def server(path: Path) -> Iterator[socket.socket]:
    """Open a socket at the path, as another program."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        yield other


def choose(
    bind: Sequence[str] = (), port: int | None = None, workers: int | None = None
) -> ServingSettings:
    """Return what the command line chooses over the defaults."""
    return override(ServingSettings(), bind=bind, port=port, workers=workers, threads=None)


def refusal(address: BindAddress) -> str:
    """Return the sentence with which an address is refused."""
    with pytest.raises(click.ClickException) as problem:
        open_listeners([address])
    assert problem.value.exit_code == 1
    sentence = problem.value.message
    assert sentence.startswith(f"Cannot serve on {address}: ")
    return sentence


def test_the_command_line_goes_before_the_settings() -> None:
    assert choose() == ServingSettings()
    chosen = choose(["unix:/a/b", "[::1]:80"], workers=7)
    assert chosen.bind == (BindAddress(path="/a/b"), BindAddress("::1", 80))
    assert (chosen.workers, chosen.threads) == (7, 4)
    assert choose(port=8001).bind == (BindAddress("127.0.0.1", 8001),)


@pytest.mark.parametrize("bind", [["8000"], ["127.0.0.1:1", "127.0.0.1:1"], [f"unix:/{'a' * 200}"]])
def test_what_is_no_address_is_one_sentence_with_what_to_write(bind: list[str]) -> None:
    with pytest.raises(WrongBind, match=r"such as 127\.0\.0\.1:8000") as problem:
        choose(bind)
    assert problem.value.exit_code == 2
    with pytest.raises(WrongBind, match="exclude each other"):
        choose(["127.0.0.1:8000"], port=8000)


def test_it_listens_at_several_addresses(port: int, path: Path) -> None:
    addresses = [BindAddress("127.0.0.1", port), BindAddress(path=str(path))]
    tcp, unix = open_listeners(addresses)
    with tcp, unix, socket.socket(socket.AF_UNIX) as client:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        client.connect(str(path))


def test_every_user_may_connect_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o077)
    try:
        (listener,) = open_listeners([BindAddress(path=str(path))])
    finally:
        os.umask(before)
    listener.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_a_second_web_at_one_address_is_refused(port: int, path: Path) -> None:
    for address in (BindAddress("127.0.0.1", port), BindAddress(path=str(path))):
        (first,) = open_listeners([address])
        with first:
            assert "another program serves there" in refusal(address)
    assert path.is_socket()


def test_a_web_that_cannot_take_more_is_served_all_the_same(
    server: socket.socket, path: Path
) -> None:
    server.listen(0)
    with socket.socket(socket.AF_UNIX) as waits:
        waits.connect(str(path))
        assert "another program serves there" in refusal(BindAddress(path=str(path)))


def test_the_socket_of_a_web_that_has_ended_is_replaced(server: socket.socket, path: Path) -> None:
    server.close()
    (listener,) = open_listeners([BindAddress(path=str(path))])
    with listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_stays(path: Path, tmp_path: Path, kind: str) -> None:
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "nowhere")
    assert "is not a socket is there, and is kept" in refusal(BindAddress(path=str(path)))
    assert os.path.lexists(path)


def test_another_machines_address_and_an_unknown_name_are_refused(port: int) -> None:
    assert "no address of this machine" in refusal(BindAddress("203.0.113.9", port))
    for name in ("nowhere.invalid", "n" * 100):
        assert "has no address" in refusal(BindAddress(name, port))


def test_a_folder_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    missing = tmp_path / "missing" / "web.sock"
    assert f"there is no folder {missing.parent}" in refusal(BindAddress(path=str(missing)))
    below = tmp_path / "file" / "web.sock"
    assert f"{below.parent} is no folder" in refusal(BindAddress(path=str(below)))


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no /sys, where nobody may write")
def test_a_folder_that_cannot_be_written_is_named() -> None:
    assert "cannot write to /sys/kernel" in refusal(BindAddress(path="/sys/kernel/web.sock"))


def test_the_first_line_says_where_and_hides_the_password(tmp_path: Path) -> None:
    url = "postgresql://nagarvani:hidden@db/nagarvani"
    settings = load({"NAGARVANI_DATABASE_URL": url}, folder=tmp_path)
    addresses = [BindAddress("127.0.0.1", 8000), BindAddress(path="/run/nagarvani/web.sock")]
    line = start_line(settings, addresses)
    assert line.startswith("Nagarvani ")
    assert line.endswith(
        " serves on 127.0.0.1:8000 and unix:/run/nagarvani/web.sock, "
        "database postgresql://nagarvani:***@db/nagarvani"
    )


def test_nonsense_for_a_number_of_processes_is_refused_by_the_command() -> None:
    for option in ("--workers=0", "--threads=many", "--port=0"):
        done = CliRunner().invoke(nagarvani, ["web", option])
        assert done.exit_code == 2
        assert "Invalid value" in done.output
