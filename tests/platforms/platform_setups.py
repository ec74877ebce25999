"""Sets up each platform for the same tests: an account, and citizens who comment."""

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
from publisher.platforms.registry import open_platform
from sandbox.credentials import FACEBOOK_PAGES, X_ACCOUNTS, X_CONSUMER_KEY, X_CONSUMER_SECRET
from sandbox.server import run_sandbox
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.memory_platform.store import OURSELVES

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


def open_at(name: str, url: str, **parts: str) -> Platform:
    return open_platform(
        name,
        {**CREDENTIALS[name], **parts},
        {"x_api_url": url, "graph_api_url": url, "graph_api_version": "v26.0"},
    )


@dataclass
class PlatformSetup:
    """A platform with an account, and functions that act on the platform from outside.

    `citizen_says(text, parent_id)` adds a citizen's comment, `all_posts()` returns everybody's
    posts, and `change_elsewhere(id, text)` edits a post, or deletes it if `text` is None.
    """

    name: str
    platform: Platform
    citizen_says: Callable[[str, str | None], str]
    all_posts: Callable[[], list[dict[str, object]]]
    change_elsewhere: Callable[[str, str | None], None]
    url: str = ""

    def published(self) -> list[dict[str, object]]:
        """Return the posts of the account that are not deleted."""
        return [post for post in self.all_posts() if not post["citizen"]]

    def send(self, outgoing: Outgoing, seconds: float = 20.0) -> str:
        """Prepare and publish a post, and return its id."""
        deadline_at = deadline(seconds)
        prepared = self.platform.prepare(outgoing, deadline=deadline_at)
        return self.platform.publish(prepared, deadline=deadline_at).platform_id

    def add_fault(self, operation: str, kind: str, **more: object) -> None:
        """Add a fault to the sandbox."""
        fault = {"platform": self.name, "operation": operation, "kind": kind, **more}
        requests.post(f"{self.url}/faults", json=fault, timeout=10).raise_for_status()

    def set_switches(self, **switches: str) -> None:
        """Set switches of the sandbox."""
        requests.post(f"{self.url}/switches", json=switches, timeout=10).raise_for_status()


def memory_setup() -> PlatformSetup:
    platform = MemoryPlatform(now=utc_now, page_size=50, two_steps=True, can_edit=True)

    def citizen_says(text: str, parent_id: str | None) -> str:
        return platform.citizen_says(text, parent_id=parent_id)

    def all_posts() -> list[dict[str, object]]:
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

    def change_elsewhere(platform_id: str, text: str | None) -> None:
        if text is None:
            platform.somebody_deletes(platform_id)
        else:
            platform.somebody_edits(platform_id, text)

    return PlatformSetup("memory", platform, citizen_says, all_posts, change_elsewhere)


@contextmanager
def sandbox_setup(name: str, folder: Path) -> Iterator[PlatformSetup]:
    with run_sandbox(path=folder) as sandbox:
        url = sandbox.url

        def citizen_says(text: str, parent_id: str | None) -> str:
            comment = {"platform": name, "author": "सुनीता जगताप", "text": text}
            if parent_id is not None:
                comment["parent_id"] = parent_id
            response = requests.post(f"{url}/citizens/comment", json=comment, timeout=10)
            response.raise_for_status()
            return str(response.json()["id"])

        def all_posts() -> list[dict[str, object]]:
            ledger = requests.get(f"{url}/ledger", timeout=10).json()[name]
            return [
                {**entry, "alts": [medium["alt"] for medium in entry["media"]]}
                for entry in ledger
                if not entry["deleted"]
            ]

        def change_elsewhere(platform_id: str, text: str | None) -> None:
            change = {"platform": name, "id": platform_id, "text": text}
            requests.post(f"{url}/strangers", json=change, timeout=10).raise_for_status()

        yield PlatformSetup(
            name, open_at(name, url), citizen_says, all_posts, change_elsewhere, url
        )


@contextmanager
def open_setup(name: str, folder: Path) -> Iterator[PlatformSetup]:
    """Set the platform of this name up for the length of the block."""
    if name == "memory":
        yield memory_setup()
    else:
        with sandbox_setup(name, folder) as setup:
            yield setup
