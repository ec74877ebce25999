"""Tolerant access to JSON: a value of an unexpected type counts as missing."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime

Json = dict[str, object]


def find_value(value: object, *path: str) -> object:
    """Return the value at this path of keys; None if a step is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str) -> str:
    """Return the text (or number, as text) at this path; empty if there is none."""
    text = find_value(value, *path)
    if isinstance(text, bool) or not isinstance(text, str | int):
        return ""
    return str(text)


def rows_at(value: object, *path: str) -> list[Json]:
    """Return the objects in the list at this path; empty if there is none."""
    rows = find_value(value, *path)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def number_at(value: object, *path: str) -> int | None:
    """Return the integer at this path; None if there is none."""
    number = find_value(value, *path)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def moment_at(value: object, *path: str) -> datetime | None:
    """Return the time at this path, in UTC; None if there is none that can be parsed."""
    try:
        moment = datetime.fromisoformat(text_at(value, *path))
    except ValueError:
        return None
    # In the first and last year a time in another zone may be out of the range of `datetime`.
    if not MINYEAR < moment.year < MAXYEAR:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
