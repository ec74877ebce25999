"""Reads answers whose shape nobody promises: what is missing or of another kind is just absent."""

from __future__ import annotations

from datetime import UTC, datetime

Json = dict[str, object]


def at(value: object, *path: str) -> object:
    """What stands at this path of names; None where a step is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str) -> str:
    """The text (or number, as text) at this path; empty where there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def rows_at(value: object, *path: str) -> list[Json]:
    """The objects in the list at this path; empty where there is none."""
    found = at(value, *path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def number_at(value: object, *path: str) -> int | None:
    """The whole number at this path, None where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def moment_at(value: object, *path: str) -> datetime | None:
    """The time at this path, in UTC; None where there is none that can be read."""
    try:
        found = datetime.fromisoformat(text_at(value, *path))
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
