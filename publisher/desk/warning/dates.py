"""Dates in a text that have passed, that are not the event's, or that bear the wrong weekday."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from publisher.desk.warning.shapes import Known, Place, Text, Warned, WarningCode
from publisher.i18n.dates_in_text import WrittenDate, dates_in

REFERENCE = timedelta(days=400)
"""A date further back is a decision's or a law's; a year written by mistake lies within."""


def passed(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """Dates that will have passed on the first day on which the post can leave."""
    for index, found in _each(texts, known):
        if known.leaves_on - REFERENCE <= found.last < known.leaves_on:
            yield Warned(
                WarningCode.DATE_PASSED, _place(index, found), _values(texts, index, found)
            )


def off_the_event(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """A text with dates of which none is the event's, told at the first that is still to come."""
    if known.event is None:
        return
    first, last = known.event
    for index, text in enumerate(texts):
        dates = dates_in(text.text, today=known.leaves_on)
        if any(one.day <= last and first <= one.last for one in dates):
            continue
        coming = [one for one in dates if one.last >= known.leaves_on] or dates
        for found in coming[:1]:
            values = {**_values(texts, index, found), "event_on": first, "event_until_on": last}
            yield Warned(WarningCode.DATE_DIFFERS, _place(index, found), values)


def weekdays(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """A weekday that is not the one of its date."""
    for index, found in _each(texts, known):
        if found.weekday is not None and found.day.weekday() != found.weekday:
            yield Warned(
                WarningCode.WRONG_WEEKDAY, _place(index, found), _values(texts, index, found)
            )


def _each(texts: Sequence[Text], known: Known) -> Iterator[tuple[int, WrittenDate]]:
    for index, text in enumerate(texts):
        for found in dates_in(text.text, today=known.leaves_on):
            yield index, found


def _place(index: int, found: WrittenDate) -> Place:
    return Place(index, "text", (found.start, found.end))


def _values(texts: Sequence[Text], index: int, found: WrittenDate) -> dict[str, object]:
    return {"written": texts[index].text[found.start : found.end], "day": found.day}
