"""Conversion of rows to JSON lines and back, independent of the database system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Date, Enum, Table

from publisher.database.session import UtcDateTime


def encode_row(row: Mapping[str, Any]) -> str:
    """Return the row as a JSON line; times are ISO 8601 in UTC."""
    return json.dumps(
        {name: _plain(value) for name, value in row.items()},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def decode_row(table: Table, line: str) -> dict[str, Any]:
    """Return the row of a JSON line with the types of the table's columns."""
    return {name: _rich(table.c[name], value) for name, value in json.loads(line).items()}


def _rich(column: Column[Any], value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    if value is None or isinstance(column.type, JSON):
        return value
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return column.type.enum_class(value)
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value


def columns_to_itself(table: Table) -> list[str]:
    """Return the columns that refer to other rows of the same table."""
    return [
        column.name
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]
