"""Tests of the pages in Chromium: each page by itself, and whole journeys of several people."""

from __future__ import annotations
