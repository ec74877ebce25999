"""The practice platforms' own doors, as the seeding uses them: citizens who speak, and faults."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import requests

SECONDS: Final = 30.0
Said = dict[tuple[str, str, str], str]


class Practice:
    """A running sandbox, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._said: Said | None = None

    def say(
        self, *, platform: str, parent: str | None, author: str, text: str, at: datetime
    ) -> str:
        """Let a citizen comment at that moment; what was said before is not said again.

        Gives the platform's id. Raises `requests.HTTPError` where the sandbox refuses it.
        """
        known = self.find(platform=platform, author=author, text=text)
        if known is None:
            words = {"platform": platform, "parent_id": parent, "author": author, "text": text}
            answer = self._post("/citizens/comment", {**words, "at": at.isoformat()})
            known = self._known()[_key(platform, author, text)] = str(answer["id"])
        return known

    def find(self, *, platform: str, author: str, text: str) -> str | None:
        """The platform's id of what a citizen said; None where it was not said."""
        return self._known().get(_key(platform, author, text))

    def lay_fault(
        self,
        *,
        platform: str,
        operation: str,
        kind: str,
        count: str = "1",
        seconds: int | None = None,
    ) -> None:
        """Let the next calls of this operation meet a fault; `count` may be "always"."""
        sent: dict[str, str | None] = {"platform": platform, "operation": operation, "kind": kind}
        lasting = {} if seconds is None else {"seconds": str(seconds)}
        self._post("/faults", {**sent, "count": count, **lasting})

    def end_access(self, *, platform: str, account: str, at: datetime) -> None:
        """Let an account's access end at that moment; `account` is the platform's id."""
        self._post("/endings", {"platform": platform, "account": account, "at": at.isoformat()})

    def close(self) -> None:
        """End its connections."""
        self._session.close()

    def clear_faults(self) -> None:
        """Take away every fault that still lies in the way."""
        self._session.delete(f"{self.url}/faults", timeout=SECONDS).raise_for_status()

    def _known(self) -> Said:
        if self._said is None:
            found = self._session.get(f"{self.url}/ledger", timeout=SECONDS)
            found.raise_for_status()
            ledger = found.json()
            self._said = {
                _key(platform, entry["name"], entry["text"]): str(entry["id"])
                for platform in ("x", "facebook")
                for entry in ledger[platform]
                if entry["citizen"]
            }
        return self._said

    def _post(self, path: str, sent: dict[str, str | None]) -> dict[str, object]:
        answer = self._session.post(self.url + path, json=sent, timeout=SECONDS)
        answer.raise_for_status()
        found = answer.json()
        return found if isinstance(found, dict) else {}


def _key(platform: str, author: str, text: str) -> tuple[str, str, str]:
    return platform, author.lstrip("@"), text
