"""Apply each patch to a copy of the checkout, and see the test that it names fail.

python -m tests.mutants          all of them; the last line reads `caught 12 of 12`
python -m tests.mutants 07 31    those whose names begin so

The tests run as `make test` runs them on SQLite, and where the patch says so on PostgreSQL, which
alone has locks of rows: a patch whose test became a proof is missed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.support.runs import CHECKOUT
from tools.checkout_copy import copy_checkout

PATCHES = Path(__file__).parent
CAUGHT_BY = re.compile(r"Caught (on PostgreSQL )?by: ")
FAILED = 1
"""The exit code of pytest if tests failed; every other code means that none could run."""
SIDE_BY_SIDE = 2
ON_SQLITE, ON_POSTGRESQL = "not proof and not postgres", "not proof and postgres"


@dataclass(frozen=True)
class Mutant:
    """A planted bug: what it does wrong, and the test that has to notice it."""

    patch: Path
    says: str
    test: str
    selection: str

    @classmethod
    def read(cls, patch: Path) -> Mutant:
        """Read the description and the test from the two lines above the patch."""
        says, caught_by = patch.read_text().splitlines()[:2]
        selection = ON_POSTGRESQL if "on PostgreSQL" in caught_by else ON_SQLITE
        return cls(patch, says, CAUGHT_BY.sub("", caught_by), selection)


def main(beginnings: Sequence[str]) -> int:
    """Try the mutants, some side by side, and return 0 if each was caught."""
    patches = sorted(PATCHES.glob("*.patch"))
    chosen = [path for path in patches if path.name.startswith(tuple(beginnings or [""]))]
    mutants = [Mutant.read(path) for path in chosen]
    with (
        tempfile.TemporaryDirectory() as name,
        ThreadPoolExecutor(SIDE_BY_SIDE) as threads,
    ):
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(SIDE_BY_SIDE):
            copies.put(copy := Path(name) / f"copy-{number}")
            copy_checkout(CHECKOUT, copy)
        if not _passes_as_it_is(copy, mutants):
            return 1
        caught = sum(threads.map(lambda mutant: _is_caught(copies, mutant), mutants))
    _say(f"caught {caught} of {len(mutants)}")
    return 0 if caught == len(mutants) else 1


def _passes_as_it_is(copy: Path, mutants: list[Mutant]) -> bool:
    """Return whether all tests pass without a bug: otherwise they would catch everything."""
    for selection in (ON_SQLITE, ON_POSTGRESQL):
        tests = sorted({mutant.test for mutant in mutants if mutant.selection == selection})
        done = _ask(copy, tests, selection) if tests else None
        if done is not None and done.returncode:
            _say(done.stdout)
            _say("The tests fail without any planted bug: nothing can be said.")
            return False
    return True


def _is_caught(copies: SimpleQueue[Path], mutant: Mutant) -> bool:
    """Try one mutant in a copy that no other uses meanwhile, and say what became of it."""
    copy = copies.get()
    _patch(copy, mutant)
    try:
        is_caught = _ask(copy, [mutant.test], mutant.selection).returncode == FAILED
    finally:
        _patch(copy, mutant, "--reverse")
        copies.put(copy)
    _say(f"{'caught' if is_caught else 'MISSED'}  {mutant.patch.stem}: {mutant.says}")
    return is_caught


def _patch(copy: Path, mutant: Mutant, *way: str) -> None:
    subprocess.run(["git", "apply", *way, str(mutant.patch)], cwd=copy, check=True)


def _ask(copy: Path, tests: list[str], selection: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pytest", "-q", "-x", "-m", selection, "-p", "no:cacheprovider"]
    return subprocess.run([*call, *tests], cwd=copy, check=False, capture_output=True, text=True)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
