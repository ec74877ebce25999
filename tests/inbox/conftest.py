from __future__ import annotations

from tests.inbox.stubbed_city import stubbed_city
from tests.support.fixtures import town

__all__ = ["stubbed_city", "town"]
