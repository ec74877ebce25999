from __future__ import annotations

from tests.inbox.stubbed_city import stubbed_city
from tests.inbox.told_town import told_town
from tests.support.fixtures import town

__all__ = ["stubbed_city", "told_town", "town"]
