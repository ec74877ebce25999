"""Helpers of the tests: runs, databases, commands in the background, a browser, a mail server."""

from __future__ import annotations
