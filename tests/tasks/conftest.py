from __future__ import annotations

from tests.support.fixtures import town

__all__ = ["town"]
