"""By when a comment has to be assigned, and by when it has to be answered."""

from __future__ import annotations

from datetime import datetime

from publisher import working_time

ANSWER_WITHIN = 3
"""Working days."""

ASSIGN_WITHIN = 4.0
"""Working hours."""


def answer_by(received_at: datetime) -> datetime:
    """When an answer is due, counted from when the citizen wrote."""
    return working_time.add_working_days(received_at, ANSWER_WITHIN)


def assign_by(received_at: datetime) -> datetime:
    """When the cell has to have found the department of a comment."""
    return working_time.add_working_hours(received_at, ASSIGN_WITHIN)
