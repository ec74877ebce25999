"""Note what a transaction has changed, so that it is processed right before the commit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

_KEY: Final = "noted_changes"


@dataclass
class NotedChanges:
    """The ids of changed rows by table, the time of the latest change, and whether a person acted.

    `states` are the states that rows were moved to, by table and id.
    """

    now: datetime
    ids: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    is_by_person: bool = False
    states: dict[tuple[str, int], StrEnum] = field(default_factory=dict)


def note_changed(
    session: Session,
    table: str,
    row_id: int,
    *,
    now: datetime,
    is_by_person: bool,
    state: StrEnum | None = None,
) -> None:
    """Note that a row was changed, or something on which others depend."""
    noted = session.info.setdefault(_KEY, NotedChanges(now))
    noted.now = max(noted.now, now)
    noted.ids[table].add(row_id)
    noted.is_by_person |= is_by_person
    if state is not None:
        noted.states[table, row_id] = state


def take_noted(session: Session) -> NotedChanges | None:
    """Return what was noted since the last call, and forget it; None if nothing was."""
    noted: NotedChanges | None = session.info.pop(_KEY, None)
    return noted
