"""The press under real processes: a sandbox, a database with approved posts, clocks that die."""

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

from commands.demo.city import accounts_at
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
from tests.crash.paces import SCALED, Pace
from tests.support.city import City, city
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import wait_until

SECRET = "a secret of the tests, long enough"
PATIENCE = 120
WAITING = (
    DeliveryState.SCHEDULED,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
)
GENEROUS = {
    "x_publish_limit": "1000000",
    "facebook_call_limit": "1000000",
    "x_duplicate_hours": "0",
    "facebook_duplicate": "off",
}
"""The sandbox's own limits out of the way, and above all its refusal of what it has seen: a
second copy has to show."""

Row = dict[str, Any]


@dataclass
class House:
    """One database, one sandbox, and as many clocks as a scenario wants."""

    start: Starter
    database_url: str
    folder: Path
    pace: Pace = SCALED
    sandbox: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    clocks: list[RunningCommand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(self.database_url)
        self.town = self._build_city()
        self._open_sandbox()
        self._seal()

    def _build_city(self) -> City:
        town = city(self.database, self.folder)
        town.clock.at = now()
        return town

    def _open_sandbox(self) -> None:
        ready = self.folder / "sandbox.json"
        self.start.nagarvani(
            "sandbox",
            *("--port", "0", "--smtp-port", "0"),
            *("--state", str(self.folder / "sandbox"), "--ready", str(ready)),
            environment={},
            ready=ready,
            within=PATIENCE,
        )
        places = json.loads(ready.read_text())
        self.sandbox = places["url"]
        self.environment = {
            "NAGARVANI_DATABASE_URL": self.pace.address(self.database_url),
            "NAGARVANI_MEDIA_DIR": str(self.folder / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_X_API_URL": self.sandbox,
            "NAGARVANI_GRAPH_API_URL": self.sandbox,
            "NAGARVANI_SMTP_URL": f"smtp://127.0.0.1:{places['smtp_port']}",
            **self.pace.settings,
        }
        self.switch(**GENEROUS)

    def _seal(self) -> None:
        """Give the city's two accounts the sandbox's credentials."""
        vault = Vault(SECRET, ())
        with self.database.transaction() as session:
            for platform_account in accounts_at(self.sandbox):
                account = session.get_one(Account, self.town.accounts[platform_account.platform])
                account.credentials = vault.seal(platform_account.credentials)

    # What happens

    def posts(
        self,
        count: int,
        *,
        on: Sequence[str] = ("x", "facebook"),
        due: datetime | None = None,
        pictures: tuple[PictureDraft, ...] = (),
    ) -> list[int]:
        """So many deliveries, approved and due now or then, each with a text of its own."""
        delivery_ids: list[int] = []
        languages = (Language.MARATHI, Language.ENGLISH, Language.HINDI)
        while len(delivery_ids) < count:
            self.town.clock.at = due or now()
            post_id = self.town.start(self.town.hand_in())
            self.town.save(post_id, on=on, languages=languages, pictures=pictures)
            self.town.send(post_id)
            self.town.approve(post_id)
            delivery_ids += self.town.schedule(post_id, timedelta(0), late_limit=24 * 60)
        return delivery_ids

    def clock(self, *, dies_at: str = "", **more: str) -> RunningCommand:
        """Start a clock; `dies_at` names the point at which it kills itself."""
        environment = {**self.environment, **more}
        if dies_at:
            environment |= {
                "NAGARVANI_CHECKPOINT": dies_at,
                "NAGARVANI_CHECKPOINT_LOG": str(self.reached(dies_at)),
            }
        self.clocks.append(self.start.nagarvani("clock", environment=environment))
        return self.clocks[-1]

    def clock_elsewhere(self, zone: str) -> RunningCommand:
        """Start a clock on a machine that is set to another time zone."""
        environment = {**self.environment, "TZ": zone}
        self.clocks.append(self._watched("clock", environment=environment))
        return self.clocks[-1]

    def wrong_clock(self, by: Path) -> RunningCommand:
        """Start a clock whose time is wrong by as many seconds as stand in this file."""
        call = [sys.executable, "-m", "tests.crash.wrong_time", str(by)]
        self.clocks.append(self.start(call, environment=self.environment))
        return self.clocks[-1]

    def die_at(self, name: str) -> None:
        """Start a clock and see it kill itself at that point, which it must have reached."""
        clock = self.clock(dies_at=name)
        self.wait_for(lambda: not clock.is_running())
        self.clocks.remove(clock)
        reached = self.reached(name)
        assert reached.exists(), clock.written_output()
        reached.unlink()

    def reached(self, name: str) -> Path:
        """The file in which a clock writes that it reached this point."""
        return self.folder / f"reached-{name}"

    def end_clocks(self) -> None:
        """Kill whatever runs, as a crash would."""
        for clock in self.clocks:
            clock.kill()
        self.clocks.clear()

    def drain(self, *, within: float = PATIENCE) -> None:
        """Let one clock work until nothing waits any more but what is for a person."""
        clock = self.clock()
        try:
            wait_until(lambda: self.waiting() == 0 or not clock.is_running(), within=within)
            if self.waiting():
                raise AssertionError(
                    f"after at most {within} s there wait still:\n{self.unsettled()}\n"
                    f"and the clock said:\n{clock.written_output()}"
                )
        finally:
            clock.stop(within=PATIENCE)
            self.clocks.remove(clock)

    def fault(self, platform: str, operation: str, kind: str, **more: object) -> int:
        """Lay a fault in the way of calls to the sandbox; gives its number."""
        laid = {"platform": platform, "operation": operation, "kind": kind, **more}
        response = requests.post(self.sandbox + "/faults", json=laid, timeout=PATIENCE)
        assert response.status_code == 201, response.text
        return int(response.json()["id"])

    def faults(self) -> set[int]:
        """The numbers of those that nothing has met yet, or not as often as it may."""
        response = requests.get(self.sandbox + "/faults.json", timeout=PATIENCE)
        return {int(comment["id"]) for comment in response.json()}

    def post_as_a_person(self, text: str) -> None:
        """What somebody does who has the access of our account on X and asks nobody here."""
        settings = load(self.environment, folder=self.folder)
        with self.database.reading() as session:
            account = session.get_one(Account, self.town.accounts["x"])
        deadline = Deadline.after(PATIENCE, time.monotonic)
        opener(settings)(account).publish(PreparedPost(Outgoing(text)), deadline=deadline)

    def say(self, platform: str, text: str, *, under: str, author: str) -> str:
        """Let a citizen comment; gives the comment's id there."""
        comment = {"platform": platform, "parent": under, "author": author, "text": text}
        response = requests.post(self.sandbox + "/citizens/comment", json=comment, timeout=PATIENCE)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def listen_soon(self) -> None:
        """Let the clock read all comments at its next tick, not in a minute."""
        with self.database.transaction() as session:
            session.execute(update(Source).values(read_at=now()))

    def move_to(self, database_url: str) -> None:
        """Go on with another database, as after a restore."""
        self.end_clocks()
        self.database.dispose()
        self.database_url, self.database = database_url, Database(database_url)
        self.environment |= {
            "NAGARVANI_DATABASE_URL": self.pace.address(database_url),
            "NAGARVANI_MEDIA_DIR": str(self.folder / "media-of-another"),
        }

    def be_patient(self) -> None:
        """Where nobody dies: an answer that a busy machine delays is waited for, not looked for."""
        self.environment |= {"NAGARVANI_LEASE": "90", "NAGARVANI_SEND_DEADLINE": "30"}

    def reconnect(self) -> None:
        """Let go of connections that have ended with their server."""
        self.database.dispose()

    def dies(self, name: str, *command: str) -> None:
        """Run a command of the product that kills itself at that point."""
        armed = {
            "NAGARVANI_CHECKPOINT": name,
            "NAGARVANI_CHECKPOINT_LOG": str(self.reached(name)),
        }
        started = self._watched(*command, environment=self.environment | armed)
        assert started.popen.wait(PATIENCE) == -signal.SIGKILL, started.written_output()
        assert self.reached(name).exists(), started.written_output()

    def does(self, *command: str) -> None:
        """Run a command of the product to its end."""
        started = self._watched(*command, environment=self.environment)
        assert started.popen.wait(PATIENCE) == 0, started.written_output()

    def _watched(self, *command: str, environment: Mapping[str, str]) -> RunningCommand:
        """Start a command and never fork it: how a forked one ended is not known."""
        return Starter.nagarvani(self.start, *command, environment=environment)

    def slow(self, seconds: float) -> None:
        """Let both platforms take so long over each publication, where no other fault lies."""
        for platform in ("x", "facebook"):
            self.fault(platform, "publish", "hang_before", count="always", seconds=seconds)

    def clear_faults(self) -> None:
        """Take every fault away."""
        requests.delete(self.sandbox + "/faults", timeout=PATIENCE)

    def switch(self, **values: str) -> None:
        """Turn switches of the sandbox."""
        response = requests.post(self.sandbox + "/switches", json=values, timeout=PATIENCE)
        assert response.ok, response.text

    # What is seen

    def waiting(self) -> int:
        """How many deliveries are neither done nor before a person."""
        return self.count(*WAITING)

    def unsettled(self) -> str:
        """What waits still, a line each, with what is known of it."""
        query = select(Delivery).where(Delivery.state.in_(WAITING))
        with self.database.reading() as session:
            return "\n".join(
                f"{delivery.id} {delivery.state} fence {delivery.fence} due {delivery.due_at} "
                f"not before {delivery.not_before} leased until {delivery.leased_until} "
                f"look at {delivery.look_at} ({delivery.looks}) {delivery.reason} "
                f"{[(attempt.outcome, attempt.answer[:80]) for attempt in delivery.attempts]}"
                for delivery in session.scalars(query)
            )

    def count(self, *states: DeliveryState) -> int:
        """How many deliveries are in one of these states."""
        query = select(func.count()).where(Delivery.state.in_(states))
        with self.database.reading() as session:
            return session.execute(query).scalar_one()

    def wait_for(self, question: Callable[[], bool]) -> None:
        """Wait until this is so."""
        if not wait_until(question, within=PATIENCE):
            output = "\n".join(clock.written_output()[-3_000:] for clock in self.clocks)
            raise AssertionError(
                f"waited {PATIENCE} s in vain; there wait:\n{self.unsettled()}\n"
                f"and the clocks said:\n{output}"
            )

    def ledger(self, platform: str) -> list[Row]:
        """Everything that was ever made on a platform, oldest first."""
        response = requests.get(self.sandbox + "/ledger", timeout=PATIENCE)
        posts: list[Row] = response.json()[platform]
        return posts

    def close(self) -> None:
        """End the clocks and let the database go."""
        self.end_clocks()
        self.database.dispose()


@contextmanager
def house(
    start: Starter, database_url: str, folder: Path, *, pace: Pace = SCALED
) -> Iterator[House]:
    """A house for the length of a scenario."""
    opened = House(start, database_url, folder, pace)
    try:
        yield opened
    finally:
        opened.close()


def freeze(clock: RunningCommand) -> None:
    """SIGSTOP: it stands still, and knows nothing of it."""
    os.kill(clock.pid, signal.SIGSTOP)


def wake(clock: RunningCommand) -> None:
    """SIGCONT: it goes on where it stood."""
    os.kill(clock.pid, signal.SIGCONT)
