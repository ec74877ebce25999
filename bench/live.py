"""Measure what open tabs cost that ask by themselves whether something has changed.

A hundred visible tabs ask every ten seconds, four hundred hidden ones every minute, each with a
session of its own, over HTTP, to the server as it runs in production. The processor time is that of
the server's processes and of PostgreSQL. In every second round a comment arrives each minute, of
which the cell and the department's people are told.
"""

from __future__ import annotations

import heapq
import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from bench import cost
from bench.databases import Kind, folder_of
from bench.figures import Figure, PartResult, at_most, without_target
from bench.setup import BenchSetup, say, wait
from bench.town import SECRET
from publisher.database.session import Database
from publisher.now import now
from tests.support.city import City, city
from tests.support.passwords import PASSWORD, give_password, session_token
from tests.support.processes import RunningCommand, free_port
from web.core.auth import SESSION_KEY

VISIBLE, HIDDEN = 100, 400
EVERY, EVERY_HIDDEN = 10.0, 60.0
"""Seconds between two questions of a tab."""

MOST = 10
"""Per cent of one core, at most."""

ROUNDS, ROUND = 2, 60.0
"""The rounds with changes and without, and the seconds of each."""

READERS = ("first", "clerk", "lead", "head", "member", "road_officer", "health_head", "second")
DATABASES: dict[Kind, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass
class Tab:
    """An open tab: its connection, its cookie, its mark, and the seconds between its questions."""

    connection: http.client.HTTPConnection
    cookie: str
    every: float
    mark: str = ""

    def ask(self) -> int:
        """Ask what has changed; return the status code. Raises `RuntimeError` for a refusal."""
        try:
            return self._ask()
        except (http.client.HTTPException, OSError):  # it was idle for so long that it was closed
            self.connection.close()
            return self._ask()

    def _ask(self) -> int:
        self.connection.request(
            "GET", f"/changes?mark={self.mark}", headers={"Cookie": self.cookie}
        )
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status == 200:
            self.mark = json.loads(content)["mark"]
        elif answer.status != 204:
            raise RuntimeError(f"/changes answered {answer.status}")
        return answer.status


def measure(setup: BenchSetup) -> PartResult:
    """Measure both databases so many rounds each: while nothing changes, and with changes."""
    raw: dict[str, list[float]] = {}
    figures: list[Figure] = []
    for kind, name in DATABASES.items():
        with setup.databases.new(kind) as database:
            town = city(database, folder_of(database, setup.run))
            quiet, busy = _shares(setup, town)
        label = f"{VISIBLE} visible and {HIDDEN} hidden tabs on {name}"
        raw |= {f"{label}, % of one core": quiet, f"{label}, a change a minute": busy}
        figures.append(at_most(f"{label}, % of one core", median(quiet), MOST))
        figures.append(without_target(f"{label}, with a change a minute", median(busy)))
    return PartResult(figures, raw)


def _shares(setup: BenchSetup, town: City) -> tuple[list[float], list[float]]:
    """Return the per cent of one core in each round, without changes and with them."""
    town.clock.at = now()
    live = town.live()[0]
    port = free_port()
    server = setup.start.nagarvani(
        "web", "--port", str(port), environment=_environment(town.database, setup)
    )
    wait(lambda: _answers(port), "the server")
    tabs = _open_tabs(town, port)
    shares: list[float] = []
    for number in range(2 * setup.runs + 2):
        before, began = _spent(setup, server), time.monotonic()
        if number % 2:
            town.comment(under=live)
        answers = _ask_in_turns(tabs)
        shares.append((_spent(setup, server) - before) / (time.monotonic() - began) * 100)
        say(f"{shares[-1]:.1f} % of one core, {dict(answers)}")
    server.stop()
    return shares[2::2], shares[3::2]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environment(database: Database, setup: BenchSetup) -> dict[str, str]:
    return {
        "NAGARVANI_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "NAGARVANI_MEDIA_DIR": str(folder_of(database, setup.run)),
        "NAGARVANI_SECRET_KEY": SECRET,
    }


def _spent(setup: BenchSetup, server: RunningCommand) -> float:
    return cost.spent(server.session()) + setup.databases.spent()


def _open_tabs(town: City, port: int) -> list[Tab]:
    """Sign in once for each tab, and ask once for its first mark."""
    for name in READERS:
        give_password(town, name, PASSWORD)
    tabs = []
    for number in range(VISIBLE + HIDDEN):
        cookie = session_cookie(town, READERS[number % len(READERS)])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        tabs.append(Tab(connection, cookie, EVERY if number < VISIBLE else EVERY_HIDDEN))
    return tabs


def session_cookie(town: City, name: str) -> str:
    """Sign this person of the city in, and return the cookie that a browser sends."""
    app = Flask("bench")
    app.secret_key = SECRET
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    token = session_token(town, name, PASSWORD)
    return f"__Host-nagarvani={signer.dumps({SESSION_KEY: token})}"


def _ask_in_turns(tabs: Sequence[Tab]) -> Counter[int]:
    """Let each tab ask at its times for a round; return how often each status code came."""
    answers: Counter[int] = Counter()
    began = time.monotonic()
    due = [(began + at / len(tabs) * tab.every, at) for at, tab in enumerate(tabs)]
    heapq.heapify(due)
    while due[0][0] < began + ROUND:
        at, number = heapq.heappop(due)
        time.sleep(max(0.0, at - time.monotonic()))
        answers[tabs[number].ask()] += 1
        heapq.heappush(due, (at + tabs[number].every, number))
    return answers
