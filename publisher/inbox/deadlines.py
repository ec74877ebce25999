"""Deadlines for assigning and for answering a comment."""

from __future__ import annotations

from datetime import datetime

from publisher import working_time

ANSWER_WITHIN = 3
"""The working days in which a comment has to be answered."""

ASSIGN_WITHIN = 4.0
"""The working hours in which the cell has to assign a comment."""


def answer_by(received_at: datetime) -> datetime:
    """Return when an answer is due, in working days from this time on."""
    return working_time.add_working_days(received_at, ANSWER_WITHIN)


def assign_by(received_at: datetime) -> datetime:
    """Return when the comment has to be assigned to a department, in working hours from then on."""
    return working_time.add_working_hours(received_at, ASSIGN_WITHIN)
