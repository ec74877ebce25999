"""Builds the package with its translations and fonts; pyproject.toml has all else of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))

from tools.build_assets import make_all


class BuildWithAssets(build_py):  # type: ignore[misc]  # setuptools ships no types
    """Builds what git does not keep, so that nothing is written where the product runs."""

    def run(self) -> None:
        """Make the files, then collect them with all others."""
        make_all()
        if not self.editable_mode:
            # Of an earlier build: a module that is gone since would come into the wheel.
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build_py": BuildWithAssets})
