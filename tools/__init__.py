"""Setting up a fresh machine and measuring the source, in plain Python without packages."""

from __future__ import annotations
