"""Typing a command and reading what it says; signing in over HTTP as a browser would."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from click.testing import CliRunner

from cli import nagarvani
from tests.support.processes import free_port, plain_environment
from tests.support.runs import CHECKOUT

SECRET = "an-invented-secret-of-forty-characters-x"
DOOR = [sys.executable, str(CHECKOUT / "cli.py")]


@dataclass(frozen=True)
class Said:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it said on its standard output, line by line."""
        return self.out.splitlines()


@dataclass(frozen=True)
class House:
    """A house of its own: a folder that commands run in, and settings."""

    folder: Path
    settings: Mapping[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        """The settings, and more of them, as an environment."""
        return {f"NAGARVANI_{name}": text for name, text in {**self.settings, **more}.items()}

    def do(self, *arguments: str, **settings: str) -> Said:
        """Type a command, with these settings added."""
        done = subprocess.run(
            [*DOOR, *arguments],
            cwd=self.folder,
            env=plain_environment(self.environment(**settings)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def call(self, *arguments: str, **settings: str) -> Said:
        """The same within this process, which takes a tenth of the time."""
        strange = {name: None for name in os.environ if name.startswith("NAGARVANI_")}
        with chdir(self.folder):
            done = CliRunner().invoke(
                nagarvani, arguments, env={**strange, **self.environment(**settings)}
            )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)


def house(folder: Path, database_url: str) -> House:
    """A house over this database."""
    media = folder / "media"
    return House(
        folder, {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "MEDIA_DIR": str(media)}
    )


def three_free_ports() -> int:
    """The first of three neighbouring ports that nobody listens on at this moment."""
    while True:
        first = free_port()
        try:
            for port in (first + 1, first + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first


@dataclass
class Browser:
    """Keeps cookies as a browser does on loopback, where a secure one may travel over http."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def get(self, path: str) -> tuple[int, str]:
        """Open a page: its code and text."""
        return self._ask("GET", path, None)

    def post(self, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Send a form."""
        return self._ask("POST", path, urlencode(form))

    def sign_in(self, identifier: str, password: str) -> int:
        """Fill in the sign-in page; gives the code of the answer."""
        _, page = self.get("/sign-in")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None, page
        form = {"identifier": identifier, "password": password, "csrf_token": token[1]}
        return self.post("/sign-in", {**form, "next": "/"})[0]

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        headers = {"Accept-Language": "en"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Referer"] = self.address + path
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                self._keep(line)
            return response.status, response.read().decode()
        finally:
            connection.close()

    def _keep(self, line: str) -> None:
        self.set_cookies.append(line)
        for name, morsel in SimpleCookie(line).items():
            self.cookies[name] = morsel.value
