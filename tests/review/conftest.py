from __future__ import annotations

from tests.support.fixtures import house

__all__ = ["house"]
