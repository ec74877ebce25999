"""Tests of the desk, and the small house that they are set in."""

from __future__ import annotations
