"""The long run: kills without end, on both databases, until it is stopped; it goes on later.

    python -m tests.crash                goes on until the numbers of `WANTED` are reached
    python -m tests.crash --minutes 5    the same, for so long at most
    python -m tests.crash --table        writes the table in docs/reliability.md, and no more

What was counted lies in var/crash/, a line for each finished round. SIGINT and SIGTERM end the
round under way: it drains, and is judged and counted; a second one ends at once. What a SIGKILL
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
from dataclasses import dataclass
from pathlib import Path

from publisher.database import migrate
from tests.crash.counting import KEPT, TABLE, WANTED, Kept, Tally
from tests.crash.house import house
from tests.crash.judging import explain, judge
from tests.crash.nursery import Forking, Nursery
from tests.crash.rounds import Round
from tests.crash.servers import OwnServer, own_server
from tests.support import runs, sqlite

KILLS = 80
"""Kills in a round: a minute or two, which is what a SIGKILL of the run can lose."""


@dataclass
class Ending:
    """Whether the run is over: by its time, or because somebody asked."""

    at: float
    asked: bool = False

    def __call__(self) -> bool:
        return self.asked or time.monotonic() > self.at

    def ask(self, _number: int, _frame: object) -> None:
        """End the round, and then the run; asked twice, end at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def main() -> int:
    """Go on with the long run, or write its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--table", action="store_true", help="write the table, and no more")
    parser.add_argument("--only", choices=sorted(WANTED), help="one database")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for so long at most")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where the counts lie")
    parser.add_argument("--docs", type=Path, default=TABLE, help="the page with the table")
    options = parser.parse_args()
    is_clean = True
    if not options.table:
        ending = Ending(time.monotonic() + 60 * options.minutes)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ending.ask)
        kinds = [options.only] if options.only else list(WANTED)
        is_clean = _go_on(kinds, Kept(options.kept, options.docs), ending)
    else:
        Kept(options.kept, options.docs).write_table()
    return 0 if is_clean else 1


def _go_on(kinds: list[str], kept: Kept, ending: Ending) -> bool:
    """Round after round, on the database of which less has been done; false at a broken promise."""
    run = runs.begin()
    with ExitStack() as stack:
        stack.callback(run.end)
        server = stack.enter_context(own_server(run)) if "postgresql" in kinds else None
        while not ending():
            kind = min(kinds, key=kept.share)
            if kept.share(kind) >= 1:
                break
            tally = _round(run, kind, server, ending, kept)
            kept.add(kind, tally)
            kept.write_table()
            _say(kind, tally, kept.counted(kind))
            if not tally.found.is_clean:
                return False
    return True


def _round(run: runs.Run, kind: str, server: OwnServer | None, ending: Ending, kept: Kept) -> Tally:
    own = server if kind == "postgresql" else None
    with (
        tempfile.TemporaryDirectory(dir=run.folder) as name,
        _database(run, own, Path(name)) as url,
    ):
        nursery = Nursery(Path(name))
        starter = Forking(Path(name), nursery=nursery)
        starter.stack.callback(nursery.close)
        with starter.stack, house(starter, url, Path(name)) as standing:
            playing = Round(standing, own, random.Random(time.time_ns()))
            try:
                tally = playing.play(KILLS, is_over=ending)
            except AssertionError as problem:
                # What does not come to rest is counted as it stands, and told.
                kept.tell(kind, str(problem))
                tally = playing.tally
                tally.found = judge(standing)
            if not tally.found.is_clean:
                kept.tell(kind, explain(standing))
            return tally


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
