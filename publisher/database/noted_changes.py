"""What a transaction has changed, noted so that it is worked on right before the commit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

_KEY: Final = "noted_changes"


@dataclass
class NotedChanges:
    """The ids of changed rows by table, the latest moment of them, and whether a person acted."""

    now: datetime
    ids: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    is_by_person: bool = False


def note_changed(
    session: Session, table: str, row_id: int, *, now: datetime, is_by_person: bool
) -> None:
    """Note that a row was changed, or something on which others depend."""
    noted = session.info.setdefault(_KEY, NotedChanges(now))
    noted.now = max(noted.now, now)
    noted.ids[table].add(row_id)
    noted.is_by_person |= is_by_person


def take_noted(session: Session) -> NotedChanges | None:
    """Return what was noted since the last call, and forget it; None if nothing was."""
    noted: NotedChanges | None = session.info.pop(_KEY, None)
    return noted
