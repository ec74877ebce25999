"""A client of the sandbox's own API: citizens who comment, letters, and faults."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import requests

from publisher.platforms.registry import all_platforms

_SECONDS: Final = 30.0


class SandboxClient:
    """A running sandbox, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._comments: dict[tuple[str, str, str], str] | None = None

    def say(
        self, *, platform: str, parent: str | None, author: str, text: str, at: datetime
    ) -> None:
        """Let a citizen comment at that moment, unless the same citizen has said the same.

        Raises `requests.HTTPError` if the sandbox refuses it.
        """
        if self.find(platform=platform, author=author, text=text) is None:
            fields = {"platform": platform, "parent_id": parent, "author": author, "text": text}
            answer = self._post("/citizens/comment", {**fields, "at": at.isoformat()})
            self._known()[_key(platform, author, text)] = str(answer["id"])

    def find(self, *, platform: str, author: str, text: str) -> str | None:
        """Return the platform's id of what a citizen said; None if it was not said."""
        return self._known().get(_key(platform, author, text))

    def lay_fault(self, fault: Mapping[str, Any]) -> None:
        """Let the next calls of an operation meet a fault, once if it does not say how often."""
        self._post("/faults", {"count": "1", **{name: str(fault[name]) for name in fault}})

    def end_access(self, *, platform: str, account: str, at: datetime) -> None:
        """Let an account's access end at that moment; `account` is the platform's id."""
        self._post("/endings", {"platform": platform, "account": account, "at": at.isoformat()})

    def set_hook(self, *, url: str, verify_token: str) -> None:
        """Set where webhooks of Facebook are sent, once that address repeats a challenge."""
        self._post("/webhooks", {"url": url, "verify_token": verify_token})

    def set_correspondents(self, people: Sequence[Mapping[str, str]]) -> None:
        """Set who may write letters to the Cell; the one without an office is the Cell itself."""
        self._post("/correspondents", people)

    def unread_letters(self) -> list[tuple[int, bytes]]:
        """Return the ids and the mails of the letters of which nothing was said, oldest first."""
        answer = self._session.get(f"{self.url}/letters.json", timeout=_SECONDS)
        answer.raise_for_status()
        return [(row["id"], b64decode(row["raw"])) for row in answer.json()]

    def note_outcome(self, letter_id: int, outcome: str, url: str) -> None:
        """Say what became of a letter, and on which page it is."""
        self._post(f"/letters/{letter_id}", {"outcome": outcome, "url": url})

    def clear_faults(self) -> None:
        """Remove every fault that is still laid."""
        self._session.delete(f"{self.url}/faults", timeout=_SECONDS).raise_for_status()

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _known(self) -> dict[tuple[str, str, str], str]:
        if self._comments is None:
            answer = self._session.get(f"{self.url}/ledger", timeout=_SECONDS)
            answer.raise_for_status()
            ledger = answer.json()
            self._comments = {
                _key(platform.name, row["name"], row["text"]): str(row["id"])
                for platform in all_platforms()
                for row in ledger.get(platform.name, ())
                if row["citizen"]
            }
        return self._comments

    def _post(
        self, path: str, fields: Mapping[str, str | None] | Sequence[Mapping[str, str]]
    ) -> dict[str, Any]:
        answer = self._session.post(self.url + path, json=fields, timeout=_SECONDS)
        answer.raise_for_status()
        body = answer.json()
        return body if isinstance(body, dict) else {}


def _key(platform: str, author: str, text: str) -> tuple[str, str, str]:
    return platform, author.lstrip("@"), text
