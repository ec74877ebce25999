from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.processes import RunningCommand, Starter
from tests.support.runs import REGISTRY, Run, is_alive, postmaster_of

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.timeout(300),
]


@pytest.fixture
def registry(run: Run) -> Path:
    """Create a registry for these runs in this run's folder, so that they end with it."""
    folder = Path(tempfile.mkdtemp(dir=run.folder))
    folder.chmod(0o711)  # PostgreSQL runs as another user, who must be able to enter
    return folder


def start_run(
    start: Starter, registry: Path, workers: int, ready: Path | None = None
) -> RunningCommand:
    """Start a small run; with `ready` it waits after everything is started."""
    call = [sys.executable, "-m", "pytest", "tests/house/example_run.py", "-p", "no:cacheprovider"]
    call += ["-m", ""]  # proofs, too: it drives the browser
    call += [] if workers == 0 else ["-n", str(workers)]
    environment = {REGISTRY: str(registry)}
    if ready is not None:
        environment["EXAMPLE_RUN_READY"] = str(ready)
    return start(call, environment=environment, ready=ready, within=60)


def with_descendants(pids: list[int]) -> set[int]:
    """Return these processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (entry / "stat").exists():
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    pids_left, waiting = set(pids), list(pids)
    while waiting:
        below = [pid for pid in children.get(waiting.pop(), []) if pid not in pids_left]
        pids_left.update(below)
        waiting += below
    return pids_left


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.proof), 2])
def test_a_run_killed_midway_leaves_nothing_in_the_way_of_the_next(
    start: Starter, registry: Path, tmp_path: Path, workers: int
) -> None:
    ready = tmp_path / "ready"
    first = start_run(start, registry, workers, ready)
    run = Run(next(registry.iterdir()))
    postmaster, command = postmaster_of(run.folder), int(ready.read_text())
    everybody = with_descendants([*run.processes(), first.pid])
    assert {postmaster, command} <= everybody

    os.kill(first.pid, signal.SIGKILL)
    first.popen.wait(10)
    assert postmaster is not None
    assert is_alive(postmaster), "a killed run left nothing: this test proves nothing"

    second = start_run(start, registry, workers)
    assert second.popen.wait(90) == 0, second.written_output()
    assert "2 passed" in second.written_output()
    assert [pid for pid in everybody if is_alive(pid)] == []
    assert list(registry.iterdir()) == []


def test_a_run_that_is_still_going_is_left_alone(
    start: Starter, registry: Path, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    first = start_run(start, registry, 0, ready)
    second = start_run(start, registry, 0)
    assert second.popen.wait(90) == 0, second.written_output()
    assert first.is_running()
    assert is_alive(int(ready.read_text()))
    first.stop(signal.SIGINT, within=120)
    assert list(registry.iterdir()) == []
