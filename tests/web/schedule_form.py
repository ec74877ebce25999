"""The fields of the form that schedules the texts of a post."""

from __future__ import annotations


def time_fields(text_id: int, day: str, clock: str, *, expected: str = "") -> list[tuple[str, str]]:
    """Return the fields of a ticked text; `day` is "day/month/year", or as people say it."""
    return [
        ("chosen", str(text_id)),
        (f"text-{text_id}-due_at", f"{day} {clock}".strip()),
        (f"text-{text_id}-expected", expected),
    ]
