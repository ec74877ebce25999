"""Folder, ports and settings of the demo or a rehearsal, and a check of what the demo needs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from commands.app_setup import read_or_make_secret, require_sandbox
from commands.demo.separation import check_apart
from demo.folder_lock import lock_folder
from demo.ports import APART, HOST, first_free, is_free
from demo.rehearsals.scenarios import Scenario
from publisher.notifications import sms_texts
from publisher.settings.environment import Settings, load
from publisher.settings.reader import PREFIX
from sandbox.letters import MAIL_SERVER

VERIFY_TOKEN = "practice"  # noqa: S105  # both sides of it are the demo's


@dataclass(frozen=True)
class DemoEnvironment:
    """The folder of the demo or a rehearsal, and its three ports: pages, sandbox, mail server.

    A rehearsal has a `scenario`, which marks every page; its settings touch nothing real.
    """

    folder: Path
    port: int
    scenario: Scenario | None = None

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
            "SECRET_KEY": read_or_make_secret(self.folder / "secret-key"),
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
            "OFFICE": "सोशल मिडिया कक्ष, माहिती व तंत्रज्ञान विभाग | शिवाजीनगर, पुणे – ४११ ००५",
            "OUTWARD_NUMBER": "मनपा/मातं/सोमीक/",
            "REHEARSAL": self.scenario or "",
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
        proposals = sms_texts.propose_templates("पुणे महानगरपालिका")
        texts = {
            kind: replace(proposal, id=f"1107{number:015}")
            for number, (kind, proposal) in enumerate(proposals.items(), start=1)
        }
        path = self.folder / "sms.toml"
        path.write_text(sms_texts.templates_as_toml(texts), encoding="utf-8")
        return path

    def settings(self) -> Settings:
        """Return the settings that `environment` describes; raises `NotApart`."""
        settings = load(self.environment(), folder=self.folder)
        if self.scenario is not None:
            check_apart(settings, self.folder)
        return settings


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
    # Variables NAGARVANI_TEST_… are passed on: the tests find the processes they started by them.
    return name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")


@contextmanager
def hold_demo_folder(demo: DemoEnvironment, *, fresh: bool) -> Iterator[None]:
    """Lock the folder for this demo, and empty it first if `fresh`. Raises `ClickException`."""
    with lock_folder(demo.folder) as lock:
        if lock is None:
            raise click.ClickException(
                f"A demo runs in {demo.folder} already; end it first (Ctrl-C in its terminal)."
            )
        if fresh:
            shutil.rmtree(demo.folder, ignore_errors=True)
        demo.folder.mkdir(exist_ok=True)
        yield


def check(demo: DemoEnvironment) -> None:
    """Raise `ClickException` if a port is in use or a system package is missing."""
    from publisher.operations.health_checks import check_shaping

    require_sandbox()
    for port in demo.ports:
        if not is_free(port):
            first, *_, last = demo.ports
            raise click.ClickException(
                f"Port {port} is taken, and the demo needs {first} to {last}: "
                f"choose others with make demo PORT={first_free(demo.port + APART)}"
            )
    shaping = check_shaping()
    if not shaping.ok:
        raise click.ClickException(
            f"Devanagari in pictures cannot be drawn right here: "
            f"apt-get install {shaping.values['package']}"
        )
