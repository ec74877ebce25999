"""Runs commands and captures their output; signs in over HTTP like a browser."""

from __future__ import annotations

import gc
import http.client
import os
import re
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
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

SECRET = "an-invented-secret-of-forty-characters-x"
CLI = [sys.executable, str(CHECKOUT / "cli.py")]


@dataclass(frozen=True)
class CommandResult:
    """The output and the exit code of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of the standard output."""
        return self.out.splitlines()


@dataclass(frozen=True)
class Workspace:
    """A folder in which commands run, and their settings."""

    folder: Path
    settings: Mapping[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the settings, and `more`, as environment variables."""
        return {f"NAGARVANI_{name}": text for name, text in {**self.settings, **more}.items()}

    def run(self, *arguments: str, **settings: str) -> CommandResult:
        """Run a command in a process of its own, with these additional settings."""
        process = subprocess.run(
            [*CLI, *arguments],
            cwd=self.folder,
            env=plain_environment(self.environment(**settings)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        return CommandResult(process.returncode, process.stdout, process.stderr)

    def run_in_process(self, *arguments: str, typed: str = "", **settings: str) -> CommandResult:
        """Run a command within this process, which takes a tenth of the time."""
        removed = {name: None for name in os.environ if name.startswith("NAGARVANI_")}
        with chdir(self.folder):
            result = CliRunner().invoke(
                nagarvani,
                arguments,
                input=typed,
                env={**removed, **self.environment(**settings)},
            )
        # A command freezes all that its process holds, garbage too: here that of all tests.
        gc.unfreeze()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return CommandResult(result.exit_code, result.stdout, result.stderr)


def make_workspace(folder: Path, database_url: str) -> Workspace:
    """Return a workspace with this database."""
    media = folder / "media"
    return Workspace(
        folder, {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "MEDIA_DIR": str(media)}
    )


@dataclass
class CookieClient:
    """An HTTP client that keeps cookies, and sends secure ones over http too."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def get(self, path: str) -> tuple[int, str]:
        """Open a page, and return its status code and text."""
        return self._request("GET", path, None)

    def post(self, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Send a form, and return the status code and text of the response."""
        return self._request("POST", path, urlencode(form))

    def sign_in(self, identifier: str, password: str) -> int:
        """Sign in by the form, and return the status code."""
        _, page = self.get("/sign-in")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None, page
        form = {"identifier": identifier, "password": password, "csrf_token": token[1]}
        return self.post("/sign-in", {**form, "next": "/"})[0]

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
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
                self._store_cookies(line)
            return response.status, response.read().decode()
        finally:
            connection.close()

    def _store_cookies(self, line: str) -> None:
        self.set_cookies.append(line)
        for name, morsel in SimpleCookie(line).items():
            self.cookies[name] = morsel.value
