"""Draws changes of the product by a seed and tries whether the tests notice them.

python -m tools.mutator --list changes.json     draws (--seed 12 --count 40), saves and ends
python -m tools.mutator --from changes.json     tries a saved list; without it, draws and tries
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.checkout_copy import copy_checkout
from tools.console import UsageError, say, warn
from tools.environment import ROOT
from tools.mutator.changes import Change
from tools.mutator.draw import all_changes, draw, read_list, save_list
from tools.mutator.results import Results, read_results
from tools.mutator.stages import TestFiles
from tools.mutator.trial import Copy, try_change

SEED = 12
COUNT = 40
MINUTES = 60
INTERRUPTED = 130


def main(arguments: Sequence[str], checkout: Path = ROOT) -> int:
    """Draw or read the changes, and try them; return 1 if one is missed that was caught."""
    options = _parser().parse_args(arguments)
    try:
        return _carry_out(options, checkout)
    except UsageError as stop:
        warn(str(stop))
        return 1
    except KeyboardInterrupt:
        warn(f"Interrupted; what was tried is in {options.results}, the same command goes on.")
        return INTERRUPTED


def _carry_out(options: argparse.Namespace, checkout: Path) -> int:
    changes = _changes(options, checkout)
    if options.list:
        save_list(options.list, changes)
        for number, change in enumerate(changes, 1):
            say(f"{number:3} {change.title}")
        return 0
    results = Results.open(checkout / options.results, changes)
    earlier = read_results(options.compare) if options.compare else None
    if earlier and earlier.changes != results.changes:
        raise UsageError(
            f"{options.compare} holds the results of another list: nothing to compare."
        )
    _try_all(results, checkout, options)
    return _report(results, earlier)


def _changes(options: argparse.Namespace, checkout: Path) -> list[Change]:
    if options.saved:
        return read_list(options.saved, checkout)
    return draw(all_changes(checkout), options.seed, options.count)


def _try_all(results: Results, checkout: Path, options: argparse.Namespace) -> None:
    """Try each change that has no outcome yet, in one copy of the checkout."""
    total, tests = len(results.changes), TestFiles(checkout)
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        copy = Copy(Path(name) / "copy", options.workers)
        copy_checkout(checkout, copy.folder)
        for number, change in enumerate(results.changes):
            if not results.lacks(number, nearest=options.nearest):
                continue
            say(f"{number + 1:3}/{total} {change.title}")
            stages, limit = tests.stages(change), options.minutes * 60
            outcome = try_change(copy, change, stages, limit, nearest=options.nearest)
            results.add(number, outcome)
            by = f" by {outcome.test}" if outcome.test else ""
            say(f"        {outcome.result}{by} ({outcome.seconds} s)")


def _report(results: Results, earlier: Results | None) -> int:
    """List what no test noticed, for a person to judge, and what was caught earlier."""
    for change in results.not_caught():
        say(f"not caught: {change.title}")
    caught_earlier = earlier.caught() if earlier else []
    missed = [change for change in results.not_caught() if change in caught_earlier]
    for change in missed:
        say(f"MISSED, caught earlier: {change.title}")
    timed_out = f", {results.timed_out()} of them by time-out" if results.timed_out() else ""
    say(f"caught {len(results.caught())} of {len(results.changes)}{timed_out}")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--list", type=Path, metavar="FILE", help="save the draw here and end")
    parser.add_argument("--from", dest="saved", type=Path, metavar="FILE", help="a saved draw")
    parser.add_argument("--results", type=Path, metavar="FILE", default=Path("var/mutate.json"))
    parser.add_argument("--compare", type=Path, metavar="FILE", help="results of an earlier run")
    parser.add_argument("--nearest", action="store_true", help="run the nearest tests only")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="the longest for a change")
    parser.add_argument("--workers", type=int, default=2, help="of pytest; 0: in one process")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the tests that run, too
    sys.exit(main(sys.argv[1:]))
