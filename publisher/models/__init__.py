"""The nouns of the house: one module of tables for each group."""

from __future__ import annotations

from publisher.models import comments, content, deliveries, history, notices, people

__all__ = ["comments", "content", "deliveries", "history", "notices", "people"]
