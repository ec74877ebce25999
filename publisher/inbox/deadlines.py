"""Deadlines for assigning and for answering a comment."""

from __future__ import annotations

from datetime import datetime

from publisher import working_time

ANSWER_WITHIN = 3
"""Working days."""

ASSIGN_WITHIN = 4.0
"""Working hours."""


def answer_by(received_at: datetime) -> datetime:
    """Return when an answer is due, counted from when the citizen wrote."""
    return working_time.add_working_days(received_at, ANSWER_WITHIN)


def assign_by(received_at: datetime) -> datetime:
    """Return when the cell has to have assigned the comment to a department."""
    return working_time.add_working_hours(received_at, ASSIGN_WITHIN)
