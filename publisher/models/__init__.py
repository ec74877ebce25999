"""The nouns of the house: one module of tables for each group."""

from __future__ import annotations

from publisher.models import (
    calendar,
    comments,
    content,
    deliveries,
    departments,
    drafting,
    gate,
    history,
    intake,
    lists,
    notices,
    people,
    warnings,
)

__all__ = [
    "calendar",
    "comments",
    "content",
    "deliveries",
    "departments",
    "drafting",
    "gate",
    "history",
    "intake",
    "lists",
    "notices",
    "people",
    "warnings",
]
