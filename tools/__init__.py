"""Setting up a fresh machine, in plain Python: nothing is installed yet when these run."""

from __future__ import annotations
