"""The files of a deployment start commands that exist, with settings that exist, as nobody else."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from bench.dispatch import PARTS
from cli import nagarvani
from publisher.database.engines import POOL
from publisher.settings.catalogue import CATALOGUE
from publisher.settings.reader import PREFIX
from tests.support import nginx
from tests.support.certificates import self_signed_certificate
from tests.support.nginx import Nginx
from tests.support.processes import free_port
from tests.support.runs import CHECKOUT
from tools.source import python_files, read, tracked
from web.app import MOST_BYTES
from web.core.request import MOST_HELD
from web.server import END_WITHIN

UNITS = CHECKOUT / "deploy" / "systemd"
SERVICES = ("nagarvani-web@1", "nagarvani-clock@1", "nagarvani-backup")
SITE = "deploy/nginx/nagarvani.conf"
PROGRAM = "/opt/nagarvani/venv"
SYSTEMD = shutil.which("systemd-analyze")
SHELLCHECK = shutil.which("shellcheck")


def deployed() -> list[str]:
    """Return the names of the files below `deploy/`."""
    return [name for name in tracked() if name.startswith("deploy/")]


def unit(name: str) -> RawConfigParser:
    """Return a unit of systemd; of an option that is repeated the last one counts."""
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way
    parser.read_string((UNITS / re.sub(r"@\w+", "@", name)).read_text())
    return parser


def compose() -> dict[str, Any]:
    """Return the content of the file of compose."""
    content: dict[str, Any] = yaml.safe_load(read("deploy/compose.yaml"))
    return content


def command_lines() -> Iterator[list[str]]:
    """Yield the arguments of each call of `nagarvani` in units, image and compose."""
    for service in SERVICES:
        line = unit(f"{service}.service")["Service"]["ExecStart"]
        yield shlex.split(line.partition("/bin/nagarvani ")[2])
    for service in compose()["services"].values():
        if service["image"] == "nagarvani" and "command" in service:
            yield service["command"]
    command = re.search(r"^CMD \[(.*)\]", read("deploy/Dockerfile"), re.MULTILINE)
    yield shlex.split(command[1].replace(",", " ")) if command else []


def test_every_command_that_is_started_can_be_typed_so() -> None:
    lines = list(command_lines())
    assert {arguments[0] for arguments in lines} == {"web", "clock", "backup", "init"}
    for name, *arguments in lines:
        command = nagarvani.get_command(click.Context(nagarvani), name)
        assert command is not None
        command.make_context(name, arguments)  # raises if an option is unknown


def test_every_setting_that_is_named_exists() -> None:
    named = {
        name
        for file in (*deployed(), ".dockerignore")
        for name in re.findall(rf"{PREFIX}([A-Z_]+)", read(file))
    }
    assert {"SECRET_KEY", "CLOCK_NAME", "TRUSTED_PROXIES"} <= named
    assert named - {setting.name for setting in CATALOGUE} == set()


def test_every_file_is_named_in_the_docs() -> None:
    docs = read("docs/running.md")
    assert [name for name in deployed() if f"`{name}`" not in docs] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_as_its_own_user_where_the_settings_are(service: str) -> None:
    options = unit(f"{service}.service")["Service"]
    assert options["User"] == "nagarvani"
    assert options["WorkingDirectory"] == "/var/lib/nagarvani"
    assert f"{PROGRAM}/bin/nagarvani" in options["ExecStart"]


def test_what_restarts_does_not_for_a_wrong_setting() -> None:
    for service in ("nagarvani-web@", "nagarvani-clock@"):
        options = unit(f"{service}.service")["Service"]
        assert (options["Restart"], options["RestartPreventExitStatus"]) == ("always", "2")
        assert unit(f"{service}.service")["Install"]["WantedBy"] == "multi-user.target"
    assert unit("nagarvani-backup.timer")["Timer"]["Persistent"] == "yes"


def test_a_web_has_the_time_to_finish() -> None:
    service = unit("nagarvani-web@.service")["Service"]
    assert int(service["TimeoutStopSec"]) > END_WITHIN
    assert int(compose()["services"]["web"]["stop_grace_period"].rstrip("s")) > END_WITHIN
    assert service["RuntimeDirectoryPreserve"] == "yes"


def test_a_clock_has_the_time_to_finish() -> None:
    stop_seconds = unit("nagarvani-clock@.service")["Service"]["TimeoutStopSec"]
    assert f"TimeoutStopSec={stop_seconds}" in read("docs/running.md")
    assert compose()["services"]["clock"]["stop_grace_period"] == f"{stop_seconds}s"


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_no_further_than_three(service: str, tmp_path: Path) -> None:
    source = UNITS / re.sub(r"@\w+", "@", f"{service}.service")
    copy = Path(shutil.copy(source, tmp_path / f"{service}.service"))
    command = ["security", "--offline=yes", "--no-pager", "--threshold=30", str(copy)]
    done = subprocess.run([str(SYSTEMD), *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
    assert "Overall exposure level" in done.stdout


def site_limits() -> dict[str, int]:
    """Return the largest body in megabytes by location; "" is that of the server."""
    limits, location = {}, ""
    for line in read(SITE).splitlines():
        if match := re.search(r"location (\S+) {", line):
            location = match[1]
        if match := re.search(r"client_max_body_size (\d+)m;", line):
            limits[location] = int(match[1])
    return limits


def test_the_proxy_lets_through_what_the_product_takes() -> None:
    megabyte = 1024 * 1024
    limits = site_limits()
    assert limits[""] > MOST_BYTES // megabyte
    assert limits["/submissions/"] > MOST_HELD // megabyte > 200


def test_the_proxy_passes_on_who_asks_and_believes_nobody_else() -> None:
    text = read(SITE)
    assert text.count("proxy_set_header X-Forwarded-For $remote_addr;") == 2
    assert text.count("proxy_set_header X-Forwarded-Proto $scheme;") == 2
    assert "$proxy_add_x_forwarded_for" not in text
    assert "gzip off;" in text
    assert set(re.findall(r"proxy_pass (\S+);", text)) == {"http://nagarvani"}


def test_the_proxy_asks_the_webs_at_their_sockets_and_repeats_no_form() -> None:
    text = read(SITE)
    sockets = re.findall(r"server unix:(\S+) max_fails=0;", text)
    *_, socket, _bind, port = shlex.split(unit("nagarvani-web@1.service")["Service"]["ExecStart"])
    assert sockets == [socket.removeprefix("unix:").replace("%i", str(number)) for number in (1, 2)]
    targets = [f'"{port.replace("%i", str(number))}"' for number in (1, 2)]
    assert f"targets: [{', '.join(targets)}]" in section("Monitoring")
    assert text.count("proxy_set_header Connection close;") == 2
    assert "non_idempotent;" not in text


def test_the_proxy_logs_no_token_of_a_personal_link() -> None:
    pattern = re.compile(re.findall(r'"~(\^.*?invitation.*?)"', read(SITE))[0].replace("?<", "?P<"))
    routes = {
        path
        for source in python_files("web")
        for path in re.findall(r'routes\.\w+\("(/[^"]*)<(?:token|spot)>', source.text)
    }
    assert {"/approve/", "/feeds/", "/code/"} <= routes
    assert [path for path in routes if not pattern.match(f"{path}Zm9v?a=b")] == []


@pytest.mark.skipif(nginx.PROGRAM is None, reason=nginx.MISSING)
def test_nginx_accepts_its_site(tmp_path: Path) -> None:
    site = Nginx(tmp_path, self_signed_certificate(tmp_path), free_port(), free_port())
    site.write_configuration()
    done = subprocess.run(site.command("-t"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def section(title: str) -> str:
    """Return a section of the docs of running it."""
    return read("docs/running.md").partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_each_cost_of_the_docs_is_measured_by_a_command_that_exists() -> None:
    sizes = section("How large a machine")
    rows = re.findall(r"^\| (?!what |-)(?:.+) \| `(.+?)` \|$", sizes, re.MULTILINE)
    assert len(rows) == sizes.count("\n|") - 2
    for command in rows:
        bench = re.fullmatch(r"make bench ONLY=(\w+)(?: PART=(\w+))?", command)
        if bench:
            assert f"make bench ONLY={bench[1]} " in read("docs/performance.md")
            assert bench[2] in (None, *PARTS)
        else:
            assert (CHECKOUT / command.split()[-1]).is_file()


def test_the_docs_count_the_connections_of_a_process() -> None:
    assert f"opens at most {POOL['pool_size']}." in section("How large a machine")
    assert POOL["max_overflow"] == 0


SCRIPTS = ("deploy/install.sh", "deploy/nagarvani")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_can_be_read_by_the_shell_and_executed(script: str) -> None:
    subprocess.run(["sh", "-n", script], cwd=CHECKOUT, check=True)
    assert (CHECKOUT / script).stat().st_mode & 0o111


@pytest.mark.skipif(SHELLCHECK is None, reason="shellcheck is not installed")
def test_the_scripts_have_no_known_fault() -> None:
    command = [str(SHELLCHECK), *SCRIPTS]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [([], "Name the wheel: "), (["dist/none.whl"], "dist/none.whl is not here: ")],
)
def test_installing_without_a_wheel_is_one_sentence(arguments: list[str], sentence: str) -> None:
    command = ["sh", "deploy/install.sh", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install")
def test_a_python_of_root_alone_is_refused_before_anything_is_laid(tmp_path: Path) -> None:
    roots_own = tmp_path / "roots-own"
    roots_own.mkdir(mode=0o700)
    python = roots_own / "python3"
    python.symlink_to(sys.executable)
    wheel = tmp_path / "nagarvani.whl"
    wheel.write_bytes(b"never opened")
    root = tmp_path / "root"
    done = subprocess.run(
        ["sh", "deploy/install.sh", str(wheel)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHON": str(python), "ROOT": str(root), "RUNS_AS": "nobody"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"The user nobody cannot run {python}: ")
    assert "PYTHON=/usr/bin/python3" in done.stderr
    assert not root.exists()


def test_installing_makes_the_folders_that_the_services_use() -> None:
    script = read("deploy/install.sh")
    variables = dict(re.findall(r"^(\w+)=\$root(/\S+)$", script, re.MULTILINE))
    assert variables["program"] == PROGRAM
    assert variables["data"] == unit("nagarvani-web@.service")["Service"]["WorkingDirectory"]
    assert variables["backups"] == unit("nagarvani-backup.service")["Service"]["ReadWritePaths"]
    assert (
        variables["copies"]
        == f"/var/cache/{unit('nagarvani-web@.service')['Service']['CacheDirectory']}"
    )
    assert "--require-hashes" in script


def test_containers_run_as_nobody_else_on_a_root_that_is_read_only() -> None:
    image = read("deploy/Dockerfile")
    assert re.search(r"^USER (?!0|root)\d+:\d+$", image, re.MULTILINE)
    assert "HEALTHCHECK" in image
    assert "--require-hashes" in image
    assert "deploy/install.sh dist/nagarvani-*.whl" in image
    # Of what the script lays no settings, and so no key, may come into the image.
    assert re.findall(r"^COPY --from=build (.+)$", image, re.MULTILINE) == [
        "/opt/nagarvani/venv /opt/nagarvani/venv"
    ]
    content = compose()
    ours = {
        name: part for name, part in content["services"].items() if part["image"] == "nagarvani"
    }
    assert set(ours) == {"init", "web", "clock"}
    for service in ours.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_compose_is_as_its_specification_says() -> None:
    # The schema of the Compose Specification as of October 2021, copied as it was (copyright 2020
    # The Compose Specification Authors, Apache-2.0). The name of a project came after it.
    schema = json.loads(read("tests/house/compose-spec.json"))
    content = compose()
    assert content.pop("name") == "nagarvani"
    check = jsonschema.Draft7Validator(schema)
    assert [error.message for error in check.iter_errors(content)] == []
    content["services"]["web"]["stop_grace"] = "30s"
    assert "stop_grace" in next(check.iter_errors(content)).message


def test_each_volume_and_service_that_is_named_in_compose_exists() -> None:
    content = compose()
    volumes, services = set(), set()
    for service in content["services"].values():
        names = [volume.partition(":")[0] for volume in service["volumes"]]
        volumes |= {name for name in names if not name.startswith(".")}
        services |= set(service.get("depends_on", ()))
    assert volumes == set(content["volumes"])
    assert services <= set(content["services"])
    assert content["services"]["proxy"]["network_mode"] == "service:web"
