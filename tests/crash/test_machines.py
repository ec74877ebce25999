"""Several machines on one database and one store: any of them dies, and nothing else does."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.crash.clock_installation import open_installation
from tests.crash.fork_server import ForkingStarter
from tests.crash.machine_run import MachineRun
from tests.crash.machine_verdict import judge_machines
from tests.crash.machines import TIMINGS, running_machines
from tests.crash.servers import own_server
from tests.support.object_store import start_object_store
from tests.support.runs import Run

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]


def test_a_short_run(forking_starter: ForkingStarter, run: Run, tmp_path: Path) -> None:
    with (
        own_server(run) as server,
        open_installation(
            forking_starter, server.url(server.create()), tmp_path, timings=TIMINGS
        ) as installation,
        running_machines(installation, start_object_store(forking_starter)) as machines,
    ):
        machine_run = MachineRun(
            machines, server, size=200, through_pages=30, kill_count=6, rng=random.Random(18)
        )
        machine_run.run()
        verdict = judge_machines(machine_run)
        sys.stderr.write(
            f"{machine_run.made} {machine_run.kills} {machine_run.at_work} {machine_run.restarts} {machine_run.seconds} {machine_run.journal}\n{verdict}\n"
        )
        assert verdict.is_clean
