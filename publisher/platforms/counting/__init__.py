"""How long X takes a text to be: its weighted count, the same here and in the browser.

Source of the numbers: X's counting of characters, version 3 of its published configuration.
"""

from __future__ import annotations

from publisher.platforms.counting.addresses import extract_urls
from publisher.platforms.counting.weighing import LIMIT, Count, count

__all__ = ["LIMIT", "Count", "count", "extract_urls"]
