"""Copies the checkout, so that planted bugs can be tried in the copy."""

from __future__ import annotations

import shutil
from pathlib import Path

LEFT_OUT = (
    *(".git", ".venv*", "var", "shots", "build", "*.egg-info"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis"),
)


def copy_checkout(checkout: Path, target: Path) -> None:
    """Copy the files that the tests need, the compiled translations and the font among them."""
    shutil.copytree(checkout, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
