"""The demo's folder, ports and settings, and a check of what it needs on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from commands.app_setup import kept_secret, require_sandbox
from publisher.notifications import sms_texts
from publisher.settings.environment import Settings, load
from publisher.settings.reader import PREFIX
from sandbox.letters import MAIL_SERVER

HOST = "127.0.0.1"
VERIFY_TOKEN = "practice"  # noqa: S105  # both sides of it are the demo's


@dataclass(frozen=True)
class DemoEnvironment:
    """The demo's folder and its three ports: for the pages, the sandbox, and its mail server."""

    folder: Path
    port: int

    @property
    def ports(self) -> tuple[int, int, int]:
        """Return the ports of the pages, the sandbox and the mail server."""
        return self.port, self.port + 1, self.port + 2

    @property
    def address(self) -> str:
        """Return the URL of the pages."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_address(self) -> str:
        """Return the URL of the sandbox, with its inbox of mails and SMS."""
        return f"http://{HOST}:{self.port + 1}"

    def environment(self) -> dict[str, str]:
        """Return this terminal's environment with all of our settings replaced by the demo's."""
        others = {name: text for name, text in os.environ.items() if not _is_setting(name)}
        own = {
            "DATABASE_URL": f"sqlite:///{self.folder / 'nagarvani.db'}",
            "MEDIA_DIR": str(self.folder / "media"),
            "SECRET_KEY": kept_secret(self.folder / "secret-key"),
            "BASE_URL": self.address,
            "X_API_URL": self.sandbox_address,
            "X_WEB_URL": f"{self.sandbox_address}/x",
            "GRAPH_API_URL": self.sandbox_address,
            **_app_keys(),
            "SMTP_URL": f"smtp://{HOST}:{self.port + 2}",
            "MAIL_FROM": "nagarvani@pmc.example",
            "MAIL_SERVER": MAIL_SERVER,
            "REPLY_TO": "nagarvani@pmc.example",
            "HELP_PHONE": "020-5550-0100",
            "HELP_MAIL": "help@pmc.example",
            "HELP_HOURS": "mon-sat 10:00-18:00",
            **self._gateway(),
        }
        named = {PREFIX + name: text for name, text in own.items()}
        return {**others, **named, "PYTHONUNBUFFERED": "1"}

    def _gateway(self) -> dict[str, str]:
        """Return the SMS settings: the sandbox plays the gateway."""
        placeholders = ("to", "text", "template_id", "sender")
        return {
            "SMS_URL": f"{self.sandbox_address}/sms",
            "SMS_HEADERS": json.dumps({"Content-Type": "application/json"}),
            "SMS_BODY": json.dumps(
                {placeholder: f"{{{placeholder}}}" for placeholder in placeholders}
            ),
            "SMS_SUCCESS": '"type": ?"success"',
            "SMS_SENDER": "PMCNGV",
            "SMS_TEMPLATES": str(self._registered_texts()),
        }

    def _registered_texts(self) -> Path:
        """Write the proposed texts as if an operator had registered them, with invented ids."""
        proposals = sms_texts.proposed_templates("पुणे महानगरपालिका")
        texts = {
            kind: replace(proposal, id=f"1107{number:015}")
            for number, (kind, proposal) in enumerate(proposals.items(), start=1)
        }
        path = self.folder / "sms.toml"
        path.write_text(sms_texts.templates_as_toml(texts), encoding="utf-8")
        return path

    def settings(self) -> Settings:
        """Return the settings that `environment` describes."""
        return load(self.environment(), folder=self.folder)


def _app_keys() -> dict[str, str]:
    """Return the keys of the app that the sandbox knows."""
    from sandbox import credentials

    return {
        "X_CONSUMER_KEY": credentials.X_CONSUMER_KEY,
        "X_CONSUMER_SECRET": credentials.X_CONSUMER_SECRET,
        "FACEBOOK_APP_ID": credentials.FACEBOOK_APP_ID,
        "FACEBOOK_APP_SECRET": credentials.FACEBOOK_APP_SECRET,
        "FACEBOOK_VERIFY_TOKEN": VERIFY_TOKEN,
    }


def _is_setting(name: str) -> bool:
    # Variables NAGARVANI_TEST_… are passed on: by them the tests find the processes they started.
    return name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")


@contextmanager
def locked_folder(demo: DemoEnvironment, *, fresh: bool) -> Iterator[None]:
    """Lock the folder for this demo, and empty it first if `fresh`. Raises `ClickException`."""
    demo.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = demo.folder.with_name(demo.folder.name + ".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            says = f"A demo runs in {demo.folder} already; end it first (Ctrl-C in its terminal)."
            raise click.ClickException(says) from taken
        if fresh:
            shutil.rmtree(demo.folder, ignore_errors=True)
        demo.folder.mkdir(exist_ok=True)
        yield


def check(demo: DemoEnvironment) -> None:
    """Raise `ClickException` if a port is in use or a system package is missing."""
    from publisher.operations.health_checks import check_shaping

    require_sandbox()
    for port in demo.ports:
        if not _is_free(port):
            first, *_, last = demo.ports
            raise click.ClickException(
                f"Port {port} is taken, and the demo needs {first} to {last}: "
                f"choose others with make demo PORT={_free_ports(demo.port)}"
            )
    shaping = check_shaping()
    if not shaping.ok:
        raise click.ClickException(
            f"Devanagari in pictures cannot be drawn right here: "
            f"apt-get install {shaping.values['package']}"
        )


def _free_ports(port: int) -> int:
    """Return the first of the next three neighbouring ports that are free."""
    candidates = range(port + 10, 65_500, 10)
    return next(
        first for first in candidates if all(_is_free(first + offset) for offset in range(3))
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier demo that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
