"""Known weaknesses of packages are one line of the continuous integration, and never its end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools import audit, commands
from tools.environment import ROOT


def test_each_package_with_a_weakness_is_named_with_what_mends_it() -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"], "aliases": []}
    unmended = {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": []}
    packages = [
        {"name": "sound", "version": "3", "vulns": []},
        {"name": "weak", "version": "1.0", "vulns": [known, unmended]},
        {"name": "unknown", "skip_reason": "not on the index"},
    ]
    skipped = "; not looked for: 1 packages"
    assert audit.summary({"dependencies": packages}) == (
        "weak 1.0 PYSEC-2026-1 (mended in 1.1 or 2.0), PYSEC-2026-2 (mended in no version)"
        + skipped,
        audit.WEAK,
    )
    assert audit.summary({"dependencies": packages[:1]}) == ("none of 1 packages", audit.SOUND)
    sound = audit.summary({"dependencies": [packages[0], packages[2]]})
    assert sound == (f"none of 1 packages{skipped}", audit.SOUND)


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_an_audit_that_saw_less_than_half_fails_and_says_so(skipped: int) -> None:
    packages: list[dict[str, object]] = [{"name": "unknown", "skip_reason": "not on the index"}]
    packages *= skipped
    packages += [{"name": "sound", "version": "3", "vulns": []}] * (skipped // 2)
    line, code = audit.summary({"dependencies": packages})
    assert line.startswith("not looked for")
    assert code == audit.BLIND


@pytest.mark.proof
def test_without_the_package_index_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert audit.audit() == (audit.NOT_LOOKED_FOR, audit.BLIND)
    call = [sys.executable, "-m", "tools.audit"]
    assert subprocess.run(call, cwd=ROOT, check=False).returncode == audit.BLIND
    assert subprocess.run([*call, "--report"], cwd=ROOT, check=False).returncode == 0


def test_only_the_continuous_integration_looks_for_them() -> None:
    assert [*commands.AUDIT.values()] == [["python", "-m", "tools.audit", "--report"]]
    assert not commands.AUDIT.keys() & commands.CHECKS.keys()
