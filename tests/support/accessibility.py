"""What axe finds on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {"resultTypes": ["violations", "incomplete"]}


@dataclass(frozen=True)
class Finding:
    """One rule of axe and the places it speaks of."""

    rule: str
    impact: str
    says: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.says}: {'; '.join(self.places)}"


@dataclass(frozen=True)
class Findings:
    """What is wrong, and what axe could not decide by itself."""

    violations: tuple[Finding, ...]
    incompletes: tuple[Finding, ...]


def examine(page: Page) -> Findings:
    """Run axe on the page as it stands."""
    response = Axe().run(page, options=OPTIONS).response
    return Findings(_read(response["violations"]), _read(response["incomplete"]))


def _read(violations: Sequence[dict[str, object]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=str(violation["id"]),
            impact=str(violation["impact"]),
            says=str(violation["help"]),
            places=_places(violation["nodes"]),
        )
        for violation in violations
    )


def _places(nodes: object) -> tuple[str, ...]:
    if not isinstance(nodes, list):
        return ()
    return tuple(f"{' '.join(map(str, node['target']))} {node['html'][:120]}" for node in nodes)
