"""The long run: kills without end, on both databases, until it is stopped; it goes on later.

    python -m tests.crash                goes on until the numbers of `WANTED` are reached
    python -m tests.crash --minutes 5    the same, for so long at most
    python -m tests.crash --real         lease, deadline and looks are those of the product
    python -m tests.crash --table        writes the table in docs/reliability.md, and no more

What was counted lies in var/crash/, a line for each finished round. SIGINT and SIGTERM end the
rounds under way: they drain, and are judged and counted; a second one ends at once. What a SIGKILL
interrupts is not counted.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from publisher.database.session import migrate
from tests.crash.goals import IN_EARNEST, SHORTENED, WANTED, Form
from tests.crash.house import House, house
from tests.crash.nursery import Forking, Nursery
from tests.crash.rounds import Round
from tests.crash.servers import OwnServer, own_server
from tests.crash.tallies import KEPT, TABLE, Kept, Tally
from tests.crash.verdict import explain, judge
from tests.support import runs, sqlite

DATABASES = ("postgresql", "sqlite")


@dataclass
class Ending:
    """Whether the run is over: by its time, or because somebody asked, or something went wrong."""

    at: float
    is_requested: bool = False

    def __call__(self) -> bool:
        return self.is_requested or time.monotonic() > self.at

    def ask(self, _number: int, _frame: object) -> None:
        """End the rounds, and then the run; asked twice, end at once."""
        if self.is_requested:
            raise KeyboardInterrupt
        self.is_requested = True


@dataclass
class Lanes:
    """Rounds side by side: each lane plays one after the other until its database had enough."""

    form: Form
    run: runs.Run
    server: OwnServer | None
    records: Kept
    ending: Ending
    is_clean: bool = True
    threads: list[Thread] = field(default_factory=list)

    def go_on(self, kinds: list[str]) -> None:
        """Begin them all, and wait until they have ended."""
        self.threads = [Thread(target=self._lane, args=[kind], daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _lane(self, kind: str) -> None:
        with ExitStack() as otherwise:
            # Whatever goes wrong in one lane ends the others too, and the run has failed.
            otherwise.callback(self._stop)
            while not self.ending() and WANTED[kind].share(self.records.done(kind)) < 1:
                if not self._round(kind):
                    return
            otherwise.pop_all()

    def _stop(self) -> None:
        self.is_clean, self.ending.is_requested = False, True

    def _round(self, kind: str) -> bool:
        """Play one, and count it; false at a broken promise."""
        tally = Tally()
        with self.records.begun(kind, tally):
            self._open(kind, tally)
        self.records.finish(kind, tally)
        _say(kind, tally, self.records.counted(kind))
        return tally.found.is_clean

    def _open(self, kind: str, tally: Tally) -> None:
        own = self.server if kind.startswith("postgresql") else None
        with (
            tempfile.TemporaryDirectory(dir=self.run.folder) as name,
            _database(self.run, own, Path(name)) as url,
        ):
            nursery = Nursery(Path(name))
            starter = Forking(Path(name), nursery=nursery)
            starter.stack.callback(nursery.close)
            with (
                starter.stack,
                house(starter, url, Path(name), pace=self.form.pace) as installation,
            ):
                self._play(kind, installation, own, tally)

    def _play(self, kind: str, installation: House, own: OwnServer | None, tally: Tally) -> None:
        playing = Round(
            *(installation, own, random.Random(time.time_ns()), WANTED[kind]),
            done=lambda: self.records.done(kind),
            tally=tally,
            pause=self.form.pause,
        )
        ends_at = time.monotonic() + self.form.seconds
        try:
            playing.play(is_over=lambda: self.ending() or time.monotonic() > ends_at)
        except AssertionError as problem:
            # What does not come to rest is counted as it stands, and told.
            self.records.tell(kind, str(problem))
            tally.found = judge(installation)
        if not tally.found.is_clean:
            self.records.tell(kind, explain(installation))


def main() -> int:
    """Go on with the long run, or write its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--table", action="store_true", help="write the table, and no more")
    parser.add_argument("--real", action="store_true", help="with the product's own times")
    parser.add_argument("--only", choices=DATABASES, help="one database")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for so long at most")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where the counts lie")
    parser.add_argument("--docs", type=Path, default=TABLE, help="the page with the table")
    options = parser.parse_args()
    records = Kept(options.kept, options.docs)
    if options.table:
        records.write_table()
        return 0
    ending = Ending(time.monotonic() + 60 * options.minutes)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ending.ask)
    form = IN_EARNEST if options.real else SHORTENED
    kinds = [lane for lane in form.lanes if lane.startswith(options.only or "")]
    return 0 if _go_on(form, kinds, records, ending) else 1


def _go_on(form: Form, kinds: list[str], records: Kept, ending: Ending) -> bool:
    """Let these rounds go on side by side; false at a broken promise."""
    run = runs.begin()
    with ExitStack() as stack:
        stack.callback(run.end)
        sqlite.template(run, migrate)  # before the threads: migrations know of none
        needs_server = any(kind.startswith("postgresql") for kind in kinds)
        server = stack.enter_context(own_server(run)) if needs_server else None
        lanes = Lanes(form, run, server, records, ending)
        lanes.go_on(kinds)
    return lanes.is_clean


@contextmanager
def _database(run: runs.Run, server: OwnServer | None, folder: Path) -> Iterator[str]:
    if server is None:
        yield sqlite.copy(sqlite.template(run, migrate), folder / "house.db")
        return
    name = server.create()
    try:
        yield server.url(name)
    finally:
        server.drop(name)


def _say(kind: str, tally: Tally, total: Tally) -> None:
    sys.stdout.write(f"{kind}: {tally}\n  in all {total.kills} kills, {total.found.posts} posts\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
