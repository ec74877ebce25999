"""Each platform made ready for the same tests: an account on it, and citizens who speak there."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
from PIL import Image

from publisher.platforms.base.protocol import Deadline, Platform
from publisher.platforms.base.types import Medium, Outgoing
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.platforms.memory.store import OURSELVES
from publisher.platforms.registry import open_platform
from sandbox.credentials import FACEBOOK_PAGES, X_ACCOUNTS, X_CONSUMER_KEY, X_CONSUMER_SECRET
from sandbox.server import running

CREDENTIALS = {
    "x": {
        "consumer_key": X_CONSUMER_KEY,
        "consumer_secret": X_CONSUMER_SECRET,
        "access_token": X_ACCOUNTS[0].token,
        "access_token_secret": X_ACCOUNTS[0].token_secret,
    },
    "facebook": {"page_id": FACEBOOK_PAGES[0].id, "page_token": FACEBOOK_PAGES[0].token},
}
NAMES = ("memory", "x", "facebook")


def utc_now() -> datetime:
    return datetime.now(UTC)


def deadline(seconds: float = 20.0) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


def picture(colour: str = "green", alt_text: str = "हिरवे चित्र") -> Medium:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "JPEG")
    content = file.getvalue()
    return Medium(content, "image/jpeg", alt_text, hashlib.sha256(content).hexdigest())


def open_there(name: str, url: str, **parts: str) -> Platform:
    return open_platform(
        name,
        {**CREDENTIALS[name], **parts},
        x_api_url=url,
        graph_api_url=url,
        graph_api_version="v26.0",
    )


@dataclass
class Ground:
    """`say(text, parent_id)` lets a citizen speak; `made()` gives what the account has made.

    `everything()` is what everybody has made; `meddle(id, text)` lets somebody else edit it on the
    platform, or delete it (None).
    """

    name: str
    platform: Platform
    say: Callable[[str, str | None], str]
    everything: Callable[[], list[dict[str, object]]]
    meddle: Callable[[str, str | None], None]
    url: str = ""

    def published(self) -> list[dict[str, object]]:
        """What the account has made, and has not taken away."""
        return [post for post in self.everything() if not post["citizen"]]

    def send(self, outgoing: Outgoing, seconds: float = 20.0) -> str:
        """Prepare and publish; the new one's id."""
        until = deadline(seconds)
        prepared = self.platform.prepare(outgoing, deadline=until)
        return self.platform.publish(prepared, deadline=until).platform_id

    def lay(self, operation: str, kind: str, **more: object) -> None:
        """Lay a fault in the sandbox's way."""
        fault = {"platform": self.name, "operation": operation, "kind": kind, **more}
        requests.post(f"{self.url}/faults", json=fault, timeout=10).raise_for_status()

    def switch(self, **switches: str) -> None:
        """Turn the sandbox's switches."""
        requests.post(f"{self.url}/switches", json=switches, timeout=10).raise_for_status()


def in_memory() -> Ground:
    platform = MemoryPlatform(now=utc_now, page_size=50, two_steps=True, can_edit=True)

    def say(text: str, parent_id: str | None) -> str:
        return platform.citizen_says(text, parent_id=parent_id)

    def everything() -> list[dict[str, object]]:
        return [
            {
                "id": post.platform_id,
                "text": post.text,
                "alts": [medium.alt_text for medium in post.media],
                "hidden": post.is_hidden,
                "citizen": post.author != OURSELVES,
            }
            for post in platform.posts
        ]

    def meddle(platform_id: str, text: str | None) -> None:
        if text is None:
            platform.somebody_deletes(platform_id)
        else:
            platform.somebody_edits(platform_id, text)

    return Ground("memory", platform, say, everything, meddle)


@contextmanager
def in_sandbox(name: str, folder: Path) -> Iterator[Ground]:
    with running(path=folder) as places:
        url = places.url

        def say(text: str, parent_id: str | None) -> str:
            saying = {"platform": name, "author": "सुनीता जगताप", "text": text}
            if parent_id is not None:
                saying["parent_id"] = parent_id
            response = requests.post(f"{url}/citizens/comment", json=saying, timeout=10)
            response.raise_for_status()
            return str(response.json()["id"])

        def everything() -> list[dict[str, object]]:
            ledger = requests.get(f"{url}/ledger", timeout=10).json()[name]
            return [
                {**entry, "alts": [medium["alt"] for medium in entry["media"]]}
                for entry in ledger
                if not entry["deleted"]
            ]

        def meddle(platform_id: str, text: str | None) -> None:
            act = {"platform": name, "id": platform_id, "text": text}
            requests.post(f"{url}/strangers", json=act, timeout=10).raise_for_status()

        yield Ground(name, open_there(name, url), say, everything, meddle, url)


@contextmanager
def ground(name: str, folder: Path) -> Iterator[Ground]:
    """The platform of this name, ready."""
    if name == "memory":
        yield in_memory()
    else:
        with in_sandbox(name, folder) as sandbox_ground:
            yield sandbox_ground
