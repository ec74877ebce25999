"""Tests of the approval rules."""

from __future__ import annotations
