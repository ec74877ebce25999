"""Examines a page with axe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Without `preload`: only rules about films and about turned screens, which axe leaves out, load
# a page's style sheets and films anew.
OPTIONS = {"preload": False, "resultTypes": ["violations", "incomplete"]}
WITHOUT_CONTRAST = {**OPTIONS, "rules": {"color-contrast": {"enabled": False}}}
AXE = Axe()
RUN = "options => axe.run(options).then(({violations, incomplete}) => ({violations, incomplete}))"


@dataclass(frozen=True)
class Finding:
    """A rule of axe and the elements that break it."""

    rule: str
    impact: str
    message: str
    elements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.message}: {'; '.join(self.elements)}"


@dataclass(frozen=True)
class Findings:
    """The violations of a page, and the findings that axe could not decide."""

    violations: tuple[Finding, ...]
    incompletes: tuple[Finding, ...]


def examine(page: Page, *, contrast: bool = True) -> Findings:
    """Run axe on the page as it is shown now; without `contrast` in a third of the time."""
    # The library's own run() sends its half megabyte to the page each time, and gets all back.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    response = page.evaluate(RUN, OPTIONS if contrast else WITHOUT_CONTRAST)
    return Findings(_findings(response["violations"]), _findings(response["incomplete"]))


def _findings(violations: Sequence[dict[str, object]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=str(violation["id"]),
            impact=str(violation["impact"]),
            message=str(violation["help"]),
            elements=_elements(violation["nodes"]),
        )
        for violation in violations
    )


def _elements(nodes: object) -> tuple[str, ...]:
    if not isinstance(nodes, list):
        return ()
    return tuple(f"{' '.join(map(str, node['target']))} {node['html'][:120]}" for node in nodes)
