"""Pictures that a process has no memory for are refused in words, whatever their kind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.media.in_little_memory import KINDS, MEGABYTES
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

pytestmark = pytest.mark.proof

REFUSED = ("too_many_pixels", "truncated")
"""The second of WebP and HEIC alone, whose readers do not always say why they cannot begin."""


def test_a_picture_too_large_for_memory_is_refused_without_a_crash() -> None:
    call = [sys.executable, "-m", "tests.media.in_little_memory"]
    done = subprocess.run(
        call, cwd=CHECKOUT, env=plain_environment(), capture_output=True, text=True, check=True
    )
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [attempt for attempt in tries if attempt["came"] not in ("ok", *REFUSED)] == []
    assert {attempt["kind"] for attempt in tries if attempt["came"] == "truncated"} <= {
        "WEBP",
        "HEIF",
    }
    came = defaultdict(set)
    for attempt in tries:
        came[attempt["kind"]].add(attempt["came"])
    assert {kind for kind in KINDS if came[kind] > {"ok"}} == set(KINDS)
    roomy = [attempt for attempt in tries if attempt["room"] == MEGABYTES[-1]]
    assert {run["came"] for run in roomy} == {"ok"}
