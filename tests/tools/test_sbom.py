"""What the wheel is made of is written as CycloneDX, with every locked package and its hashes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools import sbom
from tools.console import UsageError
from tools.source import read


@pytest.mark.proof
@pytest.mark.timeout(400)
def test_the_document_has_every_package_that_a_house_installs(tmp_path: Path) -> None:
    target = sbom.write(tmp_path / "dist")
    document = json.loads(target.read_text(encoding="utf-8"))
    (version,) = re.findall(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    assert target.name == f"nagarvani-{version}.cdx.json"
    assert document["bomFormat"] == "CycloneDX"
    component = document["metadata"]["component"]
    assert (component["name"], component["version"]) == ("nagarvani", version)
    locked = re.findall(
        r"^([\w.-]+)(?:\[\w,]+)?==([^\s;]+)", read("requirements/run.txt"), re.MULTILINE
    )
    named = {(row["name"], row["version"]) for row in document["components"]}
    assert named == set(locked)
    for row in document["components"]:
        assert row["purl"] == f"pkg:pypi/{row['name']}@{row['version']}"
        assert row["externalReferences"][0]["hashes"], row["name"]


@pytest.mark.proof
def test_without_the_package_index_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(UsageError, match="cyclonedx"):
        sbom.write(tmp_path)
    assert list(tmp_path.iterdir()) == []
