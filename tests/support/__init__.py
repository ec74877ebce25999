"""What tests lean on: runs, databases, started commands, a browser, a mail server."""

from __future__ import annotations
