"""Seeding the demo city: its people and accounts, then its past, played by the use cases."""

from __future__ import annotations

from publisher.demo.seeding.founding import DemoAccount, found
from publisher.demo.seeding.mark import Mark
from publisher.demo.seeding.playing import play
from publisher.demo.seeding.script import Script

__all__ = ["DemoAccount", "Mark", "Script", "found", "play"]
