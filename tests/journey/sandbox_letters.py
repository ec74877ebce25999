"""Mails and SMS in the sandbox's letterbox, as a test reads them over HTTP."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests

from tests.journey.installation import wait_for

LINK = re.compile(r"/name-officers/[\w-]+")
INVITATION = re.compile(r"/invitation/[\w-]+")
_SMS_CODE = re.compile(r"संकेतांक (\d{8})\.")


@dataclass(frozen=True)
class Letter:
    """A mail or an SMS that arrived; an SMS has the last ten digits of the number in `to`."""

    to: str
    text: str
    subject: str = ""

    @property
    def codes(self) -> list[str]:
        """The codes that it tells."""
        return _SMS_CODE.findall(self.text)


@dataclass(frozen=True)
class Letterbox:
    """The letterbox of a sandbox."""

    sandbox: str

    def letters(self) -> list[Letter]:
        """Return all mails and SMS, in each kind the newest first."""
        mails = [
            Letter(recipient, mail["text"], mail["subject"])
            for mail in self._read("/letterbox.json")
            for recipient in mail["recipients"]
        ]
        return mails + self._messages()

    def _messages(self) -> list[Letter]:
        messages = self._read("/sms.json")
        assert not any(sms["dropped"] for sms in messages), "an operator would drop one of these"
        return [Letter(sms["recipient"][-10:], sms["text"]) for sms in messages]

    def _read(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = requests.get(self.sandbox + path, timeout=20).json()
        return rows

    def paths(self, pattern: re.Pattern[str]) -> dict[str, list[str]]:
        """Return the paths of links of this kind, the newest first, by who got them."""
        paths: dict[str, list[str]] = {}
        for letter in self.letters():
            paths.setdefault(letter.to, []).extend(pattern.findall(letter.text))
        return paths

    def wait_for_paths(
        self, pattern: re.Pattern[str], addresses: list[str], *, number: int = 1
    ) -> dict[str, str]:
        """Wait until each address has this many links of this kind; return the newest ones."""

        def arrived() -> dict[str, list[str]] | None:
            paths = self.paths(pattern)
            lacking = [key for key in addresses if len(paths.get(key, ())) < number]
            return paths if not lacking else None

        paths = wait_for(arrived, within=90, what=f"{number} links to each of {addresses}")
        return {address: paths[address][0] for address in addresses}

    def codes(self) -> dict[str, list[str]]:
        """Return the codes by the mobile numbers they went to, the newest first."""
        codes: dict[str, list[str]] = {}
        for letter in self._messages():
            codes.setdefault(letter.to, []).extend(letter.codes)
        return codes

    def wait_for_codes(self, asked: Counter[str]) -> dict[str, str]:
        """Wait until each number has as many codes as were asked for; return the newest ones."""

        def arrived() -> dict[str, list[str]] | None:
            codes = self.codes()
            is_complete = all(len(codes.get(key, ())) >= number for key, number in asked.items())
            return codes if is_complete else None

        codes = wait_for(arrived, within=60, what="the codes by SMS")
        return {mobile: codes[mobile][0] for mobile in asked}
