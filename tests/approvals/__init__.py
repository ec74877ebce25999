"""The rulebook, attacked from outside."""

from __future__ import annotations
