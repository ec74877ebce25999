"""Seeding the demo city: its people and accounts, then its past, played by the use cases."""

from __future__ import annotations

from demo.seeding.founding import DemoAccount, found
from demo.seeding.mark import Mark
from demo.seeding.playing import play
from demo.seeding.script import Script

__all__ = ["DemoAccount", "Mark", "Script", "found", "play"]
