"""An installation of real processes: a sandbox, a database with approved posts, and clocks."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import func, select, update

from commands.demo.city import sandbox_accounts
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault, opener
from publisher.drafting.drafts import PictureDraft
from publisher.models.comments import Source
from publisher.models.deliveries import Account, Delivery
from publisher.models.posts import Language
from publisher.now import now
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.settings.environment import load
from publisher.states import DeliveryState
from publisher.tasks import before_commit
from tests.crash.timings import SCALED, Timings
from tests.support.city import City, city
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import wait_until

SECRET = "a secret of the tests, long enough"
TIMEOUT = 120
WAITING = (
    DeliveryState.SCHEDULED,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
)
AT_WORK = (DeliveryState.CLAIMED, DeliveryState.SENDING)
UNLIMITED = {
    "x_publish_limit": "1000000",
    "x_media_limit": "1000000",
    "facebook_call_limit": "1000000",
    "x_duplicate_hours": "0",
    "facebook_duplicate": "off",
}
"""Switches that lift the sandbox's limits, above all its refusal of duplicates, so that a second
copy becomes visible."""

Row = dict[str, Any]


@dataclass
class ClockInstallation:
    """A database, a sandbox, and as many clocks as a scenario starts."""

    start: Starter
    database_url: str
    folder: Path
    timings: Timings = SCALED
    sandbox: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    clocks: list[RunningCommand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(self.database_url)
        self.town = self._build_city()
        self._start_sandbox()
        self._store_credentials()

    def _build_city(self) -> City:
        town = city(self.database, self.folder)
        town.clock.at = now()
        return town

    def _start_sandbox(self) -> None:
        ready = self.folder / "sandbox.json"
        self.start.nagarvani(
            "sandbox",
            *("--port", "0", "--smtp-port", "0"),
            *("--state", str(self.folder / "sandbox"), "--ready", str(ready)),
            environment={},
            ready=ready,
            within=TIMEOUT,
        )
        addresses = json.loads(ready.read_text())
        self.sandbox = addresses["url"]
        self.environment = {
            "NAGARVANI_DATABASE_URL": self.timings.address(self.database_url),
            "NAGARVANI_MEDIA_DIR": str(self.folder / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_X_API_URL": self.sandbox,
            "NAGARVANI_GRAPH_API_URL": self.sandbox,
            "NAGARVANI_SMTP_URL": f"smtp://127.0.0.1:{addresses['smtp_port']}",
            **self.timings.settings,
        }
        self.set_switches(**UNLIMITED)

    def _store_credentials(self) -> None:
        """Store the sandbox's credentials in the city's two accounts."""
        vault = Vault(SECRET, ())
        with self.database.transaction() as session:
            for platform_account in sandbox_accounts(self.sandbox):
                account = session.get_one(Account, self.town.accounts[platform_account.platform])
                account.credentials = vault.seal(platform_account.credentials)

    # Actions

    def add_posts(
        self,
        count: int,
        *,
        on: Sequence[str] = ("x", "facebook"),
        due: datetime | None = None,
        pictures: tuple[PictureDraft, ...] = (),
        languages: Sequence[Language] = (Language.MARATHI, Language.ENGLISH, Language.HINDI),
    ) -> list[int]:
        """Add this many approved deliveries with different texts, due at `due` or now."""
        delivery_ids: list[int] = []
        while len(delivery_ids) < count:
            self.town.clock.at = due or now()
            post_id = self.town.start(self.town.hand_in())
            self.town.save(post_id, on=on, languages=languages, pictures=pictures)
            self.town.send(post_id)
            self.town.approve(post_id)
            delivery_ids += self.town.schedule(post_id, timedelta(0), late_limit=24 * 60)
        return delivery_ids

    def start_clock(self, *, dies_at: str = "", **more: str) -> RunningCommand:
        """Start a clock, which kills itself at the point `dies_at`, if any."""
        environment = {**self.environment, **more}
        if dies_at:
            environment |= {
                "NAGARVANI_CHECKPOINT": dies_at,
                "NAGARVANI_CHECKPOINT_LOG": str(self.checkpoint_log(dies_at)),
            }
        self.clocks.append(self.start.nagarvani("clock", environment=environment))
        return self.clocks[-1]

    def start_clock_in_zone(self, zone: str) -> RunningCommand:
        """Start a clock with another time zone."""
        environment = {**self.environment, "TZ": zone}
        self.clocks.append(self._start_unforked("clock", environment=environment))
        return self.clocks[-1]

    def start_wrong_clock(self, by: Path, *witnessed: str) -> RunningCommand:
        """Start a clock whose time is wrong by the number of seconds in this file."""
        call = [sys.executable, "-m", "tests.crash.wrong_time", str(by), *witnessed]
        self.clocks.append(self.start(call, environment=self.environment))
        return self.clocks[-1]

    def run_clock_until_killed(self, name: str) -> None:
        """Start a clock, and wait until it has killed itself at that point."""
        clock = self.start_clock(dies_at=name)
        self.wait_for(lambda: not clock.is_running())
        self.clocks.remove(clock)
        reached = self.checkpoint_log(name)
        assert reached.exists(), clock.written_output()
        reached.unlink()

    def checkpoint_log(self, name: str) -> Path:
        """Return the file to which a clock writes that it reached this point."""
        return self.folder / f"reached-{name}"

    def kill_clocks(self) -> None:
        """Kill all clocks, as a crash would."""
        for clock in self.clocks:
            clock.kill()
        self.clocks.clear()

    def drain(self, *, within: float = TIMEOUT) -> None:
        """Run a clock until no delivery waits for a clock any more."""
        clock = self.start_clock()
        try:
            wait_until(lambda: self.waiting_count() == 0 or not clock.is_running(), within=within)
            if self.waiting_count():
                raise AssertionError(
                    f"after at most {within} s these deliveries wait:\n{self.describe_waiting()}\n"
                    f"and the clock's output is:\n{clock.written_output()}"
                )
        finally:
            clock.stop(within=TIMEOUT)
            self.clocks.remove(clock)

    def add_fault(self, platform: str, operation: str, kind: str, **more: object) -> int:
        """Add a fault to the sandbox, and return its id."""
        fault = {"platform": platform, "operation": operation, "kind": kind, **more}
        response = requests.post(self.sandbox + "/faults", json=fault, timeout=TIMEOUT)
        assert response.status_code == 201, response.text
        return int(response.json()["id"])

    def pending_faults(self) -> set[int]:
        """Return the ids of the faults that are still active."""
        response = requests.get(self.sandbox + "/faults.json", timeout=TIMEOUT)
        return {int(fault["id"]) for fault in response.json()}

    def post_by_hand(self, text: str) -> None:
        """Post on X with the account's credentials, but without the product."""
        settings = load(self.environment, folder=self.folder)
        with self.database.reading() as session:
            account = session.get_one(Account, self.town.accounts["x"])
        deadline = Deadline.after(TIMEOUT, time.monotonic)
        opener(settings)(account).publish(PreparedPost(Outgoing(text)), deadline=deadline)

    def add_comment(self, platform: str, text: str, *, under: str, author: str) -> str:
        """Let a citizen comment, and return the comment's id on the platform."""
        comment = {"platform": platform, "parent": under, "author": author, "text": text}
        response = requests.post(self.sandbox + "/citizens/comment", json=comment, timeout=TIMEOUT)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def read_comments_soon(self) -> None:
        """Let the clock read comments at its next tick, not in a minute."""
        with self.database.transaction() as session:
            session.execute(update(Source).values(read_at=now()))

    def use_database(self, database_url: str) -> None:
        """Continue with another database, as after a restore."""
        self.kill_clocks()
        self.database.dispose()
        self.database_url = database_url
        self.database = before_commit.register(Database(database_url))
        self.environment |= {
            "NAGARVANI_DATABASE_URL": self.timings.address(database_url),
            "NAGARVANI_MEDIA_DIR": str(self.folder / "other-media"),
        }

    def lengthen_timeouts(self) -> None:
        """Lengthen lease and deadline, so that a busy machine does not cause look-ups."""
        self.environment |= {"NAGARVANI_LEASE": "90", "NAGARVANI_SEND_DEADLINE": "30"}

    def reconnect(self) -> None:
        """Dispose of connections that have ended with their server."""
        self.database.dispose()

    def run_until_killed(self, name: str, *command: str) -> None:
        """Run a command of the product until it kills itself at that point."""
        checkpoint = {
            "NAGARVANI_CHECKPOINT": name,
            "NAGARVANI_CHECKPOINT_LOG": str(self.checkpoint_log(name)),
        }
        process = self._start_unforked(*command, environment=self.environment | checkpoint)
        assert process.popen.wait(TIMEOUT) == -signal.SIGKILL, process.written_output()
        assert self.checkpoint_log(name).exists(), process.written_output()

    def run(self, *command: str) -> None:
        """Run a command of the product to its end."""
        process = self._start_unforked(*command, environment=self.environment)
        assert process.popen.wait(TIMEOUT) == 0, process.written_output()

    def _start_unforked(self, *command: str, environment: Mapping[str, str]) -> RunningCommand:
        """Start a command without forking it, since a forked command's exit code is not known."""
        return Starter.nagarvani(self.start, *command, environment=environment)

    def slow_publications(self, seconds: float) -> None:
        """Let each publication on both platforms take this long, unless another fault hits it."""
        for platform in ("x", "facebook"):
            self.add_fault(platform, "publish", "hang_before", count="always", seconds=seconds)

    def clear_faults(self) -> None:
        """Remove all faults."""
        requests.delete(self.sandbox + "/faults", timeout=TIMEOUT)

    def set_switches(self, **values: str) -> None:
        """Set switches of the sandbox."""
        response = requests.post(self.sandbox + "/switches", json=values, timeout=TIMEOUT)
        assert response.ok, response.text

    # Observations

    def waiting_count(self) -> int:
        """Return the number of deliveries that wait for a clock."""
        return self.delivery_count(*WAITING)

    def describe_waiting(self) -> str:
        """Describe each waiting delivery in a line."""
        query = select(Delivery).where(Delivery.state.in_(WAITING))
        with self.database.reading() as session:
            return "\n".join(
                f"{delivery.id} {delivery.state} fence {delivery.fence} due {delivery.due_at} "
                f"not before {delivery.not_before} leased until {delivery.leased_until} "
                f"look at {delivery.look_at} ({delivery.looks}) {delivery.reason} "
                f"{[(attempt.outcome, attempt.answer[:80]) for attempt in delivery.attempts]}"
                for delivery in session.scalars(query)
            )

    def delivery_count(self, *states: DeliveryState) -> int:
        """Return the number of deliveries in these states."""
        query = select(func.count()).where(Delivery.state.in_(states))
        with self.database.reading() as session:
            return session.execute(query).scalar_one()

    def claimed_count(self, clock: RunningCommand) -> int:
        """Return the number of a clock's claims; a clock's name contains its pid."""
        query = select(func.count()).where(
            Delivery.state.in_(AT_WORK),
            Delivery.claimed_by.like(f"%-{clock.pid}-%"),
        )
        with self.database.reading() as session:
            return session.execute(query).scalar_one()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition is true, and fail if it does not become true."""
        if not wait_until(condition, within=TIMEOUT):
            output = "\n".join(clock.written_output()[-3_000:] for clock in self.clocks)
            raise AssertionError(
                f"waited {TIMEOUT} s in vain; these deliveries wait:\n{self.describe_waiting()}\n"
                f"and the clocks' output is:\n{output}"
            )

    def ledger(self, platform: str) -> list[Row]:
        """Return everything that was ever created on a platform, oldest first."""
        response = requests.get(self.sandbox + "/ledger", timeout=TIMEOUT)
        posts: list[Row] = response.json()[platform]
        return posts

    def close(self) -> None:
        """Kill the clocks, and dispose of the database."""
        self.kill_clocks()
        self.database.dispose()


@contextmanager
def open_installation(
    start: Starter, database_url: str, folder: Path, *, timings: Timings = SCALED
) -> Iterator[ClockInstallation]:
    """Open an installation for the length of a scenario."""
    opened = ClockInstallation(start, database_url, folder, timings)
    try:
        yield opened
    finally:
        opened.close()


def suspend(clock: RunningCommand) -> None:
    """Suspend a clock by SIGSTOP."""
    os.kill(clock.pid, signal.SIGSTOP)


def resume(clock: RunningCommand) -> None:
    """Resume a clock by SIGCONT."""
    os.kill(clock.pid, signal.SIGCONT)
