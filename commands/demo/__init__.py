"""`nagarvani demo`: sandbox, web and clock in one terminal, with an invented city."""

from __future__ import annotations

from commands.demo.running import run

__all__ = ["run"]
