"""Figures about the source, each with a ceiling that may only fall: `make figures`."""

from __future__ import annotations
