"""Rules for the repository itself, as tests."""

from __future__ import annotations
