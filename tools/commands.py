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

from tools import environment, system
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
    """Set up, check, and become pytest, whose summary is the last line."""
    return _replace_by_pytest(_checked({}, browser=False), [*WORKERS, *options.arguments])


def proof(options: argparse.Namespace) -> int:
    """Set up and become the long tests, which `test` leaves out."""
    return _replace_by_pytest(
        _ready_for_tests(), [*PROOF_WORKERS, "-m", "proof", *options.arguments]
    )


def ci(options: argparse.Namespace) -> int:
    """Set up, check, and become the tests and the proofs in one run of pytest."""
    return _replace_by_pytest(_checked(AUDIT), [*PROOF_WORKERS, "-m", "", *options.arguments])


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
    python_environment = _ready_for_tests()
    return _replace_process(
        [str(python_environment.python), "-m", "tests.mutants", *options.arguments]
    )


def mutate(options: argparse.Namespace) -> int:
    """Set up and try changes that are drawn by a seed."""
    python_environment = _ready_for_tests()
    return _replace_process(
        [str(python_environment.python), "-m", "tools.mutator", *options.arguments]
    )


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


def _checked(reports: Mapping[str, Sequence[str]], *, browser: bool = True) -> Environment:
    """Set up, and stop unless style, types, layers and dependencies are as they should be."""
    python_environment = _ready_for_tests(browser=browser)
    if failed := run_checks(python_environment, {**CHECKS, **COLLECTION, **reports}):
        raise UsageError(f"Stopped before the tests: {', '.join(failed)} failed.")
    say("\n== tests")
    return python_environment


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
    return _replace_process([str(python_environment.python), "-m", "pytest", *arguments])


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
    checks = (test, proof, ci, crash, mutants, mutate, bench, figures, lint, audit, sbom)
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
