"""`nagarvani rehearse`: practice houses for trainers, started and dropped by one command."""

from __future__ import annotations

from commands.rehearsing.asking import drop, show, start
from commands.rehearsing.running import run
from commands.rehearsing.seeding import seed

__all__ = ["drop", "run", "seed", "show", "start"]
