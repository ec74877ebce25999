from __future__ import annotations

from tests.support.fixtures import city, session

__all__ = ["city", "session"]
