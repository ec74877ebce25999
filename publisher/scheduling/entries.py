"""Entries of the calendar: the texts of one post that are published within an hour of the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

Text = TypeVar("Text")
TOGETHER = timedelta(hours=1)


def entries(
    texts: Iterable[Text], place_of: Callable[[Text], tuple[datetime, int]]
) -> list[list[Text]]:
    """Group texts into entries, in order of time.

    `place_of` returns the time and the post's id of a text.
    """
    grouped: list[list[Text]] = []
    newest: dict[int, list[Text]] = {}
    for text in sorted(texts, key=place_of):
        at, post_id = place_of(text)
        entry = newest.get(post_id)
        if entry is None or at - place_of(entry[0])[0] > TOGETHER:
            entry = newest[post_id] = []
            grouped.append(entry)
        entry.append(text)
    return grouped
