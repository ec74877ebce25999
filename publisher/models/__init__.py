"""The nouns of the house: one module of tables for each group."""

from __future__ import annotations

from publisher.models import (
    accounts,
    calendar,
    clocks,
    comments,
    content,
    deliveries,
    departments,
    drafting,
    emergency,
    gate,
    history,
    intake,
    lists,
    notices,
    people,
    press,
    warnings,
    watching,
)

__all__ = [
    "accounts",
    "calendar",
    "clocks",
    "comments",
    "content",
    "deliveries",
    "departments",
    "drafting",
    "emergency",
    "gate",
    "history",
    "intake",
    "lists",
    "notices",
    "people",
    "press",
    "warnings",
    "watching",
]
