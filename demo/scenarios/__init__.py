"""Rehearsals for trainers: what is played in each, and where each stands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.seeding.script import Script


class Scenario(StrEnum):
    """The scenarios by their names, which are also the names of their folders."""

    MONSOON = "monsoon"
    NOON = "noon"
    LAG = "lag"


def script_of(scenario: Scenario) -> Script:
    """What is played in it."""
    from demo.scenarios import monsoon, troubles

    scripts = {
        Scenario.MONSOON: monsoon.script,
        Scenario.NOON: troubles.noon,
        Scenario.LAG: troubles.lag,
    }
    return scripts[scenario]()
