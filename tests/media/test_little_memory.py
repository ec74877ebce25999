"""Pictures that do not fit into memory are refused with an error message, of any kind.

One exception no Python code can catch: libheif decodes in threads of its own, and the C library
ends the process if the last memory does not hold the data of a new thread. How much memory that is
depends on the machine, so that few of them show it with the limits of this test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.media.limited_memory import KINDS, MEGABYTES
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

REFUSED = ("too_many_pixels", "truncated")
"""Only WebP and HEIC are refused as `truncated`: their readers do not always give the reason."""

NO_MEMORY_FOR_A_THREAD = {"kind": "HEIF", "outcome": f"died of {127 << 8}"}
"""How such a process ends."""


def test_a_picture_too_large_for_memory_is_refused_without_a_crash() -> None:
    call = [sys.executable, "-m", "tests.media.limited_memory"]
    process = subprocess.run(
        call, cwd=CHECKOUT, env=plain_environment(), capture_output=True, text=True, check=True
    )
    tries = [json.loads(line) for line in process.stdout.splitlines()]
    unexpected = [attempt for attempt in tries if attempt["outcome"] not in ("ok", *REFUSED)]
    assert [
        found for found in unexpected if not found.items() >= NO_MEMORY_FOR_A_THREAD.items()
    ] == []
    assert {attempt["kind"] for attempt in tries if attempt["outcome"] == "truncated"} <= {
        "WEBP",
        "HEIF",
    }
    outcomes = defaultdict(set)
    for attempt in tries:
        outcomes[attempt["kind"]].add(attempt["outcome"])
    assert {kind for kind in KINDS if outcomes[kind] > {"ok"}} == set(KINDS)
    with_most_memory = [attempt for attempt in tries if attempt["megabytes"] == MEGABYTES[-1]]
    assert {run["outcome"] for run in with_most_memory} == {"ok"}
