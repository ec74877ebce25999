"""The commands behind the targets of the Makefile."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import core_seconds, environment, system
from tools.console import UsageError, say, warn
from tools.environment import ROOT, Environment

CACHES = (
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".hypothesis",
    "build",
    "shots",
)
# One worker more than there are cores, for the tests that wait for deadlines and locks.
WORKERS = ["-n", str((os.cpu_count() or 1) + 1)]
# Three workers more for the scenarios in tests/crash, which wait most of the time.
PROOF_WORKERS = ["-n", str((os.cpu_count() or 1) + 3)]
PRODUCT = "pyproject.toml"
OF_RUN = ["--constraint", "requirements/run.txt"]
SANDBOX = [PRODUCT, "--extra", "sandbox"]
LOCKS = {
    "run": [PRODUCT],
    "build": ["--group", "build", *OF_RUN],
    "sandbox": [*SANDBOX, *OF_RUN],
    "audit": ["--group", "audit"],
    "sbom": ["--group", "sbom"],
    "test": [*SANDBOX, "--group", "test"],
    "bench": [*SANDBOX, "--group", "bench", "--constraint", "requirements/test.txt"],
}
"""The lock files, each with what is locked: the product's own packages, or those of a group."""

CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "import layers": ["lint-imports", "--no-logo"],
    "dependencies": ["deptry", ".", "--no-ansi"],
    "mypy": ["mypy"],
}
# The bytecode that pytest keeps of the tests is written beside mypy, which uses one core only.
COLLECTION = {"tests found": ["pytest", "--collect-only", "--quiet", "-m", ""]}

# A report, which never fails: it asks the package index, where there is a network.
AUDIT = {"known weaknesses": ["python", "-m", "tools.audit", "--report"]}


def demo(options: argparse.Namespace) -> int:
    """Set up and become the demo; returns only if a step fails."""
    for package in system.missing([system.FRIBIDI]):
        warn(package.sentence)
    python_environment = environment.chosen()
    python_environment.ensure("sandbox")
    _make_files(python_environment)
    call = [str(python_environment.program("nagarvani")), "demo"]
    call += ["--port", options.port] if options.port else []
    call += ["--fresh"] if options.fresh else []
    return _replace_process(call)


def test(options: argparse.Namespace) -> int:
    """Set up, check, and run the tests of a few minutes."""
    python_environment = _ready_for_tests(browser=False)
    call = _pytest_call(python_environment, [*WORKERS, *options.arguments])
    return _run_counted("test", python_environment, CHECKS, [call], options)


def ci(options: argparse.Namespace) -> int:
    """Set up, check, and run the tests with those marked `ci`, in one run of pytest."""
    python_environment = _ready_for_tests()
    arguments = [*PROOF_WORKERS, "-m", "not proof", *options.arguments]
    call = _pytest_call(python_environment, arguments)
    return _run_counted("ci", python_environment, {**CHECKS, **AUDIT}, [call], options)


def proof(options: argparse.Namespace) -> int:
    """Set up, and run all tests that `ci` leaves out, then the planted bugs.

    With arguments, run the long tests that they choose, also those that are part of `ci`.
    """
    python_environment = _ready_for_tests()
    mark = "proof or ci" if options.arguments else "proof"
    call = _pytest_call(python_environment, [*PROOF_WORKERS, "-m", mark, *options.arguments])
    calls = [call] if options.arguments else [call, _mutants_call(python_environment)]
    return _run_counted("proof", python_environment, {}, calls, options)


def crash(options: argparse.Namespace) -> int:
    """Set up and become the crash tests, or with `--long` the endless ones."""
    python_environment = _ready_for_tests()
    if options.long:
        named = ["--only", options.only] if options.only else []
        return _replace_process(
            [str(python_environment.python), "-m", "tests.crash", *named, *options.arguments]
        )
    named = ["-k", options.only] if options.only else []
    return _replace_by_pytest(
        python_environment, [*PROOF_WORKERS, "-m", "", "tests/crash", *named, *options.arguments]
    )


def mutants(options: argparse.Namespace) -> int:
    """Set up and become the planted bugs."""
    return _replace_process([*_mutants_call(_ready_for_tests()), *options.arguments])


def bench(options: argparse.Namespace) -> int:
    """Set up and become the benchmarks: all of them, or the one that is named."""
    python_environment = _ready_for_tests("bench")
    if missing := system.try_to_bring([system.REDIS]):
        warn(missing)
    named = [options.only] if options.only else []
    return _replace_process(
        [str(python_environment.python), "-m", "bench", *named, *options.arguments]
    )


def figures(options: argparse.Namespace) -> int:
    """Become the figures, which need nothing but Python itself."""
    return _replace_process([sys.executable, "-m", "tools.figures", *options.arguments])


def audit(_options: argparse.Namespace) -> int:
    """Become the search for known weaknesses, which needs nothing but Python itself."""
    return _replace_process([sys.executable, "-m", "tools.audit"])


def sbom(_options: argparse.Namespace) -> int:
    """Become the writing of what the wheel is made of."""
    return _replace_process([sys.executable, "-m", "tools.sbom"])


def release(_options: argparse.Namespace) -> int:
    """Become the writing of the archive that a city installs from."""
    return _replace_process([sys.executable, "-m", "tools.release"])


def lint(_options: argparse.Namespace) -> int:
    """Check style, types and layers."""
    python_environment = environment.chosen()
    python_environment.ensure("test")
    if failed := run_checks(python_environment, CHECKS):
        raise UsageError(f"{', '.join(failed)} failed.")
    return 0


def fmt(_options: argparse.Namespace) -> int:
    """Format the code, and fix what ruff can fix."""
    python_environment = environment.chosen()
    python_environment.ensure("test")
    calls = (["check", "--fix", "--quiet"], ["format"])
    return max(_call([str(python_environment.program("ruff")), *call]) for call in calls)


def lock(options: argparse.Namespace) -> int:
    """Rewrite the lock files, in a temporary virtual environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        _run_checked([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "uv"])
        for name, sources in LOCKS.items():
            call = _compile_call(name, sources, upgrade=options.upgrade)
            _run_checked([f"{folder}/bin/uv", *call])
    return 0


def shots(_options: argparse.Namespace) -> int:
    """Take a picture of every page."""
    return _replace_by_pytest(
        _ready_for_tests(), [*WORKERS, "-q", "-m", "browser", "--shots", "shots"]
    )


def clean(_options: argparse.Namespace) -> int:
    """Remove caches and built files."""
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in [*ROOT.glob("*.egg-info"), *_own_bytecode()]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run_checks(python_environment: Environment, checks: Mapping[str, Sequence[str]]) -> list[str]:
    """Run checks side by side; return the names of those that failed.

    All output of a failed check is printed, and the last line of one that passed.
    """
    processes = {
        name: _start([str(python_environment.program(program)), *arguments])
        for name, (program, *arguments) in checks.items()
    }
    failed = []
    for name, process in processes.items():
        output = process.communicate()[0].strip()
        if process.returncode:
            failed.append(name)
        else:
            output = output.rpartition("\n")[2]
        say(f"{name}: {output}")
    return failed


def _ready_for_tests(lock: str = "test", *, browser: bool = True) -> Environment:
    if browser and system.missing([system.CHROME]):
        system.try_to_bring([system.HEADLESS_SHELL])
    if browser:
        _bring_servers()
    system.bring([system.FRIBIDI, *([system.CHROME] if browser else [])])
    python_environment = environment.chosen()
    python_environment.ensure(lock)
    _make_files(python_environment)
    # Without bytecode, each process that a test starts would compile the whole product.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return python_environment


def _bring_servers() -> None:
    """Install the servers of tests in the continuous integration; elsewhere say what is missing."""
    # Their packages start servers of the machine, which nobody at a desk has asked for.
    if os.environ.get("CI"):
        system.try_to_bring(system.SERVERS)
    for package in system.missing(system.SERVERS):
        warn(package.sentence)


def _run_counted(
    target: str,
    python_environment: Environment,
    checks: Mapping[str, Sequence[str]],
    calls: Sequence[Sequence[str]],
    options: argparse.Namespace,
) -> int:
    """Run checks, then commands; a whole run also fails by what it costs (`tools/ceilings.toml`).

    Raises `UsageError` before the tests unless style, types, layers and dependencies are right.
    """
    before = core_seconds.used()
    if checks and (failed := run_checks(python_environment, {**checks, **COLLECTION})):
        raise UsageError(f"Stopped before the tests: {', '.join(failed)} failed.")
    say("\n== tests")
    exit_codes = [core_seconds.run(call) for call in calls]
    is_cheap, sentence = core_seconds.verdict(target, core_seconds.used() - before)
    if options.arguments:  # a part of the tests, or more than their share: no ceiling holds
        return max(exit_codes)
    say(sentence)
    return max(*exit_codes, 0 if is_cheap else 1)


def _pytest_call(python_environment: Environment, arguments: Sequence[str]) -> list[str]:
    return [str(python_environment.python), "-m", "pytest", *arguments]


def _mutants_call(python_environment: Environment) -> list[str]:
    return [str(python_environment.python), "-m", "tests.mutants"]


def _make_files(python_environment: Environment) -> None:
    """Make what the pages need and git does not keep: translations compiled, the web font."""
    _run_checked([str(python_environment.python), "-m", "tools.build_assets"])


def _compile_call(name: str, sources: list[str], *, upgrade: bool) -> list[str]:
    fixed = ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
    silent = ["--no-emit-index-url", "--no-emit-find-links"]
    newest = ["--upgrade"] if upgrade else []
    target = ["-o", f"requirements/{name}.txt"]
    return ["pip", "compile", *fixed, *silent, *newest, *sources, *target]


def _own_bytecode() -> list[Path]:
    folders = [entry for entry in ROOT.iterdir() if entry.is_dir() and entry.name[0] != "."]
    return [cache for folder in folders for cache in folder.rglob("__pycache__")]


def _call(call: Sequence[str]) -> int:
    return subprocess.run(call, cwd=ROOT, check=False).returncode


def _start(call: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _run_checked(call: Sequence[str]) -> None:
    if _call(call):
        raise UsageError(
            f"{Path(call[0]).name} {' '.join(call[1:3])} failed; what it said stands above."
        )


def _replace_by_pytest(python_environment: Environment, arguments: list[str]) -> int:
    return _replace_process(_pytest_call(python_environment, arguments))


def _replace_process(call: list[str]) -> int:
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(call[0], call)


def run(arguments: Sequence[str]) -> int:
    """Run one target; returns the exit code."""
    options, rest = _parser().parse_known_args(arguments)
    options.arguments = rest
    try:
        return int(options.carry_out(options))
    except UsageError as stop:
        warn(str(stop))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make")
    targets = parser.add_subparsers(required=True)
    checks = (test, proof, ci, crash, mutants, bench, figures, lint, audit, sbom, release)
    for carry_out in (demo, *checks, fmt, lock, shots, clean):
        target = targets.add_parser(carry_out.__name__, add_help=False)
        target.set_defaults(carry_out=carry_out)
        if carry_out is demo:
            target.add_argument("--port")
            target.add_argument("--fresh", action="store_true")
        if carry_out is crash:
            target.add_argument("--long", action="store_true")
        if carry_out in (crash, bench):
            target.add_argument("--only")
        if carry_out is lock:
            target.add_argument("--upgrade", action="store_true")
    return parser
