"""The long run: kills clocks on both databases until it is stopped; it can be continued later.

    python -m tests.crash                runs until the numbers of `GOALS` are reached
    python -m tests.crash --minutes 5    runs for at most this long
    python -m tests.crash --real         uses the product's lease, deadline and look-up times
    python -m tests.crash --table        only writes the table in docs/reliability.md
    python -m tests.crash --only machines    three webs and three clocks, 5,000 posts in one go

The counts are stored in var/crash/, a line for each finished round. SIGINT and SIGTERM end the
running rounds, which are judged and counted; a second signal ends the run immediately. Rounds that
are killed are not counted.
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
from tests.crash.clock_installation import ClockInstallation, open_installation
from tests.crash.fork_server import ForkingStarter, ForkServer
from tests.crash.goals import GOALS, REAL_TIMES, SCALED_TIMES, RunMode
from tests.crash.machine_run import MachineRun
from tests.crash.machine_verdict import judge_machines, rows_of, write_table
from tests.crash.machines import running_machines
from tests.crash.rounds import Round
from tests.crash.servers import OwnServer, own_server
from tests.crash.tallies import COUNTS, TABLE, Tally, TallyStore
from tests.crash.verdict import explain, judge
from tests.support import runs, sqlite

DATABASES = ("postgresql", "sqlite")
MACHINES = "machines"
PER_POST_OF_PAGES, PER_KILL = 10, 50
"""Of so many posts one goes through the pages, and after so many a machine is killed."""


@dataclass
class StopCondition:
    """Returns whether the run is over: by its deadline, by a signal, or because a round failed."""

    deadline: float
    is_requested: bool = False

    def __call__(self) -> bool:
        return self.is_requested or time.monotonic() > self.deadline

    def request(self, _number: int, _frame: object) -> None:
        """End the rounds, then the run; if requested twice, end immediately."""
        if self.is_requested:
            raise KeyboardInterrupt
        self.is_requested = True


@dataclass
class ParallelRounds:
    """Runs rounds of each kind in parallel, until the goals of the kind are reached."""

    mode: RunMode
    run: runs.Run
    server: OwnServer | None
    records: TallyStore
    is_over: StopCondition
    is_clean: bool = True
    threads: list[Thread] = field(default_factory=list)

    def run_all(self, kinds: list[str]) -> None:
        """Start a thread for each kind, and wait until all have ended."""
        self.threads = [Thread(target=self._run_rounds, args=[kind], daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _run_rounds(self, kind: str) -> None:
        with ExitStack() as on_failure:
            # If a round fails, the others end too, and the run has failed.
            on_failure.callback(self._stop)
            while not self.is_over() and GOALS[kind].progress(self.records.done(kind)) < 1:
                if not self._count_round(kind):
                    return
            on_failure.pop_all()

    def _stop(self) -> None:
        self.is_clean, self.is_over.is_requested = False, True

    def _count_round(self, kind: str) -> bool:
        """Run a round and count it; return False if its verdict is not clean."""
        tally = Tally()
        with self.records.count_running(kind, tally):
            self._open_installation(kind, tally)
        self.records.finish(kind, tally)
        _print_tally(kind, tally, self.records.counted(kind))
        return tally.found.is_clean

    def _open_installation(self, kind: str, tally: Tally) -> None:
        own = self.server if kind.startswith("postgresql") else None
        with (
            tempfile.TemporaryDirectory(dir=self.run.folder) as name,
            _database(self.run, own, Path(name)) as url,
        ):
            fork_server = ForkServer(Path(name))
            starter = ForkingStarter(Path(name), fork_server=fork_server)
            starter.stack.callback(fork_server.close)
            with (
                starter.stack,
                open_installation(
                    starter, url, Path(name), timings=self.mode.timings
                ) as installation,
            ):
                self._run_round(kind, installation, own, tally)

    def _run_round(
        self, kind: str, installation: ClockInstallation, own: OwnServer | None, tally: Tally
    ) -> None:
        one_round = Round(
            *(installation, own, random.Random(time.time_ns()), GOALS[kind]),
            done=lambda: self.records.done(kind),
            tally=tally,
            pause=self.mode.pause,
        )
        ends_at = time.monotonic() + self.mode.seconds
        try:
            one_round.run(is_over=lambda: self.is_over() or time.monotonic() > ends_at)
        except AssertionError as problem:
            # A round that does not settle is counted as it is, and reported.
            self.records.report(kind, str(problem))
            tally.found = judge(installation)
        if not tally.found.is_clean:
            self.records.report(kind, explain(installation))


def main() -> int:
    """Continue the long run, or write its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--table", action="store_true", help="only write the table")
    parser.add_argument("--real", action="store_true", help="use the product's own times")
    parser.add_argument(
        "--only", choices=(*DATABASES, MACHINES), help="use only this database, or run machines"
    )
    parser.add_argument("--posts", type=int, default=5_000, help="the posts through the machines")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="run for at most this long"
    )
    parser.add_argument("--kept", type=Path, default=COUNTS, help="the folder of the counts")
    parser.add_argument("--docs", type=Path, default=TABLE, help="the page with the table")
    options = parser.parse_args()
    records = TallyStore(options.kept, options.docs)
    if options.table:
        records.write_table()
        return 0
    is_over = StopCondition(time.monotonic() + 60 * options.minutes)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, is_over.request)
    if options.only == MACHINES:
        return 0 if _run_machines(options, is_over) else 1
    mode = REAL_TIMES if options.real else SCALED_TIMES
    kinds = [lane for lane in mode.lanes if lane.startswith(options.only or "")]
    return 0 if _run(mode, kinds, records, is_over) else 1


def _run(mode: RunMode, kinds: list[str], records: TallyStore, is_over: StopCondition) -> bool:
    """Run rounds of these kinds in parallel; return False if a verdict is not clean."""
    run = runs.begin()
    with ExitStack() as stack:
        stack.callback(run.end)
        sqlite.template(
            run, migrate
        )  # before the threads start, since migrations are not thread-safe
        needs_server = any(kind.startswith("postgresql") for kind in kinds)
        server = stack.enter_context(own_server(run)) if needs_server else None
        lanes = ParallelRounds(mode, run, server, records, is_over)
        lanes.run_all(kinds)
    return lanes.is_clean


def _run_machines(options: argparse.Namespace, is_over: StopCondition) -> bool:
    """Bring posts through three webs and three clocks; return False if a verdict is not clean."""
    run = runs.begin()
    with ExitStack() as stack:
        stack.callback(run.end)
        fork_server = ForkServer(run.folder)
        stack.callback(fork_server.close)
        starter = ForkingStarter(run.folder, stack, fork_server=fork_server)
        server = stack.enter_context(own_server(run))
        machines = stack.enter_context(running_machines(starter, server, run.folder))
        machine_run = MachineRun(
            *(machines, server, options.posts),
            through_pages=options.posts // PER_POST_OF_PAGES,
            kill_count=max(6, options.posts // PER_KILL),
            rng=random.Random(time.time_ns()),
            is_over=is_over,
            tell=_print_line,
        )
        machine_run.run()
        judgement = judge_machines(machine_run)
        rows = rows_of(machine_run, judgement)
    write_table(options.docs, options.kept, rows)
    sys.stdout.write("".join(f"{label}: {number:,}\n" for label, number in rows))
    return judgement.is_clean


@contextmanager
def _database(run: runs.Run, server: OwnServer | None, folder: Path) -> Iterator[str]:
    if server is None:
        yield sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db")
        return
    name = server.create()
    try:
        yield server.url(name)
    finally:
        server.drop(name)


def _print_tally(kind: str, tally: Tally, total: Tally) -> None:
    _print_line(f"{kind}: {tally}\n  in all {total.kills} kills, {total.found.posts} posts")


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
