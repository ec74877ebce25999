"""Known weaknesses of packages are one line of the continuous integration, and never its end."""

from __future__ import annotations

import pytest

from tools import audit, commands


def test_each_package_with_a_weakness_is_named_with_what_mends_it() -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"], "aliases": []}
    unmended = {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": []}
    packages = [
        {"name": "sound", "version": "3", "vulns": []},
        {"name": "weak", "version": "1.0", "vulns": [known, unmended]},
        {"name": "unknown", "skip_reason": "not on the index"},
    ]
    assert audit.summary({"dependencies": packages}) == (
        "weak 1.0 PYSEC-2026-1 (mended in 1.1 or 2.0), PYSEC-2026-2 (mended in no version)"
    )
    assert audit.summary({"dependencies": packages[:1]}) == "none of 1 packages"


@pytest.mark.proof
def test_without_the_package_index_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert audit.report() == audit.NOT_LOOKED_FOR


def test_only_the_continuous_integration_looks_for_them() -> None:
    assert [*commands.AUDIT.values()] == [["python", "-m", "tools.audit"]]
    assert not commands.AUDIT.keys() & commands.CHECKS.keys()
