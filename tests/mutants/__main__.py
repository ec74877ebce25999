"""Apply each patch to a copy of the checkout, and see the test that it names fail.

python -m tests.mutants          all of them; the last line reads `caught 12 of 12`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.runs import CHECKOUT
from tools.checkout_copy import copy_checkout

PATCHES = Path(__file__).parent
CAUGHT_BY = "Caught by: "
FAILED = 1
"""The exit code of pytest if tests failed; every other code means that none could run."""


@dataclass(frozen=True)
class Mutant:
    """A planted bug: what it does wrong, and the test that has to notice it."""

    patch: Path
    says: str
    test: str

    @classmethod
    def read(cls, patch: Path) -> Mutant:
        """Read the description and the test from the two lines above the patch."""
        says, test = patch.read_text().splitlines()[:2]
        return cls(patch, says, test.removeprefix(CAUGHT_BY))


def main() -> int:
    """Try every mutant, and return 0 if each was caught."""
    mutants = [Mutant.read(path) for path in sorted(PATCHES.glob("*.patch"))]
    caught = 0
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy"
        copy_checkout(CHECKOUT, copy)
        if not _passes_as_it_is(copy, mutants):
            return 1
        for mutant in mutants:
            is_caught = _is_caught(copy, mutant)
            caught += is_caught
            _say(f"{'caught' if is_caught else 'MISSED'}  {mutant.patch.stem}: {mutant.says}")
    _say(f"caught {caught} of {len(mutants)}")
    return 0 if caught == len(mutants) else 1


def _passes_as_it_is(copy: Path, mutants: list[Mutant]) -> bool:
    """Return whether all tests pass without a bug: otherwise they would catch everything."""
    tests = sorted({mutant.test for mutant in mutants})
    done = _ask(copy, tests)
    if done.returncode:
        _say(done.stdout)
        _say("The tests fail without any planted bug: nothing can be said.")
    return done.returncode == 0


def _is_caught(copy: Path, mutant: Mutant) -> bool:
    _patch(copy, mutant)
    try:
        done = _ask(copy, [mutant.test])
    finally:
        _patch(copy, mutant, "--reverse")
    return done.returncode == FAILED


def _patch(copy: Path, mutant: Mutant, *way: str) -> None:
    subprocess.run(["git", "apply", *way, str(mutant.patch)], cwd=copy, check=True)


def _ask(copy: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", *tests]
    return subprocess.run(call, cwd=copy, check=False, capture_output=True, text=True)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
