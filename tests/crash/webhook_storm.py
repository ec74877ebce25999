"""Citizens who write, change and delete, and webhooks about it that meet every fault.

Facebook is played by the sandbox, its sender by threads of this process: they send in any order,
twice, with wrong signatures and cut connections, and again until they are acknowledged.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from sqlalchemy import ColumnElement, func, select, update

from publisher.database.session import Base
from publisher.models.comments import (
    Comment,
    CommentHint,
    Routing,
    Source,
    UnstoredComment,
    Webhook,
)
from publisher.models.tasks import Task
from publisher.now import now
from publisher.tasks.specs import TaskKind
from sandbox.credentials import FACEBOOK_APP_ID, FACEBOOK_APP_SECRET
from tests.crash.clock_installation import TIMEOUT, ClockInstallation
from tests.support.processes import RunningCommand, free_port
from tests.support.runs import wait_until

PATH = "/webhooks/facebook"
SETTINGS = {
    "NAGARVANI_FACEBOOK_APP_ID": FACEBOOK_APP_ID,
    "NAGARVANI_FACEBOOK_APP_SECRET": FACEBOOK_APP_SECRET,
    "NAGARVANI_FACEBOOK_VERIFY_TOKEN": "practice",
}
Change = tuple[str, str]
"""A verb and a comment."""


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a signed delivery."""
    digest = hmac.digest(FACEBOOK_APP_SECRET.encode(), body, hashlib.sha256).hex()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


@dataclass
class Told:
    """An installation with pages, a live post on Facebook, and no polling at all."""

    installation: ClockInstallation
    post_id: str = ""
    url: str = ""
    web: RunningCommand | None = None

    def set_up(self) -> None:
        """Publish a post, read its comments once, and then never poll again."""
        self.installation.environment |= SETTINGS
        self.installation.add_posts(1, on=["facebook"])
        self.installation.drain()
        self.post_id = str(self.installation.ledger("facebook")[0]["id"])
        clock = self.installation.start_clock()
        self.installation.wait_for(self._is_source_read)
        clock.stop(within=TIMEOUT)
        self.installation.clocks.remove(clock)
        with self.installation.database.transaction() as session:
            session.execute(update(Source).values(read_at=None))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}{PATH}"

    def _is_source_read(self) -> bool:
        query = select(Source).where(
            Source.receipt_id.is_not(None), Source.last_read_at.is_not(None)
        )
        with self.installation.database.reading() as session:
            return session.scalars(query).first() is not None

    def start_web(self, dies_at: str = "") -> None:
        """Start the pages; their worker kills itself at the point `dies_at`, if any."""
        environment = dict(self.installation.environment)
        if dies_at:
            log = str(self.installation.checkpoint_log(dies_at))
            environment |= {"NAGARVANI_CHECKPOINT": dies_at, "NAGARVANI_CHECKPOINT_LOG": log}
        port = self.url.removesuffix(PATH).rpartition(":")[2]
        self.web = self.installation.start.nagarvani(
            "web", "--port", port, "--workers", "1", environment=environment
        )
        assert wait_until(self._web_responds, within=TIMEOUT), self.web.written_output()

    def _web_responds(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(self.url.replace(PATH, "/robots.txt"), timeout=5).ok
        return False

    def kill_web(self) -> None:
        """Kill the pages, as a crash would; its worker is left, and ends within a second."""
        if self.web is not None:
            self.web.kill()
            assert wait_until(self._is_port_free, within=TIMEOUT)

    def _is_port_free(self) -> bool:
        address = urlsplit(self.url)
        with socket.socket() as probe:
            return probe.connect_ex((str(address.hostname), address.port or 0)) != 0

    def says(self, text: str) -> str:
        """Let a citizen comment under the post."""
        return self.installation.add_comment(
            "facebook", text, under=self.post_id, author="उदाहरण जगताप"
        )

    def change(self, comment_id: str, text: str | None) -> None:
        """Let the citizen change the comment, or delete it."""
        changed = {"platform": "facebook", "id": comment_id, "text": text}
        requests.post(f"{self.installation.sandbox}/strangers", json=changed, timeout=TIMEOUT)

    def body(self, *changes: Change) -> bytes:
        """Return a delivery about these changes."""
        values = [
            {"item": "comment", "verb": verb, "comment_id": key, "post_id": self.post_id}
            for verb, key in changes
        ]
        listed = [{"field": "feed", "value": value} for value in values]
        entry = {"id": self.post_id.partition("_")[0], "time": 1, "changes": listed}
        return json.dumps({"object": "page", "entry": [entry]}).encode()

    def deliver(self, body: bytes) -> int:
        """Send a delivery once; return the status."""
        return requests.post(self.url, data=body, headers=signed(body), timeout=30).status_code

    def comments(self) -> dict[str, Comment]:
        """Return the stored comments by their ids on the platform."""
        with self.installation.database.reading() as session:
            comments = session.scalars(select(Comment)).all()
            session.expunge_all()
        return {comment.platform_id: comment for comment in comments}

    def waiting(self) -> set[str]:
        """Return the comments of which hints are stored; "" stands for an unworked webhook."""
        unworked = select(Webhook.id).where(Webhook.worked_at.is_(None)).limit(1)
        with self.installation.database.reading() as session:
            waiting = set(session.scalars(select(CommentHint.platform_id)))
            return waiting | ({""} if session.scalar(unworked) is not None else set())

    def count(self, table: type[Base], *conditions: ColumnElement[bool]) -> int:
        """Count rows."""
        query = select(func.count()).select_from(table).where(*conditions)
        with self.installation.database.reading() as session:
            return session.scalar(query) or 0


@dataclass
class Storm:
    """So many changes of comments, and the deliveries that tell of them."""

    told: Told
    size: int
    dice: random.Random
    texts: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    outbox: list[Change] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_written: bool = False
    delivered: int = 0
    kills: dict[str, int] = field(default_factory=lambda: {"web": 0, "clock": 0})

    def run(self) -> None:
        """Write, send and kill at the same time; then let everything that remains be worked."""
        self.told.start_web()
        self.told.installation.start_clock()
        with self._kills(), ThreadPoolExecutor(5) as pool:
            senders = [pool.submit(self._send, self.dice.random()) for _ in range(4)]
            self._write()
            self.is_written = True
            for sender in senders:
                sender.result()
        self._settle()

    def _write(self) -> None:
        for number in range(self.size):
            self._change(number)

    def _change(self, number: int) -> None:
        alive = sorted(set(self.texts) - self.deleted)
        chance = self.dice.random()
        if not alive or chance < 0.6:
            key, text, verb = "", f"प्रश्न {number}", "add"
            key = self.told.says(text)
            self.texts[key] = text
        elif chance < 0.85:
            key, text, verb = self.dice.choice(alive), f"नवा {number}", "edited"
            self.told.change(key, text)
            self.texts[key] = text
        else:
            key, verb = self.dice.choice(alive), "remove"
            self.told.change(key, None)
            self.deleted.add(key)
        with self.lock:
            self.outbox.append((verb, key))

    def _send(self, seed: float) -> None:
        dice = random.Random(seed)
        while True:
            with self.lock:
                dice.shuffle(self.outbox)
                count = dice.choice((1, 1, 2, 5, 20))
                changes, self.outbox[:count] = self.outbox[:count], []
                if not changes and self.is_written:
                    return
            if changes:
                self._deliver(self.told.body(*changes), dice)
                self.delivered += len(changes)
            else:
                time.sleep(0.05)

    def _deliver(self, body: bytes, dice: random.Random) -> None:
        """Send it until it is acknowledged, with faults before and after."""
        if dice.random() < 0.05:
            with suppress(requests.RequestException):
                forged = signed(body) | {"X-Hub-Signature-256": "sha256=" + "0" * 64}
                code = requests.post(self.told.url, data=body, headers=forged, timeout=30)
                assert code.status_code == 403
        if dice.random() < 0.05:
            with suppress(requests.RequestException):  # the answer is not waited for
                requests.post(self.told.url, data=body, headers=signed(body), timeout=0.01)
        for _ in range(2 if dice.random() < 0.1 else 1):
            self._until_acknowledged(body)

    def _until_acknowledged(self, body: bytes) -> None:
        deadline = time.monotonic() + 4 * TIMEOUT
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if self.told.deliver(body) == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("a delivery was never acknowledged")

    @contextmanager
    def _kills(self) -> Iterator[None]:
        """Kill web and clock in turn, evenly over all deliveries."""
        is_over = threading.Event()

        def kill() -> None:
            count = max(6, self.size // 100)
            for number in range(count):
                while self.delivered < self.size * number // count and not is_over.is_set():
                    time.sleep(0.01)
                self._kill(number)

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _kill(self, number: int) -> None:
        if number % 2:
            self.told.kill_web()
            self.told.start_web()
            self.kills["web"] += 1
        else:
            self.told.installation.kill_clocks()
            self.told.installation.start_clock()
            self.kills["clock"] += 1

    def _settle(self) -> None:
        """Wait until only what was deleted is still looked for, then let that be given up."""
        if not self.told.installation.clocks:
            self.told.installation.start_clock()
        wait_until(lambda: self.told.waiting() <= self.deleted, within=4 * TIMEOUT)
        assert self.told.waiting() <= self.deleted
        past = now().replace(year=2020)
        with self.told.installation.database.transaction() as session:
            session.execute(update(CommentHint).values(told_at=past, read_at=now()))
        assert wait_until(lambda: not self.told.waiting(), within=TIMEOUT)

    def verdict(self) -> dict[str, int]:
        """Return how many comments are lost, came twice, or are not as they are by now."""
        comments = self.told.comments()
        alive = set(self.texts) - self.deleted
        of_officers = Task.kind == TaskKind.COMMENT
        return {
            "lost": len(alive - set(comments)),
            "invented": len(set(comments) - set(self.texts)),
            "old": sum(comments[key].text != self.texts[key] for key in alive & set(comments)),
            "not_gone": sum(comments[key].gone_at is None for key in self.deleted & set(comments)),
            "twice_routed": self.told.count(Routing) - len(comments),
            "twice_a_task": self.told.count(Task, of_officers) - len(comments),
            "unstored": self.told.count(UnstoredComment),
            "not_told": sum(comments[key].told_at is None for key in comments),
        }
