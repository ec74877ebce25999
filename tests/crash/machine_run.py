"""Posts with pictures through three webs and three clocks, any of which dies at any moment."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from publisher.drafting.drafts import PictureDraft
from publisher.models.posts import Language
from tests.crash.balanced_visitor import Journal
from tests.crash.clock_installation import TIMEOUT
from tests.crash.machines import Machine, Machines, poll
from tests.crash.page_crews import Crew, crews, new_picture
from tests.crash.servers import OwnServer
from tests.crash.store_line import STORE_FAULTS

WEB, CLOCK, RESTART = "web", "clock", "restart"
RESTARTS = 2
DISTURBED = 2
"""How often each of the store's faults happens."""

PLATFORMS = ("x", "facebook")

PUBLICATION_SECONDS = 0.3
"""Seconds that the platforms need for a publication, so that clocks are killed in the middle."""

AT_WORK_SHARE, AT_WORK_WITHIN = 0.7, 3.0
"""The share of machines that die while they handle a form or a delivery, and the seconds within
which one of them has to begin with it."""


@dataclass
class MachineRun:
    """So many posts, of which a share goes through the pages, and so many kills.

    `made` are the posts whose times are set, `at_work` the kills of a web that handled a form or of
    a clock that had claimed something. `tell` is called with a line after each disruption.
    """

    machines: Machines
    server: OwnServer
    size: int
    through_pages: int
    kill_count: int
    rng: random.Random
    made: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    at_work: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    store_faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    journal: Journal = field(default_factory=Journal)
    crews: list[Crew] = field(default_factory=list)
    is_over: Callable[[], bool] = lambda: False
    tell: Callable[[str], None] = lambda _line: None
    has_failed: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _database: Lock = field(default_factory=Lock)

    def run(self) -> None:
        """Bring all posts on their way while machines die; then let the clocks finish."""
        began = time.monotonic()
        webs = [web.url for web in self.machines.webs]
        self.crews = crews(self.machines.installation.town, webs, self.journal)
        opened = [crew.open_form(0) for crew in self.crews]
        self.machines.installation.slow_publications(PUBLICATION_SECONDS)
        with ThreadPoolExecutor(len(self.crews) + 2) as pool:
            tasks = [pool.submit(self._bring_posts, crew) for crew in self.crews]
            tasks += [pool.submit(self._add_posts), pool.submit(self._disrupt)]
            for task in tasks:
                task.add_done_callback(self._stop_after_failure)
            for task in tasks:
                task.result()
        for crew, form in zip(self.crews, opened, strict=True):
            crew.send_form(*form)
        self._finish()
        self.seconds = round(time.monotonic() - began, 1)

    def _stop_after_failure(self, task: Future[None]) -> None:
        self.has_failed = self.has_failed or task.exception() is not None

    def _is_stopped(self) -> bool:
        """Return whether no more posts are made: a part has failed, or the time is over."""
        return self.has_failed or self.is_over()

    def _finish(self) -> None:
        self.machines.line.line.mend()
        installation = self.machines.installation
        if not poll(lambda: installation.waiting_count() == 0, within=4 * TIMEOUT):
            raise AssertionError(f"these deliveries wait:\n{installation.describe_waiting()}")
        assert not (ended := self.machines.ended_by_themselves()), ended

    # Posts

    def _bring_posts(self, crew: Crew) -> None:
        """Bring posts through the pages until there are enough."""
        while not self._is_stopped() and (number := next(self._numbers)) <= self.through_pages:
            crew.bring_post(number)
            self.made["pages"] += 1

    def _add_posts(self) -> None:
        """Add the other posts by the use cases, in step with the pages."""
        total = self.size - self.through_pages
        for number in range(total):
            while number * self.through_pages > (self.made["pages"] + 1) * total:
                time.sleep(0.02)
                if self._is_stopped():
                    return
            if self._is_stopped():
                return
            picture = PictureDraft("पाण्याची टाकी", content=new_picture(), name="tank.jpg")
            with self._database:
                self.machines.installation.add_posts(
                    1,
                    on=[PLATFORMS[number % 2]],
                    pictures=(picture,),
                    languages=(Language.MARATHI,),
                )
            self.made["use cases"] += 1

    # Disruptions

    def _disrupt(self) -> None:
        """Kill webs and clocks, and disturb PostgreSQL and the store, evenly over all posts."""
        kinds = [(WEB, CLOCK)[number % 2] for number in range(self.kill_count)]
        kinds += [RESTART] * RESTARTS + [*STORE_FAULTS] * DISTURBED
        self.rng.shuffle(kinds)
        for number, kind in enumerate(kinds, start=1):
            while self.made.total() < self.size * number // (len(kinds) + 1):
                if self._is_stopped():
                    return
                time.sleep(0.01)
            time.sleep(self.rng.uniform(0, 0.3))
            if kind == RESTART:
                self._restart_server()
            elif kind in STORE_FAULTS:
                self.machines.line.disturb(kind, self.rng)
                self.store_faults[kind] += 1
            else:
                self._kill(kind)
            self.tell(
                f"{number} of {len(kinds)}: {kind}, {self.made.total()} of {self.size} posts made"
            )

    def _kill(self, kind: str) -> None:
        """Kill a machine of this kind, and start it again."""
        machines = self.machines.webs if kind == WEB else self.machines.clocks
        machine = self.rng.choice(machines)
        if self.rng.random() < AT_WORK_SHARE:
            machine = self._wait_for_work(machines) or machine
        self.at_work[kind] += self._is_at_work(machine)
        machine.kill()
        self.kills[kind] += 1
        self.machines.start(machine)

    def _wait_for_work(self, machines: list[Machine]) -> Machine | None:
        """Return a machine that handles a form or a delivery, or None if there is none for long."""
        deadline = time.monotonic() + AT_WORK_WITHIN
        while time.monotonic() < deadline:
            if busy := [machine for machine in machines if self._is_at_work(machine)]:
                return self.rng.choice(busy)
            time.sleep(0.005)
        return None

    def _is_at_work(self, machine: Machine) -> bool:
        if machine.is_web:
            return any(
                visitor.busy_at == machine.url for crew in self.crews for visitor in crew.visitors
            )
        assert machine.process is not None
        with self._database:
            return self.machines.installation.claimed_count(machine.process) > 0

    def _restart_server(self) -> None:
        """Stop PostgreSQL as in a crash, and start it again after a moment."""
        with self._database:
            self.server.stop()
            time.sleep(self.rng.uniform(0, 1))
            self.server.start_again()
            self.machines.installation.reconnect()
        self.restarts += 1
