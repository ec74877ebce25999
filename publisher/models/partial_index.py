"""Declare a partial index, for which each of the two databases has its own option."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import InstrumentedAttribute


def partial_index(
    name: str, *columns: str | InstrumentedAttribute[Any], where: str, unique: bool = False
) -> Index:
    """Return an index of the rows that meet the SQL condition `where`."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
