"""The fields of the form that schedules the texts of a post."""

from __future__ import annotations


def time_fields(text_id: int, day: str, clock: str, *, expected: str = "") -> list[tuple[str, str]]:
    """Return the fields of a ticked text; `day` is "day/month/year"."""
    return [
        ("chosen", str(text_id)),
        *((f"text-{text_id}-day", part) for part in day.split("/")),
        (f"text-{text_id}-clock", clock),
        (f"text-{text_id}-expected", expected),
    ]
