"""Which tasks are open in a city, in words that a test can compare."""

from __future__ import annotations

from sqlalchemy import select

from publisher.models.tasks import Task
from publisher.tasks.check import wrong_tasks
from tests.support.city import City


def open_tasks(town: City, subject: str = "comments") -> list[tuple[str, int, str]]:
    """Return kind, subject and holder of each open task of a table's rows.

    The rows of all tables equal what is worked out anew.
    """
    names = {appointment_id: name for name, appointment_id in town.appointments.items()}
    with town.read() as session:
        assert list(wrong_tasks(session, now=town.now)) == []
        rows = session.scalars(
            select(Task).where(Task.closed_at.is_(None), Task.subject == subject)
        )
        return sorted(
            (row.kind, row.subject_id, row.queue or names[row.appointment_id or 0]) for row in rows
        )


def change_numbers(town: City) -> list[int]:
    """Return the numbers of the changes of the tasks of comments, in their order."""
    with town.read() as session:
        numbers = select(Task.change_id).where(Task.subject == "comments")
        return sorted(session.scalars(numbers))
