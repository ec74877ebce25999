"""The last upcoming day that a text names: the end of a window for which nobody set a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from publisher.i18n.dates_in_text import find_dates
from publisher.models.posts import Post
from publisher.models.submissions import SubmissionKind
from publisher.working_time import day_bounds, local_day

# As in "आदेश क्र. साप्रवि/४५ दि. १ डिसेंबर": the date of a document, not of what the text is about.
_DATE_OF_A_PAPER: Final = re.compile(
    r"(?:क्र\.|क्रमांक|आदेश|निर्णय|परिपत्रक|अधिसूचना|ठराव|संख्या|[Nn]o\.|[Oo]rder|[Cc]ircular|[Dd]ated)"
    r"[^।\n]{0,40}$"
)
_LOOK_BACK: Final = 60
_TELL_OF_THE_PAST: Final = frozenset({SubmissionKind.PRESS_NOTE, SubmissionKind.MEASURE})
"""The kinds whose texts name the days of past events, and stay useful after them."""


@dataclass(frozen=True)
class LastDay:
    """A day, and the passage of the text that names it."""

    day: date
    passage: str

    @property
    def ends_at(self) -> datetime:
        """Return the last minute of the day."""
        return day_bounds(self.day)[1] - timedelta(minutes=1)


def find_last_day(post: Post, texts: Iterable[str], *, now: datetime) -> LastDay | None:
    """Return the last upcoming day that a post's texts name; None for texts about the past."""
    if any(submission.kind in _TELL_OF_THE_PAST for submission in post.submissions):
        return None
    today = local_day(now)
    days: list[LastDay] = []
    for text in texts:
        before = 0  # where the previous date ends: a document has one date
        for written in find_dates(text, today=today):
            begins = max(before, written.start - _LOOK_BACK)
            if written.last >= today and not _DATE_OF_A_PAPER.search(text, begins, written.start):
                days.append(LastDay(written.last, text[written.start : written.end].rstrip("., ")))
            before = written.end
    # The last day of a range is named last.
    return max(reversed(days), key=lambda last_day: last_day.day, default=None)
