"""Several machines on one database and one store: any of them dies, and nothing else does."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.crash.fork_server import ForkingStarter
from tests.crash.machine_run import DISTURBED, RESTARTS, MachineRun
from tests.crash.machine_verdict import judge_machines, rows_of
from tests.crash.machines import running_machines
from tests.crash.servers import own_server
from tests.crash.store_line import REQUESTS, STORE_FAULTS
from tests.support.runs import Run

pytestmark = [pytest.mark.ci, pytest.mark.timeout(600)]

SIZE, THROUGH_PAGES, KILLS = 200, 30, 6


def test_webs_and_clocks_that_die_lose_nothing_and_do_nothing_twice(
    forking_starter: ForkingStarter, run: Run, tmp_path: Path
) -> None:
    with (
        own_server(run) as server,
        running_machines(forking_starter, server, tmp_path) as machines,
    ):
        machine_run = MachineRun(
            machines, server, SIZE, THROUGH_PAGES, KILLS, rng=random.Random(18)
        )
        machine_run.run()
        judgement = judge_machines(machine_run)
    sys.stderr.write(
        "".join(f"\n{label}: {number}" for label, number in rows_of(machine_run, judgement))
    )
    assert judgement.is_clean, judgement
    assert machine_run.made == {"pages": THROUGH_PAGES, "use cases": SIZE - THROUGH_PAGES}
    assert machine_run.kills == {"web": KILLS // 2, "clock": KILLS // 2}
    assert machine_run.restarts == RESTARTS
    assert machine_run.store_faults == dict.fromkeys(STORE_FAULTS, DISTURBED)
    assert machines.line.line.fault_count >= REQUESTS
    assert judgement.uploads > THROUGH_PAGES, "one for each crew was sent after the last kill"
