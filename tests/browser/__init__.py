"""The pages in Chromium: every one of them, and the main line as people walk it."""

from __future__ import annotations
